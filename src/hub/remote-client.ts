/** HubClient over HTTP: the hub of another process, for `tmc join` and `workload-syncer`. Transport is injected. */
import { parseJson, stringifyJson } from '../kube/exact-json.ts';
import type { Json, KubeObject } from '../kube/object.ts';
import { type GroupResource, type GroupVersionResource, resourcePath } from '../kube/resource.ts';
import { ApiError, type Status, type StatusDetails } from '../kube/status.ts';
import type { HubClient, HubEvent, HubItem, HubListOptions, HubPages, HubRef, HubWriteOptions } from './client.ts';

export interface RemoteRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** Answers with any status; throws only when the server cannot be reached. */
export type RemoteSend = (request: RemoteRequest) => Promise<{ status: number; body: AsyncIterable<Uint8Array> }>;

/** On objects of a wildcard list or watch (kcp's convention): the logical cluster they live in. */
export const WORKSPACE_ANNOTATION = 'kcp.io/cluster';

const PATCH_TYPES = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
} as const;
const PAGE = '500';

/** Speaks to the hub's own paths (`/clusters/<workspace>/…`). Errors are the server's Status as ApiError. */
export function createRemoteHubClient(send: RemoteSend): HubClient {
  const versions = new Map<string, Promise<string>>();

  async function call<T>(request: RemoteRequest): Promise<T> {
    const response = await send(request);
    const text = await readText(response.body);
    if (response.status >= 400) throw toApiError(response.status, text);
    return parseJson(text) as T;
  }

  /** Preferred version of a group in a workspace; asked once per group. */
  function versionOf(workspace: string, group: string): Promise<string> {
    if (group === '') return Promise.resolve('v1');
    const key = `${workspace}|${group}`;
    let version = versions.get(key);
    if (!version) {
      version = call<{ preferredVersion: { version: string } }>({
        method: 'GET',
        path: `/clusters/${workspace}/apis/${group}`,
      }).then((found) => found.preferredVersion.version);
      // A failure is not remembered: the group may be served a moment later.
      version.catch(() => versions.delete(key));
      versions.set(key, version);
    }
    return version;
  }

  async function pathOf(
    workspace: string,
    gr: GroupResource,
    namespace?: string,
    name?: string,
    subresource?: string,
  ): Promise<string> {
    const version = await versionOf(workspace, gr.group);
    const gvr: GroupVersionResource = { ...gr, version };
    return `/clusters/${workspace}${resourcePath(gvr, namespace, name, subresource)}`;
  }

  const write = async <T extends KubeObject>(
    method: string,
    workspace: string,
    gr: GroupResource,
    object: T,
    named: boolean,
    options: HubWriteOptions & { force?: boolean; contentType?: string },
  ): Promise<T> => {
    const { namespace, name } = object.metadata;
    const path = await pathOf(workspace, gr, namespace, named ? name : undefined, options.subresource);
    return call<T>({
      method,
      path: `${path}${queryOf({ fieldManager: options.fieldManager ?? 'tmc', force: options.force ? 'true' : undefined })}`,
      headers: { 'content-type': options.contentType ?? 'application/json' },
      body: stringifyJson(object),
    });
  };

  async function readPages<T extends KubeObject>(
    workspace: string,
    gr: GroupResource,
    options: HubListOptions = {},
  ): Promise<HubPages<T>> {
    const path = await pathOf(workspace, gr, options.namespace);
    const read = (token?: string): Promise<ListBody<T>> =>
      call<ListBody<T>>({
        method: 'GET',
        path: path + queryOf({ ...selectors(options), limit: PAGE, continue: token }),
      });
    const first = await read();
    async function* pages(): AsyncGenerator<readonly HubItem<T>[]> {
      for (let page = first; ; ) {
        const type = { apiVersion: page.apiVersion, kind: page.kind.replace(/List$/, '') };
        yield page.items.map((item) => located(workspace, { ...type, ...item }));
        const token = page.metadata.continue;
        if (!token) return;
        page = await read(token);
      }
    }
    return { pages: pages(), resourceVersion: first.metadata.resourceVersion };
  }

  return {
    async get<T extends KubeObject>(ref: HubRef) {
      try {
        return await call<T>({ method: 'GET', path: await pathOf(ref.workspace, ref, ref.namespace, ref.name) });
      } catch (error) {
        if (error instanceof ApiError && error.code === 404) return undefined;
        throw error;
      }
    },
    async list<T extends KubeObject>(workspace: string, gr: GroupResource, options: HubListOptions = {}) {
      const items: HubItem<T>[] = [];
      const { pages, resourceVersion } = await readPages<T>(workspace, gr, options);
      for await (const page of pages) items.push(...page);
      return { items, resourceVersion };
    },
    pages: readPages,
    async *watch<T extends KubeObject>(
      workspace: string,
      gr: GroupResource,
      options: HubListOptions & { resourceVersion: string },
      signal: AbortSignal,
    ): AsyncGenerator<HubEvent<T>> {
      const path = await pathOf(workspace, gr, options.namespace);
      let { resourceVersion } = options;
      while (!signal.aborted) {
        const query = queryOf({ ...selectors(options), watch: 'true', allowWatchBookmarks: 'true', resourceVersion });
        const response = await send({ method: 'GET', path: path + query, signal });
        if (response.status >= 400) {
          throw toApiError(response.status, await readText(response.body));
        }
        // The server ends a watch after a while; the next begins where this one was.
        for await (const line of linesOf(response.body)) {
          const { type, object } = parseJson(line) as unknown as {
            type: HubEvent['type'] | 'BOOKMARK' | 'ERROR';
            object: T;
          };
          if (type === 'ERROR') throw toApiError((object as unknown as Status).code ?? 500, JSON.stringify(object));
          resourceVersion = object.metadata.resourceVersion ?? resourceVersion;
          if (type !== 'BOOKMARK') yield { type, ...located(workspace, object) };
        }
      }
    },
    create: (workspace, gr, object, options = {}) => write('POST', workspace, gr, object, false, options),
    update: (workspace, gr, object, options = {}) => write('PUT', workspace, gr, object, true, options),
    apply: (workspace, gr, object, options) =>
      write('PATCH', workspace, gr, object, true, { ...options, contentType: 'application/apply-patch+yaml' }),
    async patch(ref, patch, options = {}) {
      const path = await pathOf(ref.workspace, ref, ref.namespace, ref.name, options.subresource);
      return call({
        method: 'PATCH',
        path: `${path}${queryOf({ fieldManager: options.fieldManager ?? 'tmc' })}`,
        headers: { 'content-type': PATCH_TYPES[patch.type] },
        body: stringifyJson(patch.body),
      });
    },
    async delete(ref, options = {}) {
      const { uid, resourceVersion, ...rest } = options;
      const preconditions: { [key: string]: Json } = {
        ...(uid ? { uid } : {}),
        ...(resourceVersion ? { resourceVersion } : {}),
      };
      try {
        await call({
          method: 'DELETE',
          path: await pathOf(ref.workspace, ref, ref.namespace, ref.name),
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ apiVersion: 'v1', kind: 'DeleteOptions', ...rest, preconditions }),
        });
      } catch (error) {
        if (!(error instanceof ApiError && error.code === 404)) throw error;
      }
    },
  };
}

