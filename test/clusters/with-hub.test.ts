/** The same controllers over the real hub: its schemas, conflicts, informers and namespaces. */
import { afterEach, expect, it } from 'vitest';
import { CLUSTER_REGISTRATIONS, NAMESPACES, SECRETS, SYNC_TARGETS } from '../../src/clusters/kinds.ts';
import { startRegistrationController } from '../../src/clusters/registration-controller.ts';
import { createClusterRegistry } from '../../src/clusters/registry.ts';
import { createHub } from '../../src/hub/hub.ts';
import type { ClusterRegistration, SyncTarget } from '../../src/hub/kinds/workload.ts';
import { openSqliteStore } from '../../src/hub/store/sqlite.ts';
import { systemClock } from '../../src/reconcile/clock.ts';
import { silentLogger } from '../../src/reconcile/logger.ts';
import { byPath, json, startFaultServer, status } from '../support/fault-server.ts';
import { waitFor } from '../support/wait-for.ts';
import { registration, secretWith } from './fixtures.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

it('registers, reports, rotates and removes a cluster in a hub', async () => {
  const server = await startFaultServer(
    byPath({
      '/readyz': status(200, 'ok'),
      '/version': json({ gitVersion: 'v1.37.1' }),
      '/api': json({ kind: 'APIGroupDiscoveryList', items: [] }),
      '/apis': json({ kind: 'APIGroupDiscoveryList', items: [] }),
    }),
  );
  const store = openSqliteStore(':memory:');
  const hub = await createHub({ store, profile: 'hub' });
  const stop = new AbortController();
  const warnings: object[] = [];
  const log = { ...silentLogger, warn: (fields: object) => void warnings.push(fields) };
  const registry = createClusterRegistry({ hub, clock: systemClock, log, timings: { probeIntervalMs: 50 } });
  startRegistrationController({ hub, registry, signal: stop.signal, log });
  closers.push(
    () => server.close(),
    () => store.close(),
    () => hub.close(),
    () => registry.close(),
    () => stop.abort(),
  );

  const { client } = hub;
  const ref = { workspace: 'root', name: 'east' };
  if (!(await client.get({ ...NAMESPACES, workspace: 'root', name: 'default' }))) {
    await client.create('root', NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } });
  }
  await client.create('root', SECRETS, secretWith('east', { token: 'first' }));
  await client.create('root', CLUSTER_REGISTRATIONS, registration('east', server.origin, { labels: { tier: 'gold' } }));
  const target = await waitFor('the target to be ready', async () => {
    const found = await client.get<SyncTarget>({ ...SYNC_TARGETS, ...ref });
    return found?.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True' && found;
  });
  expect(target.metadata.labels).toEqual({ tier: 'gold' });
  expect(await client.get<ClusterRegistration>({ ...CLUSTER_REGISTRATIONS, ...ref })).toMatchObject({
    status: { slot: 1, health: 'Healthy' },
  });
  expect(registry.get('root:a', 'east')).toMatchObject({ uid: target.metadata.uid, slot: 1 });

  const body = { data: { token: Buffer.from('second').toString('base64') } };
  await client.patch({ ...SECRETS, ...ref, namespace: 'default' }, { type: 'merge', body });
  await waitFor('the new token', () => server.requests.at(-1)?.headers.authorization === 'Bearer second');

  await client.delete({ ...CLUSTER_REGISTRATIONS, ...ref });
  await waitFor('the target to go', async () => !(await client.get({ ...SYNC_TARGETS, ...ref })));
  expect(registry.all()).toEqual([]);
  // Conflicts between the controller's own writes would show here.
  expect(warnings).toEqual([]);
});
