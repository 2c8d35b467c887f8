/** GET of one object: of the hub, and of a pod that lives in a cluster. */
import { type Client, measure, measureServer, type Sample } from '../load.ts';
import { configMap, pod } from '../objects.ts';
import type { Row } from '../report.ts';
import type { Rig } from '../rig.ts';

const WORKERS = 16;
const MILLISECONDS = 5_000;

export async function getCase(rig: Rig): Promise<Row[]> {
  const configMaps = '/api/v1/namespaces/default/configmaps';
  for (const client of [rig.direct, rig.hub]) await client.send('POST', configMaps, JSON.stringify(configMap('get')));
  const [member] = rig.members;
  if (!member) return [];
  const namespace = await rig.downstreamNamespace(member.client);
  const podPath = `/api/v1/namespaces/${namespace}/pods/get`;
  const viewPath = '/api/v1/namespaces/default/pods/get';
  await member.client.send('POST', `/api/v1/namespaces/${namespace}/pods`, JSON.stringify(pod('get', 'node-1')));
  // A list starts the reflectors: from then on the pod is cached.
  await rig.view.send('GET', '/api/v1/namespaces/default/pods');

  const directHub = await throughput(rig.direct, `${configMaps}/get`);
  const hub = await throughput(rig.hub, `${configMaps}/get`);
  const directPod = await throughput(member.client, podPath);
  const view = await throughput(rig.view, viewPath);
  const directAlone = await alone(member.client, podPath);
  const viewAlone = await alone(rig.view, viewPath);
  const pods = 'GET of a cached pod through the view';
  return [
    {
      what: 'GET of a hub object, 16 clients',
      unit: '1/s',
      baseline: directHub.perSecond,
      ours: hub.perSecond,
      wanted: '≥ 2',
    },
    {
      what: 'the same, processor time of the servers per GET',
      unit: 'µs',
      baseline: directHub.serverMicros,
      ours: hub.serverMicros,
    },
    { what: `${pods}, 16 clients`, unit: '1/s', baseline: directPod.perSecond, ours: view.perSecond, wanted: '≥ 1' },
    { what: `${pods}, one client, p50`, unit: 'ms', baseline: directAlone.p50, ours: viewAlone.p50 },
    { what: `${pods}, one client, p99`, unit: 'ms', baseline: directAlone.p99, ours: viewAlone.p99 },
  ];
}

const throughput = (client: Client, path: string) =>
  measureServer(client, { workers: WORKERS, milliseconds: MILLISECONDS }, () => client.send('GET', path));

const alone = (client: Client, path: string): Promise<Sample> =>
  measure({ workers: 1, count: 500 }, () => client.send('GET', path));