interface ListBody<T> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly T[];
}

/** Takes off what only the wildcard's answer carries: the object is then as its own workspace shows it. */
function located<T extends KubeObject>(asked: string, object: T): HubItem<T> {
  if (asked !== '*') return { workspace: asked, object };
  const { [WORKSPACE_ANNOTATION]: workspace = '', ...annotations } = object.metadata.annotations ?? {};
  const { annotations: _with, ...metadata } = object.metadata;
  const rest = Object.keys(annotations).length === 0 ? metadata : { ...metadata, annotations };
  return { workspace, object: { ...object, metadata: rest } };
}

const selectors = ({ labelSelector, fieldSelector }: HubListOptions) => ({ labelSelector, fieldSelector });

function queryOf(values: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length > 0 ? `?${new URLSearchParams(given)}` : '';
}

/** The server's Status, or one made of what came instead (a proxy's page, a cut answer). */
function toApiError(code: number, text: string): ApiError {
  try {
    const status = JSON.parse(text) as Status;
    if (status.kind === 'Status') {
      return new ApiError(
        status.code ?? code,
        status.reason ?? '',
        status.message ?? '',
        status.details as StatusDetails,
      );
    }
  } catch {
    // Not JSON: said below.
  }
  return new ApiError(code, 'InternalError', `the server answered ${code} without a Status: ${text.slice(0, 200)}`);
}

async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let pending = '';
  for await (const chunk of body) {
    pending += decoder.decode(chunk, { stream: true });
    const lines = pending.split('\n');
    pending = lines.pop() as string;
    for (const line of lines) if (line !== '') yield line;
  }
}
