import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type EmbeddedCluster, startEmbeddedCluster } from '../../src/embedded/cluster.ts';
import type { Pod } from '../../src/embedded/types.ts';
import type { ApiRequest, ApiResponse } from '../../src/kube/api.ts';
import { parseRequestInfo } from '../../src/kube/request-info.ts';
import { silentLogger } from '../../src/reconcile/logger.ts';

/** What the tests look at; anything may be asked of parsed JSON. */
// biome-ignore lint/suspicious/noExplicitAny: the answer's shape is what is being tested
type Answer = any;

let cluster: EmbeddedCluster;
beforeAll(async () => {
  cluster = await startEmbeddedCluster({ name: 'east', file: ':memory:', nodes: 2, log: silentLogger });
});
afterAll(() => cluster.close());

async function call(
  method: string,
  url: string,
  body?: object,
): Promise<{ status: number; text: string; json: Answer }> {
  const { pathname, searchParams } = new URL(url, 'http://x');
  const request: ApiRequest = {
    workspace: 'root',
    info: parseRequestInfo(method, pathname, searchParams),
    method,
    query: searchParams,
    headers: {
      accept: 'application/json',
      'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
    },
    body: Buffer.from(body ? JSON.stringify(body) : ''),
    user: { name: 'admin', groups: ['system:masters'], extra: {} },
    signal: new AbortController().signal,
    auditId: 'test',
  };
  const response = (await cluster.handle(request)) as ApiResponse;
  const chunks: Uint8Array[] = [];
  if (response.body instanceof Uint8Array) chunks.push(response.body);
  else if (typeof response.body !== 'function') for await (const chunk of response.body) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString();
  return { status: response.status, text, json: text.startsWith('{') ? JSON.parse(text) : undefined };
}

const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const template = (image: string) => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', image, ports: [{ name: 'http', containerPort: 80 }] }] },
});
const readyPods = async () => {
  const { json } = await call('GET', '/api/v1/namespaces/default/pods?labelSelector=app%3Dweb');
  return json.items.filter((pod: Pod) => pod.status?.phase === 'Running' && !pod.metadata.deletionTimestamp);
};

test('a Deployment becomes running pods on both nodes, scales, rolls and goes', async () => {
  await call('POST', DEPLOYMENTS, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { replicas: 4, selector: { matchLabels: { app: 'web' } }, template: template('nginx:1') },
  });
  await vi.waitFor(async () => expect(await readyPods()).toHaveLength(4), { timeout: 5_000 });
  expect(new Set((await readyPods()).map((pod: Pod) => pod.spec.nodeName))).toEqual(
    new Set(['east-node-1', 'east-node-2']),
  );
  await vi.waitFor(async () => {
    const { json } = await call('GET', `${DEPLOYMENTS}/web`);
    expect(json.status).toMatchObject({
      readyReplicas: 4,
      availableReplicas: 4,
      updatedReplicas: 4,
      observedGeneration: 1,
    });
  });

  await call('PATCH', `${DEPLOYMENTS}/web`, { spec: { replicas: 2, template: template('nginx:2') } });
  await vi.waitFor(
    async () => {
      const images = (await readyPods()).map((pod: Pod) => pod.spec.containers[0]?.image);
      expect(images).toEqual(['nginx:2', 'nginx:2']);
    },
    { timeout: 5_000 },
  );

  await call('DELETE', `${DEPLOYMENTS}/web`);
  await vi.waitFor(async () => expect((await call('GET', '/api/v1/pods')).json.items).toHaveLength(0), {
    timeout: 5_000,
  });
  expect((await call('GET', '/apis/apps/v1/replicasets')).json.items).toHaveLength(0);
});

test('a Service gets an EndpointSlice of the ready pods it selects', async () => {
  await call('POST', '/api/v1/namespaces/default/services', {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'api' },
    spec: { selector: { app: 'api' }, ports: [{ port: 80, targetPort: 'http' }] },
  });
  await call('POST', '/api/v1/namespaces/default/pods', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'api', labels: { app: 'api' } },
    spec: { containers: [{ name: 'api', image: 'api', ports: [{ name: 'http', containerPort: 8080 }] }] },
  });
  await vi.waitFor(
    async () => {
      const { json } = await call('GET', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices');
      expect(json.items[0]?.endpoints[0]).toMatchObject({ conditions: { ready: true }, targetRef: { name: 'api' } });
      expect(json.items[0]?.ports[0]).toMatchObject({ port: 8080 });
    },
    { timeout: 5_000 },
  );
  const log = await call('GET', '/api/v1/namespaces/default/pods/api/log');
  expect(log.text).toMatch(/^api started on east-node-\d in cluster east\n$/);
});

test('a Job runs to completion and keeps what its command printed', async () => {
  await call('POST', '/apis/batch/v1/namespaces/default/jobs', {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'once' },
    spec: {
      template: {
        metadata: { labels: { job: 'once' } },
        spec: {
          restartPolicy: 'Never',
          containers: [{ name: 'c', image: 'busybox', command: ['sh', '-c', 'echo done'] }],
        },
      },
    },
  });
  await vi.waitFor(
    async () => {
      const { json } = await call('GET', '/apis/batch/v1/namespaces/default/jobs/once');
      expect(json.status).toMatchObject({ succeeded: 1, conditions: [{}, { type: 'Complete', status: 'True' }] });
    },
    { timeout: 5_000 },
  );
  const { json } = await call('GET', '/api/v1/namespaces/default/pods?labelSelector=job%3Donce');
  const log = await call('GET', `/api/v1/namespaces/default/pods/${json.items[0].metadata.name}/log`);
  expect(log.text).toContain('done\n');
});

test('a pod that fits nowhere says why', async () => {
  await call('POST', '/api/v1/namespaces/default/pods', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'huge' },
    spec: { containers: [{ name: 'c', image: 'c', resources: { requests: { cpu: '100' } } }] },
  });
  await vi.waitFor(async () => {
    const { json } = await call('GET', '/api/v1/namespaces/default/pods/huge');
    expect(json.status.conditions[0].message).toBe('0/2 nodes are available: 2 Insufficient cpu.');
  });
});
