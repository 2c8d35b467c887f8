/** AdmissionReview (admission.k8s.io/v1): what a webhook is sent, and what its answer means (webhook/request/admissionreview.go). */
import { stringifyJson } from '../../kube/exact-json.ts';
import type { Json, KubeObject } from '../../kube/object.ts';
import { ApiError, type Status } from '../../kube/status.ts';
import { type PolicyRequest, requestValue } from './policy-request.ts';
import { decodeReview, gvkText } from './review-answer.ts';
import { type WebhookAnswer, WebhookCallError } from './webhook-client.ts';

export const REVIEW_VERSION = 'v1';
const API_VERSION = 'admission.k8s.io/v1';
const KIND = 'AdmissionReview';

export interface Verdict {
  readonly allowed: boolean;
  /** What the webhook says of its refusal. */
  readonly status: Partial<Status> | undefined;
  /** A JSON Patch, not yet checked; undefined for none. */
  readonly patch: Json | undefined;
  readonly warnings: readonly string[];
  readonly auditAnnotations: Readonly<Record<string, string>>;
}

export function reviewOf(uid: string, request: PolicyRequest): string {
  const object = (one: KubeObject | undefined): Json => (one ?? null) as Json;
  return stringifyJson({
    kind: KIND,
    apiVersion: API_VERSION,
    request: {
      uid,
      ...sparse(requestValue(request)),
      object: object(request.object),
      oldObject: object(request.oldObject),
    },
  });
}

/** Go leaves out empty strings, lists and maps where the type says so. */
function sparse({ userInfo, options, ...request }: { readonly [key: string]: Json }): object {
  const kept = Object.entries(request).filter(([, value]) => value !== '');
  const user = Object.entries(userInfo as { [key: string]: Json }).filter(
    ([, value]) => value !== '' && Object.keys(value as object).length > 0,
  );
  return { ...Object.fromEntries(kept), userInfo: Object.fromEntries(user), options };
}

/** Throws WebhookCallError where the answer is none. */
export function readVerdict(uid: string, mutating: boolean, answer: WebhookAnswer): Verdict {
  const review = readReview(answer);
  const invalid = (why: string): WebhookCallError => new WebhookCallError(`received invalid webhook response: ${why}`);
  const response = review.response as AdmissionResponse | null | undefined;
  if (typeof response !== 'object' || response === null) throw invalid('webhook response was absent');
  if (response.uid !== uid)
    throw invalid(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response.uid ?? '')}`);
  const { apiVersion = '', kind = '' } = review as { apiVersion?: string; kind?: string };
  if (kind !== KIND || apiVersion !== API_VERSION)
    throw invalid(`expected webhook response of ${gvkText(API_VERSION, KIND)}, got ${gvkText(apiVersion, kind)}`);
  const fault = patchFault(response, mutating);
  if (fault !== undefined) throw invalid(fault);
  return {
    allowed: response.allowed === true,
    status: response.status ?? undefined,
    patch: mutating && response.patch ? decodePatch(response.patch, response.patchType) : undefined,
    warnings: response.warnings ?? [],
    auditAnnotations: response.auditAnnotations ?? {},
  };
}

interface AdmissionResponse {
  readonly uid?: string;
  readonly allowed?: boolean;
  readonly status?: Partial<Status> | null;
  /** Base64. */
  readonly patch?: string | null;
  readonly patchType?: string | null;
  readonly warnings?: readonly string[] | null;
  readonly auditAnnotations?: Readonly<Record<string, string>> | null;
}

function patchFault({ patch, patchType }: AdmissionResponse, mutating: boolean): string | undefined {
  const typed = patchType !== undefined && patchType !== null;
  if (!mutating) {
    if (patch) return 'validating webhook may not return response.patch';
    return typed ? 'validating webhook may not return response.patchType' : undefined;
  }
  if (patch && !typed) return 'webhook returned response.patch but not response.patchType';
  if (!patch && typed) return 'webhook returned response.patchType but not response.patch';
  return patchType === '' ? 'webhook returned invalid response.patchType of ""' : undefined;
}

/** Undefined where the patch is empty. */
function decodePatch(text: string, patchType: string | null | undefined): Json | undefined {
  let patch: Json;
  try {
    patch = JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as Json;
  } catch (error) {
    throw new WebhookCallError(`received undecodable patch in webhook response: ${(error as Error).message}`);
  }
  if (Array.isArray(patch) && patch.length === 0) return undefined;
  if (patchType !== 'JSONPatch') throw new WebhookCallError(`unsupported patch type ${JSON.stringify(patchType)}`);
  return patch;
}

function readReview(answer: WebhookAnswer): { readonly [field: string]: unknown } {
  try {
    return decodeReview(answer, KIND, [API_VERSION]);
  } catch (error) {
    throw new WebhookCallError(`failed to call webhook: ${(error as Error).message}`);
  }
}

/** The refusal that a webhook's "not allowed" becomes (webhook/errors ToStatusErr). */
export function denialBy(name: string, given: Partial<Status> | undefined): ApiError {
  const by = `admission webhook ${JSON.stringify(name)} denied the request`;
  const { code = 0, reason = '', message = '', details, metadata } = given ?? {};
  const why = message || reason;
  return new ApiError(
    Math.max(code, 400),
    reason,
    why === '' ? `${by} without explanation` : `${by}: ${why}`,
    details,
    metadata === undefined ? {} : { metadata },
  );
}
