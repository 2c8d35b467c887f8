import { afterEach, describe, expect, it } from 'vitest';
import type { ClusterChange, ClusterRegistry } from '../../src/clusters/downstream.ts';
import { CLUSTER_REGISTRATIONS, SECRETS, SYNC_TARGETS } from '../../src/clusters/kinds.ts';
import { createClusterRegistry } from '../../src/clusters/registry.ts';
import type { ClusterRegistration } from '../../src/hub/kinds/workload.ts';
import { systemClock } from '../../src/reconcile/clock.ts';
import { silentLogger } from '../../src/reconcile/logger.ts';
import { type FaultServer, startFaultServer, status } from '../support/fault-server.ts';
import { MemoryHub } from '../support/memory-hub.ts';
import { waitFor } from '../support/wait-for.ts';
import { register, registration, secretWith } from './fixtures.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function setUp(): Promise<{ hub: MemoryHub; server: FaultServer; registry: ClusterRegistry; changes: string[] }> {
  const hub = new MemoryHub();
  const server = await startFaultServer();
  const registry = createClusterRegistry({
    hub,
    clock: systemClock,
    log: silentLogger,
    timings: { probeIntervalMs: 50, probeDownIntervalMs: 50, probeDeadlineMs: 200 },
  });
  const changes: string[] = [];
  registry.onChange(({ type, downstream }: ClusterChange) => changes.push(`${type} ${downstream.clusterName}`));
  closers.push(
    () => server.close(),
    () => registry.close(),
  );
  await registry.whenLoaded();
  return { hub, server, registry, changes };
}

const edit = async (hub: MemoryHub, name: string, change: (spec: ClusterRegistration['spec']) => void) => {
  const found = await hub.client.get<ClusterRegistration>({ ...CLUSTER_REGISTRATIONS, workspace: 'root', name });
  change(found!.spec);
  await hub.client.update('root', CLUSTER_REGISTRATIONS, found!);
};

const bearer = async (registry: ClusterRegistry, server: FaultServer, path: string): Promise<string | undefined> => {
  const response = await registry.get('root', 'east')!.fetch({ method: 'GET', path });
  expect(response.status).toBe(200);
  return server.requests.findLast(({ url }) => url === path)?.headers.authorization;
};

describe('cluster registry', () => {
  it('connects what is registered, with its identity and credentials', async () => {
    const { hub, server, registry } = await setUp();
    await register(hub, 'root', 'east', server.origin, { slot: 7, token: 'first' });
    await registry.whenLoaded();
    const east = registry.get('root:a', 'east')!;
    expect(east).toMatchObject({ clusterName: 'east', workspace: 'root', slot: 7, namespaceMapping: 'Hashed' });
    expect(registry.byKey(east.key)).toBe(east);
    expect(await bearer(registry, server, '/x')).toBe('Bearer first');
    await waitFor('a probe', () => east.health().state === 'Healthy');
  });

  it('takes rotated credentials without dropping the cluster', async () => {
    const { hub, server, registry, changes } = await setUp();
    await register(hub, 'root', 'east', server.origin, { slot: 1, token: 'first' });
    await registry.whenLoaded();
    const east = registry.get('root', 'east')!;
    const secret = { ...SECRETS, workspace: 'root', namespace: 'default', name: 'east' };
    await hub.client.patch(secret, { type: 'merge', body: secretWith('east', { token: 'second' }) });
    await waitFor('the new token', async () => (await bearer(registry, server, '/x')) === 'Bearer second');
    expect(registry.get('root', 'east')).toBe(east);
    expect(east.signal.aborted).toBe(false);
    expect(changes.filter((change) => change.startsWith('joined') || change.startsWith('left'))).toEqual([
      'joined east',
    ]);
  });

  it('follows a registration that names another Secret', async () => {
    const { hub, server, registry } = await setUp();
    await register(hub, 'root', 'east', server.origin, { slot: 1, token: 'first' });
    await hub.client.create('root', SECRETS, secretWith('other', { token: 'other' }));
    await edit(hub, 'east', (spec) => (spec.credentials = { secretRef: { namespace: 'default', name: 'other' } }));
    await registry.whenLoaded();
    expect(await bearer(registry, server, '/x')).toBe('Bearer other');
  });

  it('says why when there is no Secret, and connects when it comes', async () => {
    const { hub, server, registry } = await setUp();
    await register(hub, 'root', 'east', server.origin, { slot: 1 });
    const ref = { ...SECRETS, workspace: 'root', namespace: 'default', name: 'east' };
    await hub.client.delete(ref);
    const east = registry.get('root', 'east')!;
    await waitFor('the loss to be noticed', () => east.health().reason.includes('does not exist'));
    await expect(east.fetch({ method: 'GET', path: '/' })).rejects.toMatchObject({ kind: 'authentication' });
    await hub.client.create('root', SECRETS, secretWith('east', { token: 'back' }));
    await waitFor('the return', () => east.health().state === 'Healthy');
  });

  it('is another connection when the endpoint changes: the old one is aborted', async () => {
    const { hub, server, registry, changes } = await setUp();
    await register(hub, 'root', 'east', server.origin, { slot: 1 });
    await registry.whenLoaded();
    const before = registry.get('root', 'east')!;
    const second = await startFaultServer(status(200, 'second'));
    closers.push(() => second.close());
    await edit(hub, 'east', (spec) => (spec.endpoint = { serverURL: second.origin }));
    await registry.whenLoaded();
    expect(before.signal.aborted).toBe(true);
    const answer = await registry.get('root', 'east')!.fetch({ method: 'GET', path: '/' });
    expect(answer.body.toString()).toBe('second');
    expect(changes.filter((change) => !change.startsWith('health'))).toEqual([
      'joined east',
      'left east',
      'joined east',
    ]);
    await expect(before.fetch({ method: 'GET', path: '/' })).rejects.toMatchObject({ name: 'ClusterError' });
  });

  it('leaves when the registration or its target goes', async () => {
    const { hub, server, registry } = await setUp();
    await register(hub, 'root', 'east', server.origin, { slot: 1 });
    const east = registry.get('root', 'east')!;
    await hub.client.delete({ ...SYNC_TARGETS, workspace: 'root', name: 'east' });
    expect(registry.get('root', 'east')).toBeUndefined();
    expect(registry.all()).toEqual([]);
    expect(east.signal.aborted).toBe(true);
  });

  it('narrows and widens who sees it without reconnecting', async () => {
    const { hub, server, registry, changes } = await setUp();
    await register(hub, 'root', 'east', server.origin, { slot: 1 });
    const east = registry.get('root', 'east');
    await edit(hub, 'east', (spec) => (spec.workspaces = ['root:b']));
    expect(registry.visibleTo('root:a')).toEqual([]);
    expect(registry.visibleTo('root:b')).toEqual([east]);
    expect(changes).toContain('visibility east');
    expect(east?.signal.aborted).toBe(false);
  });

  it('waits for a slot and never connects to an address that would carry a token in the clear', async () => {
    const { hub, registry } = await setUp();
    await hub.client.create('root', CLUSTER_REGISTRATIONS, registration('unslotted', 'https://10.0.0.1'));
    await register(hub, 'root', 'plain', 'http://10.0.0.1:8080', { slot: 2 });
    await registry.whenLoaded();
    expect(registry.all()).toEqual([]);
  });
});
