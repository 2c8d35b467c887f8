import { afterEach, describe, expect, it } from 'vitest';
import type { ClusterRegistry } from '../../src/clusters/downstream.ts';
import { CLUSTER_REGISTRATIONS, LEASES, SECRETS, SYNC_TARGETS } from '../../src/clusters/kinds.ts';
import { startRegistrationController } from '../../src/clusters/registration-controller.ts';
import { createClusterRegistry } from '../../src/clusters/registry.ts';
import type { ClusterRegistration, SyncTarget } from '../../src/hub/kinds/workload.ts';
import { systemClock } from '../../src/reconcile/clock.ts';
import { silentLogger } from '../../src/reconcile/logger.ts';
import { byPath, type FaultServer, json, startFaultServer, status } from '../support/fault-server.ts';
import { MemoryHub } from '../support/memory-hub.ts';
import { waitFor } from '../support/wait-for.ts';
import { registration, secretWith } from './fixtures.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const apps = {
  kind: 'APIGroupDiscoveryList',
  items: [
    {
      metadata: { name: 'apps' },
      versions: [
        {
          version: 'v1',
          resources: [
            {
              resource: 'deployments',
              responseKind: { kind: 'Deployment' },
              scope: 'Namespaced',
              verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
            },
            { resource: 'reviews', responseKind: { kind: 'Review' }, scope: 'Cluster', verbs: ['create'] },
          ],
        },
      ],
    },
  ],
};
const node = (ready: boolean) => ({
  status: {
    capacity: { cpu: '4', memory: '8Gi', pods: '110' },
    allocatable: { cpu: '3500m', memory: '7Gi', pods: '110' },
    conditions: [{ type: 'Ready', status: ready ? 'True' : 'Unknown' }],
  },
});
const answers = byPath({
  '/readyz': status(200, 'ok'),
  '/version': json({ gitVersion: 'v1.37.1' }),
  '/api': json({ kind: 'APIGroupDiscoveryList', items: [] }),
  '/apis': json(apps),
  '/api/v1/nodes': json({ items: [node(true), node(true), node(false)] }),
});

async function setUp(): Promise<{ hub: MemoryHub; server: FaultServer; registry: ClusterRegistry }> {
  const hub = new MemoryHub();
  const server = await startFaultServer(answers);
  const stop = new AbortController();
  const timings = { probeIntervalMs: 50, probeDownIntervalMs: 50, probeDeadlineMs: 200 };
  const registry = createClusterRegistry({ hub, clock: systemClock, log: silentLogger, timings });
  startRegistrationController({ hub, registry, signal: stop.signal, log: silentLogger });
  closers.push(
    () => server.close(),
    () => registry.close(),
    () => stop.abort(),
  );
  return { hub, server, registry };
}

const readTarget = (hub: MemoryHub, name: string, workspace = 'root') =>
  hub.client.get<SyncTarget>({ ...SYNC_TARGETS, workspace, name });
const readRegistration = (hub: MemoryHub, name: string, workspace = 'root') =>
  hub.client.get<ClusterRegistration>({ ...CLUSTER_REGISTRATIONS, workspace, name });
const conditionOf = (object: ClusterRegistration | SyncTarget | undefined, type: string) =>
  object?.status?.conditions?.find((each) => each.type === type);

async function join(
  hub: MemoryHub,
  name: string,
  url: string,
  spec: Partial<ClusterRegistration['spec']> = {},
  workspace = 'root',
) {
  await hub.client.create(workspace, SECRETS, secretWith(name, { token: 'token' }));
  await hub.client.create(workspace, CLUSTER_REGISTRATIONS, registration(name, url, spec));
}

