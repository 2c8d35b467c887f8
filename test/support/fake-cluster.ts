/**
 * A Kubernetes API in the process, behind the Downstream interface: objects of any kind with versions, paged lists,
 * watches with history, plain writes. Faults are switches. For tests of what stands above one connection.
 */
import {
  type ClusterDiscovery,
  ClusterError,
  type Downstream,
  type DownstreamRequest,
  type DownstreamResponse,
} from '../../src/clusters/downstream.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { parseRequestInfo, type RequestInfo } from '../../src/kube/request-info.ts';
import type { ResourceInfo } from '../../src/kube/resource.ts';

interface HistoryEntry {
  readonly version: number;
  readonly collection: string;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
}

export interface FakeClusterOptions {
  readonly name: string;
  readonly slot: number;
  readonly workspace?: string;
  readonly namespaceMapping?: 'Hashed' | 'Identity';
  readonly resources: readonly ResourceInfo[];
}

const clone = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

export class FakeCluster implements Downstream {
  readonly clusterName: string;
  readonly workspace: string;
  readonly uid: string;
  readonly key: string;
  readonly slot: number;
  readonly namespaceMapping: 'Hashed' | 'Identity';
  readonly resources: readonly ResourceInfo[];
  readonly #closed = new AbortController();
  readonly objects = new Map<string, KubeObject>();
  readonly requests: DownstreamRequest[] = [];
  #history: HistoryEntry[] = [];
  #horizon = 0;
  #version: number;
  #watchers = new Set<{ collection: string; push: (line: string) => void; cut: (error?: Error) => void }>();
  /** Connections are refused. */
  down = false;
  /** Requests are accepted and never answered. */
  hanging = false;
  /** Answers instead of the cluster, where it answers anything. */
  instead: (request: DownstreamRequest) => DownstreamResponse | undefined = () => undefined;
  /** Bytes per chunk of every body; 0: whole. */
  chunkBytes = 0;

  constructor(options: FakeClusterOptions) {
    this.clusterName = options.name;
    this.slot = options.slot;
    this.workspace = options.workspace ?? 'root';
    this.uid = `uid-${options.name}`;
    this.key = `key-${options.name}`;
    this.namespaceMapping = options.namespaceMapping ?? 'Identity';
    this.resources = options.resources;
    this.#version = options.slot * 1_000;
  }

  get signal(): AbortSignal {
    return this.#closed.signal;
  }
  get version(): number {
    return this.#version;
  }
  get watches(): number {
    return this.#watchers.size;
  }

  health(): { state: 'Healthy' | 'Unhealthy'; reason: string; lastContact: number | undefined } {
    return { state: this.down ? 'Unhealthy' : 'Healthy', reason: '', lastContact: undefined };
  }
  discovery(): ClusterDiscovery {
    const groups = new Map<string, string[]>();
    for (const { group, version } of this.resources) {
      const versions = groups.get(group) ?? [];
      if (!versions.includes(version)) versions.push(version);
      groups.set(group, versions);
    }
    return {
      resources: this.resources,
      groups: [...groups].map(([name, versions]) => ({ name, versions })),
      serverVersion: {},
      hash: '1',
      asOf: 0,
    };
  }
  whenDiscovered(): Promise<ClusterDiscovery> {
    return Promise.resolve(this.discovery());
  }
  target(): ReturnType<Downstream['target']> {
    return Promise.resolve({
      origin: `https://${this.clusterName}.test:6443`,
      headers: { authorization: `Bearer ${this.clusterName}` },
      tls: { rejectUnauthorized: true },
    });
  }

  /** Writes an object as another client of the cluster would. */
  put(resource: ResourceInfo, object: Partial<KubeObject> & { metadata: KubeObject['metadata'] }): KubeObject {
    const collection = `${resource.group}/${resource.resource}`;
    const key = `${collection}/${object.metadata.namespace ?? ''}/${object.metadata.name}`;
    const known = this.objects.get(key);
    const version = ++this.#version;
    const stored = clone({
      kind: resource.kind,
      apiVersion: resource.group === '' ? resource.version : `${resource.group}/${resource.version}`,
      ...object,
      metadata: {
        uid: known?.metadata.uid ?? `${this.clusterName}-${version}`,
        creationTimestamp: '2026-01-01T00:00:00Z',
        ...object.metadata,
        resourceVersion: String(version),
      },
    }) as KubeObject;
    this.objects.set(key, stored);
    this.#record({ version, collection, type: known === undefined ? 'ADDED' : 'MODIFIED', object: stored });
    return stored;
  }

  remove(resource: ResourceInfo, namespace: string, name: string): void {
    const collection = `${resource.group}/${resource.resource}`;
    const key = `${collection}/${namespace}/${name}`;
    const known = this.objects.get(key);
    if (known === undefined) return;
    this.objects.delete(key);
    const version = ++this.#version;
    const object = { ...known, metadata: { ...known.metadata, resourceVersion: String(version) } };
    this.#record({ version, collection, type: 'DELETED', object });
  }

