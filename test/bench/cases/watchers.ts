/**
 * What a gateway's process holds while 5,000 clients watch the view, each on a connection of its own. The process has done
 * nothing else before: what earlier cases left in it (heap that grew for lists of 100 MB) is no watcher's.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, measure } from '../load.ts';
import { configMap } from '../objects.ts';
import { processFacts } from '../process-facts.ts';
import type { Row } from '../report.ts';
import type { Rig } from '../rig.ts';

const WATCHERS = 5_000;
const PATH = '/api/v1/namespaces/default/configmaps';
const PATIENCE_MS = 60_000;

export async function watchersCase(rig: Rig): Promise<Row[]> {
  const gateway = await rig.freshGateway();
  try {
    rig.progress(`${WATCHERS} watchers of the view`);
    return [await watched(gateway.view)];
  } finally {
    await gateway.stop();
  }
}

async function watched(view: Client): Promise<Row> {
  const stop = new AbortController();
  const told = new Set<number>();
  const name = `told-${Date.now()}`;
  const { metadata } = JSON.parse((await view.send('GET', `${PATH}?limit=1`)).toString());
  await measure({ workers: 32, count: WATCHERS }, async (index) => {
    const query = `?watch=true&resourceVersion=${metadata.resourceVersion}`;
    const body = await view.open(PATH + query, stop.signal);
    body.on('error', () => {});
    body.on('data', (chunk: Buffer) => {
      if (chunk.includes(name)) told.add(index);
    });
  });
  await view.send('POST', PATH, JSON.stringify(configMap(name)));
  const deadline = Date.now() + PATIENCE_MS;
  while (told.size < WATCHERS) {
    if (Date.now() > deadline) throw new Error(`${told.size} of ${WATCHERS} watchers were told of an event`);
    await sleep(100);
  }
  const { residentMegabytes } = await processFacts(view);
  stop.abort();
  const what = '5,000 watchers of the view, all told of an event: memory';
  return { what, unit: 'MB', ours: residentMegabytes, wanted: '≤ 1000' };
}
