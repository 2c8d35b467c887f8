/** A view over a real hub in memory and fake clusters, with requests as the HTTP side makes them. */
import { createMergedDiscovery } from '../../src/aggregate/discovery.ts';
import { createHubPort } from '../../src/aggregate/hub-access.ts';
import { createProjections, type Projections } from '../../src/aggregate/projections.ts';
import { createView, type View } from '../../src/aggregate/view.ts';
import { createViewReflectors } from '../../src/aggregate/view-reflectors.ts';
import type { ClusterChange, ClusterRegistry, Downstream } from '../../src/clusters/downstream.ts';
import { createHub, type Hub } from '../../src/hub/hub.ts';
import { openSqliteStore } from '../../src/hub/store/sqlite.ts';
import type { Access } from '../../src/kube/access.ts';
import type { ApiResponse, ApiResult, ByteSink, ProxyResult } from '../../src/kube/api.ts';
import { downstreamNamespace, locatorJson, NAMESPACE_LOCATOR_ANNOTATION } from '../../src/kube/namespace-locator.ts';
import { parseRequestInfo } from '../../src/kube/request-info.ts';
import { ApiError } from '../../src/kube/status.ts';
import type { Clock } from '../../src/reconcile/clock.ts';
import { silentLogger } from '../../src/reconcile/logger.ts';
import { WatchTap } from '../hub/hub-harness.ts';
import { type FakeCluster, NAMESPACES } from '../support/fake-cluster.ts';

export class FakeRegistry implements ClusterRegistry {
  readonly clusters = new Set<Downstream>();
  readonly #listeners = new Set<(change: ClusterChange) => void>();