  bookmark(): void {
    const line = {
      type: 'BOOKMARK',
      object: { kind: 'X', apiVersion: 'v1', metadata: { resourceVersion: String(this.#version) } },
    };
    for (const watcher of this.#watchers) watcher.push(JSON.stringify(line));
  }

  /** Forgets the past: older versions are 410 from now on. */
  compact(): void {
    this.#horizon = this.#version;
    this.#history = [];
  }

  /** As after a restore from a backup: the state is given, versions begin anew at `version`. */
  restore(version: number): void {
    this.cut();
    this.#version = version;
    this.#horizon = version;
    this.#history = [];
    for (const object of this.objects.values()) object.metadata.resourceVersion = String(version);
  }

  cut(): void {
    for (const watcher of [...this.#watchers]) watcher.cut(new ClusterError(this.clusterName, 'reset', 'cut'));
  }

  /** Sends something on every watch that no API server would. */
  garbage(line: string): void {
    for (const watcher of this.#watchers) watcher.push(line);
  }

  stop(): void {
    this.down = true;
    this.cut();
  }
  start(): void {
    this.down = false;
  }
  unregister(): void {
    this.#closed.abort();
    this.cut();
  }

  async fetch(request: DownstreamRequest): Promise<{ status: number; headers: Record<string, string>; body: Buffer }> {
    const response = await this.request(request);
    const parts: Uint8Array[] = [];
    for await (const chunk of response.body) parts.push(chunk);
    return { status: response.status, headers: { ...response.headers }, body: Buffer.concat(parts) };
  }

  async request(request: DownstreamRequest): Promise<DownstreamResponse> {
    this.requests.push(request);
    if (this.down) throw new ClusterError(this.clusterName, 'unreachable', `connect ECONNREFUSED ${this.clusterName}`);
    if (this.hanging) await this.#never(request.signal);
    const instead = this.instead(request);
    if (instead !== undefined) return instead;
    const url = new URL(request.path, 'http://fake');
    const info = parseRequestInfo(request.method, url.pathname, url.searchParams);
    const resource = this.resources.find((one) => one.group === info.group && one.resource === info.resource);
    if (resource === undefined || resource.version !== info.version)
      return this.#status(404, 'NotFound', 'the server could not find the requested resource');
    if (info.verb === 'watch') return this.#watch(info, url.searchParams, request.signal);
    if (info.verb === 'list') return this.#list(resource, info, url.searchParams);
    return this.#write(resource, info, request);
  }

  #record(entry: HistoryEntry): void {
    this.#history.push(entry);
    const line = JSON.stringify({ type: entry.type, object: entry.object });
    for (const watcher of this.#watchers) if (watcher.collection === entry.collection) watcher.push(line);
  }

  #never(signal: AbortSignal | undefined): Promise<never> {
    return new Promise((_, reject) => {
      const abort = (): void => reject(new ClusterError(this.clusterName, 'timeout', 'no answer'));
      if (signal?.aborted) abort();
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  #list(resource: ResourceInfo, info: RequestInfo, query: URLSearchParams): DownstreamResponse {
    const prefix = `${info.group}/${info.resource}/`;
    const limit = Number(query.get('limit') ?? 0);
    const after = query.get('continue') ?? '';
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort();
    const inScope = keys.filter(
      (key) => info.namespace === '' || this.objects.get(key)?.metadata.namespace === info.namespace,
    );
    const rest = inScope.filter((key) => key > after);
    const page = limit === 0 ? rest : rest.slice(0, limit);
    const more = page.length < rest.length;
    const items = page.map((key) => {
      const { kind: _kind, apiVersion: _apiVersion, ...item } = this.objects.get(key) as KubeObject;
      return item;
    });
    return this.#answer(200, {
      kind: `${resource.kind}List`,
      apiVersion: resource.group === '' ? resource.version : `${resource.group}/${resource.version}`,
      metadata: {
        resourceVersion: String(this.#version),
        ...(more ? { continue: page.at(-1), remainingItemCount: rest.length - page.length } : {}),
      },
      items,
    });
  }

  #watch(info: RequestInfo, query: URLSearchParams, signal: AbortSignal | undefined): DownstreamResponse {
    const since = Number(query.get('resourceVersion') ?? 0);
    if (since < this.#horizon) return this.#status(410, 'Expired', 'too old resource version');
    // As kube-apiserver does: a watch from a version that is yet to come is silent until then (here: for ever).
    const collection = since > this.#version ? 'yet to come' : `${info.group}/${info.resource}`;
    const queue: string[] = this.#history
      .filter((entry) => entry.version > since && entry.collection === collection)
      .map((entry) => JSON.stringify({ type: entry.type, object: entry.object }));
    let notify: () => void = () => {};
    let end: { error?: Error } | undefined;
    const watcher = {
      collection,
      push: (line: string) => {
        queue.push(line);
        notify();
      },
      cut: (error?: Error) => {
        end ??= error === undefined ? {} : { error };
        this.#watchers.delete(watcher);
        notify();
      },
    };
    this.#watchers.add(watcher);
    if (signal?.aborted) watcher.cut(new Error('aborted'));
    signal?.addEventListener('abort', () => watcher.cut(new Error('aborted')), { once: true });
    const cluster = this;
    async function* lines(): AsyncGenerator<Uint8Array> {
      for (;;) {
        while (queue.length > 0 && end === undefined) yield* cluster.#chunks(Buffer.from(`${queue.shift()}\n`));
        if (end?.error !== undefined) throw end.error;
        if (end !== undefined) return;
        await new Promise<void>((resolve) => {
          notify = resolve;
        });
      }
    }
    return {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: Object.assign(lines(), { destroy: () => watcher.cut() }),
    };
  }

  #write(resource: ResourceInfo, info: RequestInfo, request: DownstreamRequest): DownstreamResponse {
    const key = `${info.group}/${info.resource}/${info.namespace}/${info.name}`;
    const known = this.objects.get(key);
    const body =
      request.body === undefined || request.body.length === 0
        ? undefined
        : (JSON.parse(Buffer.from(request.body as Uint8Array).toString()) as KubeObject);
    if (info.verb === 'create' && info.name === '') return this.#answer(201, this.put(resource, body as KubeObject));
    if (known === undefined) return this.#status(404, 'NotFound', `${info.resource} "${info.name}" not found`);
    if (info.verb === 'get') return this.#answer(200, known);
    if (info.verb === 'create')
      return this.#answer(201, { kind: 'Status', apiVersion: 'v1', status: 'Success', received: body });
    if (info.verb === 'delete') {
      this.remove(resource, info.namespace, info.name);
      return this.#answer(200, {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Success',
        details: { name: info.name, kind: info.resource, uid: known.metadata.uid },
      });
    }
    const wanted = body?.metadata?.resourceVersion;
    if (wanted !== undefined && wanted !== known.metadata.resourceVersion) {
      return this.#status(
        409,
        'Conflict',
        `Operation cannot be fulfilled on ${info.resource} "${info.name}": the object has been modified`,
      );
    }
    const next = info.verb === 'update' ? (body as KubeObject) : merge(known, body ?? {});
    return this.#answer(200, this.put(resource, next as KubeObject));
  }

  #status(code: number, reason: string, message: string, causes?: object[]): DownstreamResponse {
    return this.#answer(code, {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      reason,
      code,
      details: { causes },
    });
  }

