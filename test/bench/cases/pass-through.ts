/**
 * GET of an object that no cache holds: the gateway asks the cluster. By its qualified name one cluster is asked, by its
 * plain name all that the workspace has, since any of them may hold it.
 */
import { type Client, measureServer, percentiles } from '../load.ts';
import type { Row } from '../report.ts';
import type { Rig } from '../rig.ts';

const WORKERS = 16;
const MILLISECONDS = 5_000;
const ALONE = 500;
/** Of a kind that nobody lists here: a list would start a cache. */
const GROUP = '/apis/coordination.k8s.io/v1';
const NAME = 'pass-through';

export async function passThroughCase(rig: Rig): Promise<Row[]> {
  const [member] = rig.members;
  if (!member) return [];
  const own = `${GROUP}/namespaces/${await rig.downstreamNamespace(member.client)}/leases`;
  const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: NAME }, spec: {} };
  await member.client.send('POST', own, JSON.stringify(lease));
  const directPath = `${own}/${NAME}`;
  const plainPath = `${GROUP}/namespaces/default/leases/${NAME}`;
  const viewPath = `${plainPath}@${member.name}`;

  const direct = await throughput(member.client, directPath);
  const view = await throughput(rig.view, viewPath);
  const [directAlone = 0, viewAlone = 0, plainAlone = 0] = await inTurns([
    () => member.client.send('GET', directPath),
    () => rig.view.send('GET', viewPath),
    () => rig.view.send('GET', plainPath),
  ]);
  const what = 'GET of an object that is not cached';
  return [
    { what: `${what}, 16 clients`, unit: '1/s', baseline: direct.perSecond, ours: view.perSecond, wanted: '≥ 0.6' },
    {
      what: 'the same, processor time of the server asked per GET',
      unit: 'µs',
      baseline: direct.serverMicros,
      ours: view.serverMicros,
    },
    { what: `${what}, one client, p50 added`, unit: 'ms', ours: viewAlone - directAlone, wanted: '≤ 2' },
    {
      what: `${what}, by its plain name (all clusters are asked), p50 added`,
      unit: 'ms',
      ours: plainAlone - directAlone,
    },
  ];
}

const throughput = (client: Client, path: string) =>
  measureServer(client, { workers: WORKERS, milliseconds: MILLISECONDS }, () => client.send('GET', path));

/** p50 of each, one call at a time: what else the machine does meets all of them alike. */
async function inTurns(tasks: readonly (() => Promise<unknown>)[]): Promise<number[]> {
  const latencies = tasks.map((): number[] => []);
  for (let turn = 0; turn < ALONE; turn++) {
    for (const [index, task] of tasks.entries()) {
      const began = performance.now();
      await task();
      latencies[index]?.push(performance.now() - began);
    }
  }
  return latencies.map((values) => percentiles(values).p50);
}