  visibleTo(workspace: string): readonly Downstream[] {
    return this.all().filter((one) => one.workspace === 'root' || one.workspace === workspace);
  }
  get(workspace: string, clusterName: string): Downstream | undefined {
    return this.visibleTo(workspace).find((one) => one.clusterName === clusterName);
  }
  byKey(key: string): Downstream | undefined {
    return this.all().find((one) => one.key === key);
  }
  all(): readonly Downstream[] {
    return [...this.clusters];
  }
  onChange(listener: (change: ClusterChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  whenLoaded(): Promise<void> {
    return Promise.resolve();
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
  join(downstream: Downstream): void {
    this.clusters.add(downstream);
    for (const listener of this.#listeners) listener({ type: 'joined', downstream });
  }
  leave(downstream: Downstream): void {
    this.clusters.delete(downstream);
    for (const listener of this.#listeners) listener({ type: 'left', downstream });
  }
}

export interface ViewAnswer {
  readonly status: number;
  readonly headers: ApiResponse['headers'];
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever the server answers.
  readonly json: any;
  readonly proxy: ProxyResult['proxy'] | undefined;
}

export interface CallOptions {
  readonly workspace?: string;
  readonly onlyCluster?: string;
  readonly headers?: Record<string, string>;
  readonly type?: string;
  /** What the caller of a watch may see while it goes on. */
  readonly access?: Access;
}

export interface ViewHarness {
  readonly hub: Hub;
  readonly view: View;
  readonly projections: Projections;
  /** Why objects were not shown, by projection. */
  readonly failures: readonly string[];
  readonly pool: ReturnType<typeof createViewReflectors>['pool'];
  call(method: string, url: string, body?: unknown, options?: CallOptions): Promise<ViewAnswer>;
  /** Reads an answer to its end without parsing it; gives how many bytes it had. */
  read(url: string): Promise<number>;
  watch(url: string, options?: CallOptions & { sink?: ByteSink }): Promise<WatchTap>;
  close(): Promise<void>;
}

export async function startView(...clusters: FakeCluster[]): Promise<ViewHarness & { registry: FakeRegistry }> {
  const store = openSqliteStore(':memory:');
  const hub = await createHub({ store, profile: 'hub' });
  const registry = new FakeRegistry();
  for (const cluster of clusters) registry.clusters.add(cluster);
  const harness = viewOver(hub, registry, 300);
  await harness.projections.whenSynced();
  return {
    ...harness,
    registry,
    async close() {
      await harness.close();
      await hub.close();
      await store.close();
    },
  };
}

/** The same over any hub and clusters, which stay the caller's to close. */
export function viewOver(
  hub: Hub,
  registry: ClusterRegistry,
  sourceDeadlineMs = 1_000,
  more: { readonly budgetBytes?: number; readonly clock?: Clock } = {},
): ViewHarness {
  const { clock, ...budget } = more;
  const reflectors = createViewReflectors({ log: silentLogger, registry, ...budget });
  const discovery = createMergedDiscovery({
    hub: { definitions: async (workspace) => (await hub.catalog.of(workspace)).definitions },
    registry,
    firstDiscoveryMs: 50,
  });
  const stop = new AbortController();
  const failures: string[] = [];
  const projections = createProjections({
    informer: hub.informer,
    onFailure: (_workspace, { metadata }, why) => failures.push(`${metadata.name}: ${why}`),
    signal: stop.signal,
  });
  const view = createView({
    projections,
    hub: createHubPort(hub),
    registry,
    reflectors,
    discovery,
    log: silentLogger,
    ...(clock === undefined ? {} : { clock }),
    sourceDeadlineMs,
  });

  async function send(method: string, url: string, body: unknown, options: CallOptions): Promise<ApiResult> {
    const [path = '', search = ''] = url.split('?');
    const query = new URLSearchParams(search);
    return view.handle({
      workspace: options.workspace ?? 'root',
      ...(options.onlyCluster === undefined ? {} : { onlyCluster: options.onlyCluster }),
      info: parseRequestInfo(method, path, query),
      method,
      query,
      headers: {
        'user-agent': 'test/1.0',
        ...(body === undefined ? {} : { 'content-type': options.type ?? 'application/json' }),
        ...options.headers,
      },
      body: Buffer.from(body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)),
      user: { name: 'tester', groups: [], extra: {} },
      signal: new AbortController().signal,
      auditId: 'audit',
      ...(options.access === undefined ? {} : { access: options.access }),
    });
  }

  return {
    hub,
    view,
    projections,
    failures,
    pool: reflectors.pool,
    async call(method, url, body, options = {}) {
      try {
        const result = await send(method, url, body, options);
        if ('proxy' in result) return { status: 0, headers: {}, json: undefined, proxy: result.proxy };
        const { status, headers, body: bytes } = result as ApiResponse;
        return { status, headers, json: JSON.parse(await textOf(bytes)), proxy: undefined };
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        return { status: error.code, headers: {}, json: error.status, proxy: undefined };
      }
    },
    async read(url) {
      const { body } = (await send('GET', url, undefined, {})) as ApiResponse;
      if (body instanceof Uint8Array) return body.length;
      let size = 0;
      for await (const part of body as AsyncIterable<Uint8Array>) size += part.length;
      return size;
    },
    async watch(url, options = {}) {
      const tap = new WatchTap();
      const result = (await send('GET', url, undefined, options)) as ApiResponse;
      (result.body as (sink: ByteSink) => void)(options.sink ?? tap);
      return tap;
    },
    async close() {
      stop.abort();
      view.close();
      await reflectors.pool.close();
    },
  };
}

async function textOf(body: ApiResponse['body']): Promise<string> {
  if (body instanceof Uint8Array) return Buffer.from(body).toString();
  if (typeof body === 'function') throw new Error('a watch');
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts).toString();
}

/** Makes the downstream namespace that is the workspace's, and answers its name. */
export function giveNamespace(cluster: FakeCluster, workspace: string, namespace: string): string {
  const locator = {
    syncTarget: { workspace: cluster.workspace, name: cluster.clusterName, uid: cluster.uid },
    workspace,
    namespace,
  };
  const name = downstreamNamespace(locator);
  cluster.put(NAMESPACES, {
    metadata: { name, annotations: { [NAMESPACE_LOCATOR_ANNOTATION]: locatorJson(locator) } },
  });
  return name;
}
