/** A request that the hub answers on behalf of the view: versions are translated on the way in and out. */
import type { ApiRequest, ApiResult } from '../kube/api.ts';
import type { ResourceInfo } from '../kube/resource.ts';
import { HUB_SLOT, toSourceVersion } from './resource-version.ts';
import { wholeBody, withHubVersion } from './translate-answer.ts';
import { type Destination, translateBody } from './translate-down.ts';
import type { ViewContext } from './view-context.ts';

const TO_HUB: Destination = {
  slot: HUB_SLOT,
  clusterName: undefined,
  namespace: () => undefined,
  ownerUid: () => undefined,
};

/** For writes and requests of single objects. Throws what the hub throws. */
export async function answerHub(
  { hub }: Pick<ViewContext, 'hub'>,
  request: ApiRequest,
  resource: ResourceInfo,
): Promise<ApiResult> {
  const { body, contentType } = mentionsVersion(request)
    ? translateBody(request, resource, TO_HUB)
    : { body: request.body, contentType: request.headers['content-type'] };
  const result = await hub.handle({
    ...request,
    body,
    query: translateQuery(request.query),
    headers: {
      ...request.headers,
      ...(contentType === undefined ? {} : { 'content-type': contentType }),
      // Its version is translated in the bytes, which are an object's then.
      accept: 'application/json',
    },
  });
  if (!('status' in result)) return result;
  const whole = await wholeBody(result.body);
  return whole === undefined ? result : { ...result, body: withHubVersion(whole) };
}

/** Most writes carry none, and then go on as they came. A protobuf body cannot be looked into this way. */
function mentionsVersion({ body, headers }: ApiRequest): boolean {
  if (body.length === 0) return false;
  if (headers['content-type']?.includes('protobuf')) return true;
  return Buffer.from(body.buffer, body.byteOffset, body.byteLength).includes('resourceVersion');
}

function translateQuery(query: URLSearchParams): URLSearchParams {
  const version = query.get('resourceVersion');
  if (version === null || version === '' || version === '0') return query;
  const translated = new URLSearchParams(query);
  translated.set('resourceVersion', toSourceVersion(version, HUB_SLOT));
  return translated;
}
