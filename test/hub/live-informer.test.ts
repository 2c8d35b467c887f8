import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HubClient } from '../../src/hub/client.ts';
import { createHub, type Hub } from '../../src/hub/hub.ts';
import { LiveInformer } from '../../src/hub/live-informer.ts';
import { openSqliteStore } from '../../src/hub/store/sqlite.ts';
import { silentLogger } from '../../src/reconcile/logger.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { waitFor } from '../support/wait-for.ts';

const CONFIG_MAPS = { group: '', resource: 'configmaps' };
const ref = (name: string, workspace = 'root') => ({ ...CONFIG_MAPS, workspace, namespace: 'default', name });
const configMap = (name: string, labels: Record<string, string>, finalizers: string[] = []) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default', labels, finalizers },
});

let hub: Hub;
let stop: AbortController;
let clock: ManualClock;
beforeEach(async () => {
  stop = new AbortController();
  clock = new ManualClock();
  hub = await createHub({ store: openSqliteStore(':memory:'), profile: 'hub' });
});
afterEach(async () => {
  stop.abort();
  await hub.close();
});

describe('an informer of objects with a label', () => {
  const keeps = (object: { metadata: { finalizers?: string[] } }) =>
    object.metadata.finalizers?.includes('x/held') === true;
  const follow = async (client: Pick<HubClient, 'get' | 'list' | 'watch'> = hub.client) => {
    const options = { clock, log: silentLogger, signal: stop.signal };
    const informer = new LiveInformer(client, CONFIG_MAPS, options, { labelSelector: 'placed=yes', keeps });
    await informer.whenSynced();
    return informer;
  };
  const strip = (name: string) =>
    hub.client.patch(ref(name), { type: 'merge', body: { metadata: { labels: { placed: null } } } });
  const seen = (informer: LiveInformer, name: string) => informer.get('root', 'default', name);

  it('sees no other', async () => {
    await hub.client.create('root', CONFIG_MAPS, configMap('in', { placed: 'yes' }));
    await hub.client.create('root', CONFIG_MAPS, configMap('out', {}));
    const informer = await follow();
    expect([...informer.list()].map(({ object }) => object.metadata.name)).toEqual(['in']);
  });

  it('shows an object that lost the label as it is, not as deleted', async () => {
    await hub.client.create('root', CONFIG_MAPS, configMap('a', { placed: 'yes' }));
    const informer = await follow();
    const deleted: string[] = [];
    informer.subscribe(({ object, previous }) => {
      if (object === undefined) deleted.push(previous?.metadata.name ?? '');
    });
    await strip('a');
    await waitFor('it to be seen', () => seen(informer, 'a')?.metadata.labels === undefined);
    expect(deleted).toEqual([]);
  });

  it('forgets it after a while, but not while something keeps it', async () => {
    await hub.client.create('root', CONFIG_MAPS, configMap('loose', { placed: 'yes' }));
    await hub.client.create('root', CONFIG_MAPS, configMap('held', { placed: 'yes' }, ['x/held']));
    const informer = await follow();
    await Promise.all([strip('loose'), strip('held')]);
    await waitFor('both to be seen', () =>
      ['loose', 'held'].every((name) => seen(informer, name)?.metadata.labels === undefined),
    );
    await waitFor('the one to be forgotten', async () => {
      await clock.advance(1_000);
      return seen(informer, 'loose') === undefined;
    });
    expect(seen(informer, 'held')).toBeDefined();
    await hub.client.delete(ref('held'));
    await hub.client.patch(ref('held'), { type: 'merge', body: { metadata: { finalizers: null } } });
    await waitFor('the other to go with the object', async () => {
      await clock.advance(1_000);
      return seen(informer, 'held') === undefined;
    });
  });

  it('takes a deleted one away at once', async () => {
    await hub.client.create('root', CONFIG_MAPS, configMap('a', { placed: 'yes' }));
    const informer = await follow();
    await hub.client.delete(ref('a'));
    await waitFor('it to go', () => seen(informer, 'a') === undefined);
  });
});
