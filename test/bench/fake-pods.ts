/**
 * Clusters that hold many pods and nothing else, take every write and keep none, faster than real ones could be filled: discovery, one namespace, pages of
 * pods made as they are asked for, and watches in which nothing happens. Plain HTTP on loopback.
 */
import { writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pod } from './objects.ts';

export interface FakePods {
  readonly kubeconfigPath: string;
  close(): void;
}

const VERSION = '1000';
const NAMESPACE = 'default';
const KINDS = [
  { name: 'namespaces', singularName: 'namespace', namespaced: false, kind: 'Namespace' },
  { name: 'pods', singularName: 'pod', namespaced: true, kind: 'Pod' },
].map((kind) => ({ ...kind, verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'] }));

const ANSWERS: Readonly<Record<string, object>> = {
  '/version': { major: '1', minor: '33', gitVersion: 'v1.33.0' },
  '/api': { kind: 'APIVersions', versions: ['v1'] },
  '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: [] },
  '/api/v1': { kind: 'APIResourceList', groupVersion: 'v1', resources: KINDS },
};

/** @param directory where its kubeconfig is written */
export async function startFakePods(directory: string, name: string, count: number): Promise<FakePods> {
  const server: Server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname === '/readyz') response.end('ok');
    else if (searchParams.get('watch') !== null) response.writeHead(200, JSON_TYPE).flushHeaders();
    else if (pathname === '/api/v1/pods') sendPods(response, name, count, searchParams);
    else if (pathname === '/api/v1/namespaces') send(response, 200, list('NamespaceList', [namespace()]));
    // Joining writes an account and reads the token that it was given.
    else if (request.method !== 'GET') send(response, 200, { kind: 'Status', status: 'Success', metadata: {} });
    else if (pathname.includes('/secrets/')) send(response, 200, { data: { token: 'ZmFrZQ==' } });
    else send(response, pathname in ANSWERS ? 200 : 404, ANSWERS[pathname] ?? { kind: 'Status', code: 404 });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const kubeconfigPath = join(directory, `${name}.kubeconfig`);
  writeFileSync(kubeconfigPath, JSON.stringify(kubeconfig(name, url)));
  return {
    kubeconfigPath,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

const JSON_TYPE = { 'content-type': 'application/json' };

function send(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, JSON_TYPE).end(JSON.stringify(value));
}

const list = (kind: string, items: readonly object[], more: object = {}) => ({
  kind,
  apiVersion: 'v1',
  metadata: { resourceVersion: VERSION, ...more },
  items,
});

const namespace = () => ({ metadata: { name: NAMESPACE, uid: 'ns', resourceVersion: '1' } });

function sendPods(response: ServerResponse, cluster: string, count: number, query: URLSearchParams): void {
  const from = Number(query.get('continue') ?? 0);
  const to = Math.min(count, from + Number(query.get('limit') ?? count));
  const items = Array.from({ length: to - from }, (_, at) => runningPod(`p-${cluster}-${from + at}`, from + at));
  const more = to < count ? { continue: String(to), remainingItemCount: count - to } : {};
  send(response, 200, list('PodList', items, more));
}

/** With what a kubelet and a ReplicaSet add: about 2 KB. */
function runningPod(name: string, at: number): object {
  const { metadata, spec } = pod(name, `node-${at % 100}`) as { metadata: object; spec: object };
  const identity = { namespace: NAMESPACE, uid: `${name}-uid`, resourceVersion: String(at + 1) };
  const conditions = ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
    type,
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime: '2026-01-01T00:00:00Z',
  }));
  const status = { phase: 'Running', conditions, hostIP: '10.0.0.1', podIP: `10.1.${at >> 8}.${at & 255}` };
  return { metadata: { ...metadata, ...identity, creationTimestamp: '2026-01-01T00:00:00Z' }, spec, status };
}

const kubeconfig = (name: string, server: string) => ({
  apiVersion: 'v1',
  kind: 'Config',
  // The library asks for it where there is no TLS at all.
  clusters: [{ name, cluster: { server, 'insecure-skip-tls-verify': true } }],
  users: [{ name, user: { token: 'fake' } }],
  contexts: [{ name, context: { cluster: name, user: name } }],
  'current-context': name,
});
