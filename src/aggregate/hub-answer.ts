/** A request that the hub answers on behalf of the view: versions are translated on the way in and out. */

import { scanCanonical } from '../clusters/reflector-cache.ts';
import { givenFields } from '../hub/kinds/given-spec.ts';
import { CLUSTER_LABEL, GIVEN_SPEC_ANNOTATION_PREFIX } from '../hub/kinds/workload.ts';
import type { ApiRequest, ApiResult } from '../kube/api.ts';
import { parseJson, stringifyJson } from '../kube/exact-json.ts';
import type { ResourceInfo } from '../kube/resource.ts';
import { ApiError } from '../kube/status.ts';
import { withGiven, withoutGiven } from './given-spec.ts';
import { HUB_SLOT, toSourceVersion } from './resource-version.ts';
import { inViewTerms, wholeBody, withHubVersion } from './translate-answer.ts';
import { type Destination, type StatedTerms, translateBody } from './translate-down.ts';
import type { ViewContext } from './view-context.ts';

const TO_HUB: Destination = {
  version: (text) => toSourceVersion(text, HUB_SLOT),
  clusterName: undefined,
  namespace: () => undefined,
  uid: () => undefined,
};

/** For writes and requests of single objects. Throws what the hub throws. */
export async function answerHub(
  { hub }: Pick<ViewContext, 'hub'>,
  request: ApiRequest,
  resource: ResourceInfo,
): Promise<ApiResult> {
  const { body, contentType, stated } = needsTranslation(request, resource)
    ? translateBody(request, resource, TO_HUB)
    : { body: request.body, contentType: request.headers['content-type'], stated: undefined };
  const toHub: ApiRequest = {
    ...request,
    body: isReplacement(request, resource) ? await asAuthored(hub, request, resource, body) : body,
    query: translateQuery(request.query),
    headers: {
      ...request.headers,
      ...(contentType === undefined ? {} : { 'content-type': contentType }),
      // Its version is translated in the bytes, which are an object's then.
      accept: 'application/json',
    },
  };
  const result = await hub.handle(toHub).catch((error: unknown) => {
    throw stated === undefined ? error : conflictInViewTerms(error, stated);
  });
  if (!('status' in result)) return result;
  const whole = await wholeBody(result.body);
  return whole === undefined ? result : { ...result, body: shown(whole, result.status, resource) };
}

/** Says which versions were asked for and are there as the client knows them. */
function conflictInViewTerms(error: unknown, stated: StatedTerms): unknown {
  if (!(error instanceof ApiError) || error.code !== 409) return error;
  const { message = '', reason = '', details } = error.status;
  const told = new ApiError(409, reason, inViewTerms(message, { slot: HUB_SLOT, stated }), details);
  told.warnings.push(...error.warnings);
  return told;
}

/** Deletes one object of the hub by itself, with the options of a request for more; one that is gone is no error. */
export async function deleteInHub(
  context: Pick<ViewContext, 'hub'>,
  resource: ResourceInfo,
  request: ApiRequest,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<void> {
  const query = new URLSearchParams([...request.query].filter(([key]) => !key.endsWith('Selector')));
  const info = { ...request.info, verb: 'delete', namespace, name, subresource: '' };
  await answerHub(context, { ...request, query, info }, resource).catch((error: unknown) => {
    if (!(error instanceof ApiError) || error.code !== 404) throw error;
  });
}

/** Most writes carry nothing to translate, and then go on as they came. A protobuf body cannot be looked into this way. */
function needsTranslation(request: ApiRequest, resource: ResourceInfo): boolean {
  const { body, headers } = request;
  if (body.length === 0) return false;
  if (headers['content-type']?.includes('protobuf') || isReplacement(request, resource)) return true;
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return text.includes('resourceVersion') || text.includes(CLUSTER_LABEL);
}

const isReplacement = ({ info: { verb, subresource } }: ApiRequest, resource: ResourceInfo): boolean =>
  verb === 'update' && subresource === '' && givenFields(resource).length > 0;

/** Whoever read an object with what its cluster gave it writes that back too: it is not the author's. */
async function asAuthored(
  hub: ViewContext['hub'],
  { workspace, info }: ApiRequest,
  resource: ResourceInfo,
  body: Uint8Array,
): Promise<Uint8Array> {
  const stored = await hub.get(workspace, resource, info.namespace, info.name);
  if (stored?.given === undefined) return body;
  const object: unknown = parseJson(Buffer.from(body).toString('utf8'));
  withoutGiven(object, stored.given);
  return Buffer.from(stringifyJson(object));
}

function shown(body: Buffer, status: number, resource: ResourceInfo): Buffer {
  const versioned = withHubVersion(body);
  const mayBeGiven = status < 300 && body.includes(GIVEN_SPEC_ANNOTATION_PREFIX);
  return mayBeGiven ? withGiven(scanCanonical(versioned).bytes, resource).scanned.bytes : versioned;
}

function translateQuery(query: URLSearchParams): URLSearchParams {
  const version = query.get('resourceVersion');
  if (version === null || version === '' || version === '0') return query;
  const translated = new URLSearchParams(query);
  translated.set('resourceVersion', toSourceVersion(version, HUB_SLOT));
  return translated;
}