describe('registration controller', () => {
  it('gives a slot, makes the SyncTarget and reports what the cluster offers', async () => {
    const { hub, server } = await setUp();
    await join(hub, 'east', server.origin, {
      location: { region: 'eu', zone: 'eu-1', provider: 'metal' },
      capabilities: ['gpu'],
      labels: { tier: 'gold' },
    });
    const target = await waitFor('the target to be ready', async () => {
      const found = await readTarget(hub, 'east');
      return (
        found?.status?.syncedResources &&
        found.status.capacity &&
        conditionOf(found, 'Ready')?.status === 'True' &&
        found
      );
    });
    expect(target.metadata.labels).toEqual({
      'capability.tmc.kcp.io/gpu': 'true',
      'tmc.kcp.io/provider': 'metal',
      'topology.kubernetes.io/region': 'eu',
      'topology.kubernetes.io/zone': 'eu-1',
      tier: 'gold',
    });
    expect(target.status).toMatchObject({
      capacity: { cpu: '12', memory: '24Gi', pods: '330' },
      allocatable: { cpu: '7', memory: '14Gi', pods: '220' },
      syncedResources: [{ group: 'apps', resource: 'deployments', versions: ['v1'], state: 'Accepted' }],
    });
    expect(target.status?.lastSyncerHeartbeatTime).toBeDefined();
    for (const type of ['Ready', 'SyncerReady', 'HeartbeatReady'])
      expect(conditionOf(target, type)?.status).toBe('True');
    expect((await readRegistration(hub, 'east'))?.status).toMatchObject({
      slot: 1,
      health: 'Healthy',
      kubernetesVersion: 'v1.37.1',
    });
  });

  it('reports a cluster that is gone, and its return', async () => {
    const { hub, server } = await setUp();
    await join(hub, 'east', server.origin);
    const isReady = (wanted: string) => async () =>
      conditionOf(await readTarget(hub, 'east'), 'Ready')?.status === wanted;
    await waitFor('ready', isReady('True'));
    server.answer((_request, response) => void response.socket?.destroy());
    await waitFor('not ready', isReady('False'), { timeoutMs: 5_000 });
    const gone = await readRegistration(hub, 'east');
    expect(gone?.status?.health).toBe('Unhealthy');
    expect(conditionOf(gone, 'HeartbeatReady')).toMatchObject({ status: 'False', reason: 'ClusterUnreachable' });
    server.answer(answers);
    await waitFor('ready again', isReady('True'), { timeoutMs: 5_000 });
  });

  it('writes nothing while nothing changes', async () => {
    const { hub, server } = await setUp();
    await join(hub, 'east', server.origin);
    await waitFor('the capacity', async () => (await readTarget(hub, 'east'))?.status?.syncedResources);
    const before = server.requests.length;
    const writes = hub.writes.length;
    await waitFor('ten more probes', () => server.requests.length > before + 10);
    expect(hub.writes.slice(writes)).toEqual([]);
  });

  it('says what is wrong with a registration that cannot be used', async () => {
    const { hub } = await setUp();
    await join(hub, 'east', 'http://10.0.0.1');
    const found = await waitFor('the condition', async () => {
      const read = await readRegistration(hub, 'east');
      return conditionOf(read, 'Ready') && read;
    });
    expect(conditionOf(found, 'Ready')).toMatchObject({ status: 'False', reason: 'InvalidEndpoint' });
    expect(await readTarget(hub, 'east')).toBeUndefined();
  });

  it('gives every cluster of the hub a slot of its own, and a freed one last', async () => {
    const { hub, server } = await setUp();
    const names = Array.from({ length: 12 }, (_, index) => `c${index}`);
    await Promise.all(names.map((name, index) => join(hub, name, server.origin, {}, index % 2 ? 'root:a' : 'root')));
    const slotOf = async (name: string, index: number) =>
      (await readRegistration(hub, name, index % 2 ? 'root:a' : 'root'))?.status?.slot;
    const slots = await waitFor('all slots', async () => {
      const found = await Promise.all(names.map(slotOf));
      return found.every((slot) => slot !== undefined) && found;
    });
    expect(new Set(slots).size).toBe(12);

    await hub.client.delete({ ...CLUSTER_REGISTRATIONS, workspace: 'root', name: 'c0' });
    await waitFor('the slot to be free', async () => {
      const { items } = await hub.client.list('root', LEASES);
      return items.some(({ object }) => (object.spec as { holderIdentity: string }).holderIdentity === '');
    });
    await join(hub, 'late', server.origin);
    const late = await waitFor('its slot', async () => (await readRegistration(hub, 'late'))?.status?.slot);
    expect(slots).not.toContain(late);
  });

  it('removes its SyncTarget with the registration, and the connection', async () => {
    const { hub, server, registry } = await setUp();
    await join(hub, 'east', server.origin);
    await waitFor('the connection', () => registry.get('root', 'east'));
    await hub.client.delete({ ...CLUSTER_REGISTRATIONS, workspace: 'root', name: 'east' });
    await waitFor('the target to go', async () => (await readTarget(hub, 'east')) === undefined);
    expect(registry.all()).toEqual([]);
  });

  it('renews a token that expires in good time, and leaves others alone', async () => {
    const { hub, server } = await setUp();
    const hour = 3_600_000;
    const at = (offset: number) => new Date(Date.now() + offset).toISOString();
    server.answer((request, response, body) => {
      const fresh = { status: { token: 'renewed', expirationTimestamp: at(10 * hour) } };
      if (request.method === 'POST' && request.url?.endsWith('/token')) json(fresh, 201)(request, response, body);
      else answers(request, response, body);
    });
    for (const [name, validity] of [
      ['due', `${at(-8 * hour)}/${at(2 * hour)}`],
      ['young', `${at(-1 * hour)}/${at(9 * hour)}`],
    ] as const) {
      await hub.client.create('root', SECRETS, secretWith(name, { token: 'first' }));
      const made = registration(name, server.origin);
      made.metadata.annotations = { 'tmc.kcp.io/token-validity': validity };
      await hub.client.create('root', CLUSTER_REGISTRATIONS, made);
    }
    const tokenOf = async (name: string) => {
      const secret = await hub.client.get({ ...SECRETS, workspace: 'root', namespace: 'default', name });
      return Buffer.from((secret!.data as { token: string }).token, 'base64').toString();
    };
    await waitFor('the new token', async () => (await tokenOf('due')) === 'renewed');
    await waitFor('its use', () => server.requests.at(-1)?.headers.authorization === 'Bearer renewed');
    expect((await readRegistration(hub, 'due'))?.metadata.annotations?.['tmc.kcp.io/token-validity']).toContain(
      at(10 * hour).slice(0, 13),
    );
    expect(await tokenOf('young')).toBe('first');
    expect(server.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  it('keeps labels that others put on the SyncTarget and takes back its own', async () => {
    const { hub, server } = await setUp();
    await join(hub, 'east', server.origin, { labels: { tier: 'gold' } });
    await waitFor('the target', () => readTarget(hub, 'east'));
    const ref = { ...SYNC_TARGETS, workspace: 'root', name: 'east' };
    await hub.client.patch(ref, { type: 'merge', body: { metadata: { labels: { mine: 'yes' } } } });
    const registrationRef = { ...CLUSTER_REGISTRATIONS, workspace: 'root', name: 'east' };
    await hub.client.patch(registrationRef, { type: 'merge', body: { spec: { labels: { tier: null, size: 'l' } } } });
    await waitFor('the labels', async () => (await readTarget(hub, 'east'))?.metadata.labels?.size);
    expect((await readTarget(hub, 'east'))?.metadata.labels).toEqual({ mine: 'yes', size: 'l' });
  });
});
