/** Paths that are no resources: discovery, OpenAPI, version. */
import { createHash } from 'node:crypto';
import type { ApiHandler, ApiRequest, ApiResponse } from '../../kube/api.ts';
import { ApiError, notAcceptable, pathNotFound } from '../../kube/status.ts';
import { builtinVersion } from '../builtin/tables.ts';
import type { HubCore } from '../core.ts';
import { openApiV2Document } from '../openapi/v2.ts';
import { encodeOpenApiV2, OPENAPI_V2_PROTOBUF, OPENAPI_V2_PROTOBUF_ACCEPTED } from '../openapi/v2-protobuf.ts';
import { openApiV3Document, openApiV3Index } from '../openapi/v3.ts';
import { discoveryAnswer } from './discovery.ts';
import { parseAccept } from './negotiate.ts';
import { bytesResponse, valueResponse } from './respond.ts';

/** `urlPrefix` answers what stands before `/openapi` in the client's URL for a workspace. */
/** What is told below these is only read. */
const ROOTS = new Set(['api', 'apis', 'openapi', 'version']);
const METHOD_NOT_ALLOWED = 'the server does not allow this method on the requested resource';

export function createNonResource(core: HubCore, urlPrefix: (workspace: string) => string): ApiHandler {
  return async (request) => {
    const [root = '', second = '', ...rest] = request.info.path.split('/').filter((segment) => segment !== '');
    if (ROOTS.has(root) && request.method !== 'GET' && request.method !== 'HEAD')
      throw new ApiError(405, 'MethodNotAllowed', METHOD_NOT_ALLOWED, {});
    if (root === 'version') return valueResponse(200, versionInfo());
    if (root === 'healthz' || root === 'livez' || root === 'readyz')
      return bytesResponse(200, Buffer.from('ok'), [], 'text/plain; charset=utf-8');
    const catalog = await core.catalog.of(request.workspace);
    if (root === 'api' || root === 'apis') return discoveryAnswer(catalog, request);
    if (root !== 'openapi') throw pathNotFound();
    if (second === 'v2') return openApiV2(request, () => openApiV2Document(catalog.definitions));
    if (second !== 'v3') throw pathNotFound();
    if (rest.length === 0)
      return cached(request, JSON.stringify(openApiV3Index(catalog.definitions, urlPrefix(request.workspace))));
    const document = openApiV3Document(rest.join('/'), catalog.definitions);
    if (document === undefined) throw pathNotFound();
    return cached(request, JSON.stringify(document));
  };
}

function openApiV2(request: ApiRequest, document: () => ReturnType<typeof openApiV2Document>): ApiResponse {
  for (const { type } of parseAccept(request.headers.accept || '*/*')) {
    if (OPENAPI_V2_PROTOBUF_ACCEPTED.includes(type))
      return cached(request, encodeOpenApiV2(document()), OPENAPI_V2_PROTOBUF);
    if (type === 'application/json' || type === '*/*') return cached(request, JSON.stringify(document()));
  }
  throw notAcceptable([OPENAPI_V2_PROTOBUF, 'application/json']);
}

function cached(request: ApiRequest, content: string | Uint8Array, media = 'application/json'): ApiResponse {
  const body = Buffer.from(content);
  const etag = `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"`;
  const headers = { etag, 'cache-control': 'no-cache, private', vary: 'Accept' };
  if (request.headers['if-none-match'] === etag) return { status: 304, headers, body: new Uint8Array(0) };
  return { status: 200, headers: { ...headers, 'content-type': media }, body };
}

/** The Kubernetes version whose behaviour is served. */
export function versionInfo(): Record<string, string> {
  const gitVersion = builtinVersion();
  const [major = '', minor = ''] = gitVersion.replace(/^v/, '').split('.');
  return {
    major,
    minor,
    gitVersion: `${gitVersion}+tmc`,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: '',
    compiler: 'node',
    platform: `${process.platform}/${process.arch}`,
  };
}
