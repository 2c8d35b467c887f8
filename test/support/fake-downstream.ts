/** A Downstream without a cluster: discovery and answers are what the test says. */
import { createHash } from 'node:crypto';
import type {
  ClusterChange,
  ClusterDiscovery,
  ClusterHealth,
  ClusterRegistry,
  Downstream,
  DownstreamRequest,
} from '../../src/clusters/downstream.ts';
import { ClusterError } from '../../src/clusters/downstream.ts';
import { VisibilityTree } from '../../src/clusters/visibility.ts';
import { syncTargetKey } from '../../src/kube/namespace-locator.ts';
import type { ResourceInfo } from '../../src/kube/resource.ts';

export interface FakeAnswer {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
}

type Answers = (request: DownstreamRequest) => FakeAnswer | undefined | Promise<FakeAnswer | undefined>;

export interface FakeDownstream extends Downstream {
  serve(resources: readonly ResourceInfo[], version?: string): void;
  setHealth(state: ClusterHealth): void;
  answer(answers: Answers): void;
  readonly requests: DownstreamRequest[];
}

let slots = 0;

export function fakeDownstream(clusterName: string, workspace = 'root'): FakeDownstream {
  let discovery: ClusterDiscovery | undefined;
  let state: ClusterHealth = 'Healthy';
  let answers: Answers = () => undefined;
  const requests: DownstreamRequest[] = [];
  const waiting: (() => void)[] = [];
  async function fetch(request: DownstreamRequest) {
    requests.push(request);
    if (state === 'Unhealthy') throw new ClusterError(clusterName, 'unreachable', `cluster "${clusterName}" is away`);
    const { status = 200, headers = {}, body = '' } = (await answers(request)) ?? { status: 404 };
    return { status, headers, body: Buffer.from(body) };
  }
  return {
    clusterName,
    workspace,
    uid: `uid-${clusterName}`,
    key: syncTargetKey(workspace, clusterName),
    slot: ++slots,
    namespaceMapping: 'Hashed',
    signal: new AbortController().signal,
    requests,
    fetch,
    async request(request) {
      const { body, ...rest } = await fetch(request);
      return {
        ...rest,
        body: {
          async *[Symbol.asyncIterator]() {
            yield body;
          },
          destroy: () => undefined,
        },
      };
    },
    target: async () => ({ origin: 'https://fake', headers: {}, tls: { rejectUnauthorized: true } }),
    health: () => ({ state, reason: state, lastContact: undefined }),
    discovery: () => discovery,
    whenDiscovered: (signal) =>
      new Promise((resolve, reject) => {
        if (discovery) return resolve(discovery);
        waiting.push(() => resolve(discovery!));
        signal?.addEventListener('abort', () => reject(signal.reason));
      }),
    serve(resources, version = 'v1.37.1') {
      const groups = new Map<string, Set<string>>();
      for (const info of resources) groups.set(info.group, (groups.get(info.group) ?? new Set()).add(info.version));
      discovery = {
        resources,
        groups: [...groups].map(([name, versions]) => ({ name, versions: [...versions] })),
        serverVersion: { gitVersion: version },
        hash: createHash('sha256')
          .update(JSON.stringify([resources, version]))
          .digest('hex'),
        asOf: 0,
      };
      for (const tell of waiting.splice(0)) tell();
    },
    setHealth: (next) => {
      state = next;
    },
    answer: (next) => {
      answers = next;
    },
  };
}

export function fakeRegistry(
  ...downstreams: readonly Downstream[]
): ClusterRegistry & { emit(change: ClusterChange): void } {
  const tree = new VisibilityTree<Downstream>();
  for (const downstream of downstreams) tree.put(downstream, undefined);
  const listeners = new Set<(change: ClusterChange) => void>();
  return {
    visibleTo: (workspace) => (workspace === '*' ? downstreams : tree.visibleTo(workspace)),
    get: (workspace, name) => tree.get(workspace, name),
    byKey: (key) => downstreams.find((each) => each.key === key),
    all: () => downstreams,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    emit: (change) => {
      for (const listener of listeners) listener(change);
    },
    whenLoaded: async () => undefined,
    close: async () => undefined,
  };
}

export const resourceInfo = (
  apiVersion: string,
  resource: string,
  kind: string,
  extra: Partial<ResourceInfo> = {},
): ResourceInfo => {
  const [group, version] = apiVersion.includes('/') ? (apiVersion.split('/') as [string, string]) : ['', apiVersion];
  return {
    group,
    version,
    resource,
    kind,
    singular: kind.toLowerCase(),
    namespaced: true,
    verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
    shortNames: [],
    categories: [],
    subresources: [],
    ...extra,
  };
};
