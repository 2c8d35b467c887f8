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

/** As kube-apiserver refuses (registry/rest/delete.go). */
function refuse(east: FakeCluster, message: string, copyUid: string): void {
  const refusal = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Conflict', code: 409, message };
  const body = Buffer.from(JSON.stringify({ ...refusal, details: { name: 'solo', uid: copyUid } }));
  east.instead = ({ method }) =>
    method === 'POST' || method === 'PATCH'
      ? {
          status: 409,
          headers: { 'content-type': 'application/json' },
          body: Object.assign([body].values() as never, { destroy: () => {} }) as never,
        }
      : undefined;
}

test('the version of an authored pod, as it is now, is that of its copy; any other is told as the client knows it', async () => {
  const { east, call } = await setUp();
  const { uid, copyUid } = await authored({ call }, east);
  const { resourceVersion } = (await call('GET', `${PODS_URL}/solo`)).json.metadata;
  const trial = (preconditions: object) =>
    call('POST', `${PODS_URL}/solo/eviction`, eviction('solo', { dryRun: ['All'], preconditions }));
  expect((await trial({ uid, resourceVersion })).status).toBe(201);
  const ownVersion = east.objects.get('/pods/default/solo')?.metadata.resourceVersion;
  expect(sentTo(east).body.deleteOptions.preconditions).toEqual({ uid: copyUid, resourceVersion: ownVersion });

  const text = (wanted: string, present: string): string =>
    `Operation cannot be fulfilled on Pod "solo": the ResourceVersion in the precondition (${wanted}) does not match the ResourceVersion in record (${present}). The object might have been modified`;
  refuse(east, text('1', ownVersion as string), copyUid);
  const stale = String(BigInt(resourceVersion) - (1n << 14n));
  const { json } = await trial({ resourceVersion: stale });
  expect(sentTo(east).body.deleteOptions.preconditions).toEqual({ resourceVersion: '1' });
  expect(json).toMatchObject({ code: 409, message: text(stale, resourceVersion), details: { name: 'solo', uid } });
});

test('what a cluster says of versions and uids of an object of its own is told as the view shows them', async () => {
  const { east, west, call } = await setUp();
  for (const one of [east, west])
    one.put(PODS, { metadata: { name: 'web', namespace: 'default', uid: `uid-${one.slot}` } });
  const shown = (await call('GET', `${PODS_URL}/web@east`)).json.metadata;
  const own = east.objects.get('/pods/default/web')?.metadata.resourceVersion;
  refuse(
    east,
    `Operation cannot be fulfilled on pods "web": StorageError: invalid object, Code: 4, Key: /registry/pods/default/web, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: nobody, UID in object meta: uid-1, ResourceVersion in object meta: ${own}`,
    '',
  );
  const patch = { metadata: { uid: 'nobody' } };
  const { json } = await call('PATCH', `${PODS_URL}/web@east`, patch, { type: 'application/merge-patch+json' });
  expect(json.message).toMatch(/^Operation cannot be fulfilled on pods "web@east": /);
  expect(json.message).toContain(
    `UID in precondition: nobody, UID in object meta: uid-1, ResourceVersion in object meta: ${shown.resourceVersion}`,
  );
});

test('the hub refuses in the versions that the view shows', async () => {
  const { call } = await setUp();
  const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm' } };
  const maps = '/api/v1/namespaces/default/configmaps';
  const { resourceVersion, uid } = (await call('POST', maps, map)).json.metadata;
  const stale = String(BigInt(resourceVersion) - (1n << 14n));
  const refused = await call('DELETE', `${maps}/m`, { preconditions: { resourceVersion: stale } });
  expect(refused.json).toMatchObject({
    code: 409,
    message: `Operation cannot be fulfilled on ConfigMap "m": the ResourceVersion in the precondition (${stale}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`,
  });
  expect((await call('DELETE', `${maps}/m`, { preconditions: { resourceVersion, uid } })).status).toBe(200);
});