  #answer(status: number, body: object): DownstreamResponse {
    const chunks = this.#chunks(Buffer.from(JSON.stringify(body)));
    async function* stream(): AsyncGenerator<Uint8Array> {
      yield* chunks;
    }
    return {
      status,
      headers: { 'content-type': 'application/json' },
      body: Object.assign(stream(), { destroy: () => {} }),
    };
  }

  *#chunks(bytes: Buffer): Generator<Uint8Array> {
    const size = this.chunkBytes === 0 ? bytes.length : this.chunkBytes;
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
}

/** A response with any bytes in it, sent one part each `everyMs`. */
export function rawResponse(
  status: number,
  contentType: string,
  parts: readonly string[],
  everyMs = 0,
  signal?: AbortSignal,
): DownstreamResponse {
  async function* stream(): AsyncGenerator<Uint8Array> {
    for (const part of parts) {
      if (everyMs > 0) await new Promise((resolve) => setTimeout(resolve, everyMs));
      if (signal?.aborted) throw new Error('aborted');
      yield Buffer.from(part);
    }
  }
  return { status, headers: { 'content-type': contentType }, body: Object.assign(stream(), { destroy: () => {} }) };
}

function merge(target: object, patch: object): object {
  const out: Record<string, unknown> = { ...target };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete out[key];
    else if (typeof value === 'object' && !Array.isArray(value)) out[key] = merge((out[key] ?? {}) as object, value);
    else out[key] = value;
  }
  return out;
}

const ALL_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

export const fakeResource = (
  kind: string,
  resource: string,
  { group = '', version = 'v1', namespaced = true, verbs = ALL_VERBS }: Partial<ResourceInfo> = {},
): ResourceInfo => ({
  group,
  version,
  resource,
  kind,
  singular: kind.toLowerCase(),
  namespaced,
  verbs,
  shortNames: [],
  categories: [],
  subresources: [],
});

export const PODS = fakeResource('Pod', 'pods');
export const NAMESPACES = fakeResource('Namespace', 'namespaces', { namespaced: false });
export const NODES = fakeResource('Node', 'nodes', { namespaced: false });
export const CONFIGMAPS = fakeResource('ConfigMap', 'configmaps');
export const ENDPOINTS = fakeResource('Endpoints', 'endpoints');
export const DEPLOYMENTS = fakeResource('Deployment', 'deployments', { group: 'apps' });
export const REPLICASETS = fakeResource('ReplicaSet', 'replicasets', { group: 'apps' });
