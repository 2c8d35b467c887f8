/** ConversionReview (apiextensions.k8s.io): what a conversion webhook is sent, and what its answer means. Pure. */
import { stringifyJson } from '../../kube/exact-json.ts';
import type { Json, KubeObject } from '../../kube/object.ts';
import { decodeReview, gvkText } from '../admission/review-answer.ts';
import type { WebhookAnswer } from '../admission/webhook-client.ts';

/** Those that kube-apiserver speaks. */
export const REVIEW_VERSIONS = ['v1', 'v1beta1'];
const KIND = 'ConversionReview';
const apiVersionOf = (version: string): string => `apiextensions.k8s.io/${version}`;

export const conversionReview = (
  version: string,
  uid: string,
  desiredAPIVersion: string,
  objects: readonly KubeObject[],
): string =>
  stringifyJson({ kind: KIND, apiVersion: apiVersionOf(version), request: { uid, desiredAPIVersion, objects } });

interface ConversionResponse {
  readonly uid?: string;
  readonly result?: { readonly status?: string; readonly message?: string } | null;
  readonly convertedObjects?: readonly Json[] | null;
}

/** The objects of the answer, not yet looked at. Throws Error with upstream's words. */
export function answeredObjects(version: string, uid: string, answer: WebhookAnswer): readonly Json[] {
  const review = decodeReview(answer, KIND, REVIEW_VERSIONS.map(apiVersionOf));
  const { apiVersion = '', kind = '' } = review as { apiVersion?: string; kind?: string };
  // Of v1beta1 upstream checks less.
  const strict = version === 'v1';
  const wanted = apiVersionOf(version);
  if (strict && (apiVersion !== wanted || kind !== KIND))
    throw new Error(`expected webhook response of ${gvkText(wanted, KIND)}, got ${gvkText(apiVersion, kind)}`);
  const response = review.response as ConversionResponse | null | undefined;
  if (typeof response !== 'object' || response === null) throw new Error('no response provided');
  if (strict && response.uid !== uid)
    throw new Error(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response.uid ?? '')}`);
  const { status = '', message = '' } = response.result ?? {};
  if (status !== 'Success') throw new Error(message || `response.result.status was '${status}', not 'Success'`);
  return response.convertedObjects ?? [];
}
