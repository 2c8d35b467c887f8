/** A webhook's HTTP answer as the review that it should be, with client-go's words where it is none. */
import type { Json } from '../../kube/object.ts';
import { goTypeOf, isMap } from '../patch/json-value.ts';
import { decodeBody } from '../schema/decode-body.ts';
import { type WebhookAnswer, WebhookCallError } from './webhook-client.ts';

/** Go's text of a GroupVersionKind. */
export const gvkText = (apiVersion: string, kind: string): string => `${apiVersion || '/'}, Kind=${kind}`;

/** Throws WebhookCallError. `apiVersions`: those in which the review may come. */
export function decodeReview(
  { status, contentType, body }: WebhookAnswer,
  wantedKind: string,
  apiVersions: readonly string[],
): { readonly [field: string]: unknown } {
  const failed = (why: string): WebhookCallError => new WebhookCallError(why);
  if (status < 200 || status > 206) throw failed(statusText(status, contentType, body));
  if (body.length === 0)
    throw failed(
      `0-length response with status code: ${status} and content type: ${contentType || 'application/json'}`,
    );
  const review = decodeValue(body);
  if (!isMap(review as Json))
    throw failed(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${goTypeOf(review)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    );
  const { apiVersion = '', kind = '' } = review as { apiVersion?: string; kind?: unknown };
  // What is missing is taken to be as expected, by the decoder at least.
  if ((kind || wantedKind) === wantedKind && (apiVersion === '' || apiVersions.includes(apiVersion)))
    return review as { readonly [field: string]: unknown };
  throw failed(
    `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/runtime/scheme.go:111"`,
  );
}

/** What is no JSON is read as YAML. */
function decodeValue(body: Buffer): unknown {
  try {
    return decodeBody(body, 'json').value;
  } catch {
    try {
      return decodeBody(body, 'yaml').value;
    } catch (error) {
      throw new WebhookCallError(`couldn't get version/kind; ${(error as Error).message}`);
    }
  }
}

const MAX_TEXT = 2_048;

/** client-go's words for an HTTP status (apimachinery errors.NewGenericServerResponse). */
const TEXTS: Readonly<Record<number, string>> = {
  400: 'the server rejected our request for an unknown reason',
  401: 'the server has asked for the client to provide credentials',
  404: 'the server could not find the requested resource',
  405: 'the server does not allow this method on the requested resource',
  409: 'the server reported a conflict',
  422: 'the server rejected our request due to an error in our request',
  429: 'the server has received too many requests and has asked us to try again later',
  503: 'the server is currently unable to handle the request',
  504: 'the server was unable to return a response in the time allotted, but may still be processing the request',
};

function statusText(status: number, contentType: string, body: Buffer): string {
  const isText = contentType === '' || contentType.startsWith('text/');
  const said = isText ? body.subarray(0, MAX_TEXT).toString('utf8').trim() : 'unknown';
  const known = TEXTS[status];
  if (known !== undefined) return known;
  if (status === 403 || status === 415 || status === 406) return said;
  if (status >= 500)
    return `an error on the server (${JSON.stringify(said)}) has prevented the request from succeeding`;
  return `the server responded with the status code ${status} but did not return more information`;
}
