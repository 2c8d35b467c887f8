/** Creates with 64 writers: the hub against kube-apiserver with etcd, both durable when they answer. */
import { type Client, measureServer } from '../load.ts';
import { configMap } from '../objects.ts';
import type { Row } from '../report.ts';
import type { Rig } from '../rig.ts';

const WRITERS = 64;
const COUNT = 5_000;
/** Made on both sides before anything is measured: connections, caches and compiled code are those of a server that runs. */
const WARM_UP = 3_000;

export async function createCase(rig: Rig): Promise<Row[]> {
  const direct = await creates(rig.direct);
  const hub = await creates(rig.hub);
  return [
    {
      what: 'creates with 64 writers, hub (both warmed up)',
      unit: '1/s',
      baseline: direct.perSecond,
      ours: hub.perSecond,
      wanted: '≥ 3',
    },
    { what: 'the same, p99 of one create', unit: 'ms', baseline: direct.p99, ours: hub.p99 },
    {
      what: 'the same, processor time of the servers per create',
      unit: 'µs',
      baseline: direct.serverMicros,
      ours: hub.serverMicros,
    },
  ];
}

async function creates(client: Client) {
  const make = (count: number, prefix: string) =>
    measureServer(client, { workers: WRITERS, count }, (index) =>
      client.send('POST', '/api/v1/namespaces/default/configmaps', JSON.stringify(configMap(`${prefix}-${index}`))),
    );
  await make(WARM_UP, 'warm');
  return make(COUNT, 'c');
}
