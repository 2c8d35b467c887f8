/** Objects that reach their clusters: authored in the view and synced, against a bare client that writes them itself. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, measure } from '../load.ts';
import { configMap } from '../objects.ts';
import type { Row } from '../report.ts';
import { fill, MEMBERS, type Rig } from '../rig.ts';

const OBJECTS = 2_000;
const PATIENCE_MS = 120_000;
const PATH = '/api/v1/namespaces/default/configmaps';

const PLACEMENT = {
  apiVersion: 'placement.kcp.io/v1alpha1',
  kind: 'Placement',
  metadata: { name: 'bench' },
  spec: {
    workloadSelector: { matchLabels: { bench: 'sync' } },
    placementPolicy: { strategy: 'Spread', minClusters: MEMBERS },
  },
};

export async function syncCase(rig: Rig): Promise<Row[]> {
  const bare = await measure({ workers: 32, count: OBJECTS * MEMBERS }, (index) => {
    const { client } = rig.members[index % MEMBERS] as Rig['members'][number];
    return client.send('POST', PATH, JSON.stringify(configMap(`bare-${index}`)));
  });
  rig.progress(`syncing ${OBJECTS} ConfigMaps to ${MEMBERS} clusters`);
  await rig.hub.send('POST', '/apis/placement.kcp.io/v1alpha1/placements', JSON.stringify(PLACEMENT));
  const started = performance.now();
  await fill(rig.view, PATH, OBJECTS, (index) => configMap(`sync-${index}`, { bench: 'sync' }));
  await Promise.all(rig.members.map(({ client }) => untilThere(rig, client)));
  const seconds = (performance.now() - started) / 1000;
  const what = `objects per second into ${MEMBERS} clusters (baseline: a bare client)`;
  return [{ what, unit: '1/s', baseline: bare.perSecond, ours: (OBJECTS * MEMBERS) / seconds }];
}

async function untilThere(rig: Rig, client: Client): Promise<void> {
  const namespace = await rig.downstreamNamespace(client);
  const path = `/api/v1/namespaces/${namespace}/configmaps?labelSelector=bench%3Dsync`;
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const { items } = JSON.parse((await client.send('GET', path)).toString()) as { items: unknown[] };
    if (items.length >= OBJECTS) return;
    if (Date.now() > deadline) throw new Error(`${client.subject.name} has ${items.length} of ${OBJECTS} objects`);
    await sleep(100);
  }
}
