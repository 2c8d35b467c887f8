/** Evictions and preconditions through a view: to the cluster where the pod runs, in that cluster's terms. */
import { afterEach, expect, test } from 'vitest';
import { COPY_LABEL, COPY_UID_ANNOTATION } from '../../src/hub/kinds/workload.ts';
import { FakeCluster, PODS } from '../support/fake-cluster.ts';
import { startView, type ViewHarness } from './view-harness.ts';

const PODS_URL = '/api/v1/namespaces/default/pods';
const WITH_EVICTION = {
  ...PODS,
  subresources: [{ name: 'eviction', kind: 'Eviction', group: 'policy', version: 'v1', verbs: ['create'] }],
};
const open: ViewHarness[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((harness) => harness.close()));
});

const cluster = (name: string, slot: number) => new FakeCluster({ name, slot, resources: [WITH_EVICTION] });
const eviction = (name: string, deleteOptions: object = {}) => ({
  apiVersion: 'policy/v1',
  kind: 'Eviction',
  metadata: { name, namespace: 'default' },
  deleteOptions,
});

async function setUp() {
  const [east, west] = [cluster('east', 1), cluster('west', 2)];
  const harness = await startView(east, west);
  open.push(harness);
  return { east, west, ...harness };
}

/** A Pod of the hub and its copy in a cluster. */
async function authored(harness: Pick<ViewHarness, 'call'>, east: FakeCluster) {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'solo' } };
  const spec = { containers: [{ name: 'c', image: 'i' }] };
  const { uid } = (await harness.call('POST', PODS_URL, { ...pod, spec })).json.metadata;
  const copy = east.put(PODS, {
    metadata: {
      name: 'solo',
      namespace: 'default',
      uid: '11111111-1111-1111-1111-111111111111',
      labels: { [COPY_LABEL]: east.key },
      annotations: { [COPY_UID_ANNOTATION]: uid },
    },
  });
  return { uid, copyUid: copy.metadata.uid as string };
}

const sentTo = (east: FakeCluster) => {
  const sent = east.requests.findLast(({ path }) => path.endsWith('/eviction'));
  return { path: sent?.path, body: JSON.parse(Buffer.from(sent?.body as Uint8Array).toString()) };
};

test('an eviction goes to the cluster of the pod by its own name', async () => {
  const { east, west, call } = await setUp();
  for (const one of [east, west]) one.put(PODS, { metadata: { name: 'web', namespace: 'default' } });
  const { status } = await call('POST', `${PODS_URL}/web@west/eviction`, eviction('web@west'));
  expect(status).toBe(201);
  expect(sentTo(west)).toMatchObject({ path: `${PODS_URL}/web/eviction`, body: { metadata: { name: 'web' } } });
});

test('what a disruption budget refuses is refused with its words and when to try again', async () => {
  const { east, call, hub } = await setUp();
  await authored({ call }, east);
  const message = "Cannot evict pod as it would violate the pod's disruption budget.";
  const refusal = {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    reason: 'TooManyRequests',
    code: 429,
    message,
  };
  east.instead = ({ path }) =>
    path.endsWith('/eviction')
      ? {
          status: 429,
          headers: { 'content-type': 'application/json', 'retry-after': '10' },
          body: Object.assign([Buffer.from(JSON.stringify(refusal))].values() as never, { destroy: () => {} }) as never,
        }
      : undefined;
  const answer = await call('POST', `${PODS_URL}/solo/eviction`, eviction('solo'));
  expect(answer).toMatchObject({ status: 429, json: { reason: 'TooManyRequests', message } });
  expect(answer.headers['retry-after']).toBe('10');
  expect(
    await hub.client.get({ group: '', resource: 'pods', workspace: 'root', namespace: 'default', name: 'solo' }),
  ).toBeDefined();
});

test('an authored pod that is evicted is gone, and the precondition names its copy there', async () => {
  const { east, call } = await setUp();
  const { uid, copyUid } = await authored({ call }, east);
  const options = { preconditions: { uid }, gracePeriodSeconds: 0 };
  expect((await call('POST', `${PODS_URL}/solo/eviction`, eviction('solo', options))).status).toBe(201);
  expect(sentTo(east).body.deleteOptions.preconditions.uid).toBe(copyUid);
  expect((await call('GET', `${PODS_URL}/solo`)).status).toBe(404);
});

test('a trial of an eviction leaves the authored pod', async () => {
  const { east, call } = await setUp();
  await authored({ call }, east);
  expect((await call('POST', `${PODS_URL}/solo/eviction`, eviction('solo', { dryRun: ['All'] }))).status).toBe(201);
  expect((await call('GET', `${PODS_URL}/solo`)).status).toBe(200);
});
