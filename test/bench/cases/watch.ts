/** From the write to each of 1,000 watchers: on a cluster itself, through the view, and of the hub. */
import { type Client, measure, percentiles } from '../load.ts';
import { configMap } from '../objects.ts';
import type { Row } from '../report.ts';
import type { Rig } from '../rig.ts';

const WATCHERS = 1_000;
const EVENTS = 20;

export async function watchCase(rig: Rig): Promise<Row[]> {
  const [member] = rig.members;
  if (!member) return [];
  const own = `/api/v1/namespaces/${await rig.downstreamNamespace(member.client)}/configmaps`;
  const inView = '/api/v1/namespaces/default/configmaps';
  rig.progress(`${WATCHERS} watchers each, ${EVENTS} events`);
  const direct = await delivery({ client: member.client, path: own }, { client: member.client, path: own });
  const view = await delivery({ client: rig.view, path: inView }, { client: member.client, path: own });
  const alone = await delivery({ client: rig.direct, path: inView }, { client: rig.direct, path: inView });
  const hub = await delivery({ client: rig.hub, path: inView }, { client: rig.hub, path: inView });
  return [
    {
      what: 'event to 1,000 watchers through the view, p99',
      unit: 'ms',
      baseline: direct.p99,
      ours: view.p99,
      wanted: '≤ 1.2',
    },
    { what: 'event to 1,000 watchers of the hub, p99', unit: 'ms', baseline: alone.p99, ours: hub.p99, wanted: '≤ 1' },
  ];
}

interface Place {
  readonly client: Client;
  readonly path: string;
}

/** Latencies over all (event, watcher), from before the write is sent. */
async function delivery(watched: Place, written: Place): Promise<{ p50: number; p99: number }> {
  const stop = new AbortController();
  const latencies: number[] = [];
  const sentAt = new Map<string, number>();
  const prefix = `w-${Math.random().toString(36).slice(2, 8)}`;
  const pattern = new RegExp(`"name":"(${prefix}-\\d+)"`, 'g');
  let delivered: (() => void) | undefined;
  const list = await watched.client.send('GET', `${watched.path}?limit=1`);
  const { metadata } = JSON.parse(list.toString()) as { metadata: { resourceVersion: string } };
  const follow = async (): Promise<void> => {
    const query = `?watch=true&resourceVersion=${metadata.resourceVersion}`;
    const body = await watched.client.open(watched.path + query, stop.signal);
    body.on('error', () => {});
    body.on('data', (chunk: Buffer) => {
      const now = performance.now();
      for (const [, name] of chunk.toString('latin1').matchAll(pattern)) {
        latencies.push(now - (sentAt.get(name as string) ?? now));
        delivered?.();
      }
    });
  };
  await measure({ workers: 32, count: WATCHERS }, follow);
  for (let index = 0; index < EVENTS; index++) {
    const name = `${prefix}-${index}`;
    const all = new Promise<void>((resolve) => {
      delivered = () => {
        if (latencies.length >= (index + 1) * WATCHERS) resolve();
      };
    });
    sentAt.set(name, performance.now());
    await written.client.send('POST', written.path, JSON.stringify(configMap(name)));
    await all;
  }
  stop.abort();
  return percentiles(latencies);
}
