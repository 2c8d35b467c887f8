/** LIST of 10,000 ConfigMaps that the hub holds. */
import { type Client, measure } from '../load.ts';
import { configMap } from '../objects.ts';
import type { Row } from '../report.ts';
import { fill, type Rig } from '../rig.ts';

const OBJECTS = 10_000;
const PATH = '/api/v1/namespaces/many/configmaps';

export async function hubListCase(rig: Rig): Promise<Row[]> {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'many' } };
  rig.progress(`creating ${OBJECTS} ConfigMaps in both`);
  for (const client of [rig.direct, rig.hub]) {
    await client.send('POST', '/api/v1/namespaces', JSON.stringify(namespace));
    await fill(client, PATH, OBJECTS, (index) => configMap(`m-${index}`));
  }
  const baseline = await list(rig.direct);
  const ours = await list(rig.hub);
  return [{ what: 'LIST of 10,000 objects of the hub', unit: 'ms', baseline, ours, wanted: '≤ 0.2' }];
}

async function list(client: Client): Promise<number> {
  const { p50 } = await measure({ workers: 1, count: 10 }, async () => {
    if ((await client.drain(PATH)) < OBJECTS * 500) throw new Error(`${client.subject.name}: the list is too short`);
  });
  return p50;
}
