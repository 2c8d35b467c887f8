/** How long other work waits while lists of 100 MB stream: the gateway's own event-loop delay (perf_hooks monitorEventLoopDelay). */
import type { Client } from '../load.ts';
import { processFacts } from '../process-facts.ts';
import type { Row } from '../report.ts';
import { fill, type Rig } from '../rig.ts';

const OBJECTS = 2_000;
const OBJECT_BYTES = 50_000;
const PATH = '/api/v1/namespaces/large/configmaps';
const REPEATS = 3;

export async function lagCase(rig: Rig): Promise<Row[]> {
  rig.progress(`creating ${OBJECTS} ConfigMaps of ${OBJECT_BYTES / 1000} kB`);
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'large' } };
  await rig.hub.send('POST', '/api/v1/namespaces', JSON.stringify(namespace));
  const data = { large: 'x'.repeat(OBJECT_BYTES) };
  await fill(rig.hub, PATH, OBJECTS, (index) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: `l-${index}` },
    data,
  }));
  const rows: Row[] = [];
  for (const [door, client] of [
    ['hub', rig.hub],
    ['view', rig.view],
  ] as const) {
    const what = `event-loop lag p99 while lists of 100 MB stream from the ${door}`;
    rows.push({ what, unit: 'ms', ours: await lagWhileListing(client), wanted: '≤ 50' });
  }
  return rows;
}

async function lagWhileListing(client: Client): Promise<number> {
  await processFacts(client);
  for (let round = 0; round < REPEATS; round++) {
    const bytes = await client.drain(PATH);
    if (bytes < OBJECTS * OBJECT_BYTES) throw new Error(`${client.subject.name}: the list has ${bytes} bytes only`);
  }
  return (await processFacts(client)).eventLoopLagP99Ms;
}
