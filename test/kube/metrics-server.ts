/** A metrics-server for test clusters: the aggregated API behind `kubectl top` and HorizontalPodAutoscalers. */
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { KubeObject } from '../../src/kube/object.ts';
import type { KubeCluster } from './kube-cluster.ts';

interface Usage {
  readonly cpu: string;
  readonly memory: string;
}

export interface MetricsOptions {
  /** What each container uses; default 10m and 64Mi. */
  readonly container?: () => Usage;
  /** What each node uses; default 1 CPU and 4Gi. */
  readonly node?: () => Usage;
}

const service = { namespace: 'kube-system', name: 'metrics-server' };
const clusterIP = '10.96.0.100';
const prefix = '/apis/metrics.k8s.io/v1beta1';

/** Registers it and waits until it is served. @returns what ends it; the APIService stays, then unavailable. */
export async function installMetricsServer(cluster: KubeCluster, options: MetricsOptions = {}): Promise<() => void> {
  const hosts = [`${service.name}.${service.namespace}.svc`];
  const { keyPem, certPem } = await cluster.issueCertificate({ user: service.name, hosts });
  const server = createServer({ key: keyPem, cert: certPem }, answerMetrics(cluster, options));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  server.unref();
  cluster.routeTo(`${clusterIP}:443`, { host: '127.0.0.1', port: (server.address() as AddressInfo).port });

  for (const [path, body] of registration(cluster)) await cluster.fetchOk(path, { method: 'POST', body });
  await cluster.waitFor('metrics.k8s.io', async () => (await cluster.fetch(`${prefix}/nodes`)).status === 200);
  return () => {
    server.closeAllConnections();
    server.close();
  };
}

function registration(cluster: KubeCluster): [path: string, object: KubeObject][] {
  const { namespace, name } = service;
  const metadata = { namespace, name, labels: { 'kubernetes.io/service-name': name } };
  const port = { name: 'https', port: 443, protocol: 'TCP' };
  return [
    [
      `/api/v1/namespaces/${namespace}/services`,
      { apiVersion: 'v1', kind: 'Service', metadata, spec: { clusterIP, ports: [port] } },
    ],
    [
      `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`,
      {
        ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata, addressType: 'IPv4', ports: [port] },
        endpoints: [{ addresses: ['10.244.255.1'], conditions: { ready: true } }],
      },
    ],
    [
      '/apis/apiregistration.k8s.io/v1/apiservices',
      {
        apiVersion: 'apiregistration.k8s.io/v1',
        kind: 'APIService',
        metadata: { name: 'v1beta1.metrics.k8s.io' },
        spec: {
          group: 'metrics.k8s.io',
          version: 'v1beta1',
          service,
          caBundle: Buffer.from(cluster.caPem).toString('base64'),
          groupPriorityMinimum: 100,
          versionPriority: 100,
        },
      },
    ],
  ];
}

/** Metrics are made up from the cluster's own pods and nodes, so that selectors and namespaces mean what they do there. */
function answerMetrics(cluster: KubeCluster, options: MetricsOptions): RequestListener {
  const containerUsage = options.container ?? (() => ({ cpu: '10m', memory: '64Mi' }));
  const nodeUsage = options.node ?? (() => ({ cpu: '1', memory: '4Gi' }));
  const toMetrics = (kind: string, { metadata, spec }: PodOrNode) => ({
    apiVersion: 'metrics.k8s.io/v1beta1',
    kind,
    metadata: { ...metadata, managedFields: undefined },
    timestamp: new Date().toISOString(),
    window: '15s',
    ...(kind === 'NodeMetrics'
      ? { usage: nodeUsage() }
      : { containers: (spec.containers ?? []).map(({ name }) => ({ name, usage: containerUsage() })) }),
  });

  return async (request, response) => {
    const reply = (status: number, body: object) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    const url = request.url ?? '';
    if (url.split('?')[0] === prefix) return reply(200, resourceList);
    const path = url.startsWith(`${prefix}/`) ? `/api/v1${url.slice(prefix.length)}` : undefined;
    if (path === undefined) return reply(404, notFound);
    try {
      const kind = /\/nodes\b/.test(path) ? 'NodeMetrics' : 'PodMetrics';
      const { status, json } = await cluster.fetch<PodOrNode & { items?: PodOrNode[] }>(path);
      if (status !== 200) return reply(status, json);
      if (json.items === undefined) return reply(200, toMetrics(kind, json));
      const items = json.items.map((item) => toMetrics(kind, item));
      reply(200, { apiVersion: 'metrics.k8s.io/v1beta1', kind: `${kind}List`, metadata: {}, items });
    } catch (error) {
      reply(503, { ...notFound, code: 503, reason: 'ServiceUnavailable', message: String(error) });
    }
  };
}

interface PodOrNode extends KubeObject {
  readonly spec: { readonly containers?: readonly { readonly name: string }[] };
}

const resource = (name: string, kind: string, namespaced: boolean) => ({
  ...{ name, kind, namespaced, singularName: '', verbs: ['get', 'list'] },
});
const resourceList = {
  apiVersion: 'v1',
  kind: 'APIResourceList',
  groupVersion: 'metrics.k8s.io/v1beta1',
  resources: [resource('nodes', 'NodeMetrics', false), resource('pods', 'PodMetrics', true)],
};
const notFound = { apiVersion: 'v1', kind: 'Status', status: 'Failure', reason: 'NotFound', code: 404 };
