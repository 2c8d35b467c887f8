/** LIST of 10,000 pods: one kube-apiserver that holds them all, against four that hold a quarter each behind the view. */
import { measure, type Sample } from '../load.ts';
import { pod } from '../objects.ts';
import type { Row } from '../report.ts';
import { fill, MEMBERS, type Rig } from '../rig.ts';

const PODS = 10_000;
const REPEATS = 10;

export async function listCase(rig: Rig): Promise<Row[]> {
  const path = '/api/v1/namespaces/default/pods';
  rig.progress(`creating ${PODS} pods directly, and ${PODS / MEMBERS} in each of ${MEMBERS} clusters`);
  await fill(rig.direct, path, PODS, (index) => pod(`p-${index}`, 'node-1'));
  const quarters = await Promise.all(
    rig.members.map(async ({ client, name }) => {
      const own = `/api/v1/namespaces/${await rig.downstreamNamespace(client)}/pods`;
      await fill(client, own, PODS / MEMBERS, (index) => pod(`p-${name}-${index}`, 'node-1'));
      return { client, own };
    }),
  );
  const slowest = await slowestList(quarters);
  // No case before this one asks for pods through the view, so this starts the reflectors: cold.
  const cold = await measure({ workers: 1, count: 1 }, () => expectPods(rig.view.send('GET', path)));
  const direct = await repeated(rig.direct, path);
  const warm = await repeated(rig.view, path);
  return [
    {
      what: 'LIST of 10,000 pods over 4 clusters, warm',
      unit: 'ms',
      baseline: direct.p50,
      ours: warm.p50,
      wanted: '≤ 0.25',
    },
    {
      what: 'the same, first time (baseline: the slowest cluster’s quarter)',
      unit: 'ms',
      baseline: slowest,
      ours: cold.p50,
      wanted: '≤ 1.3',
    },
  ];
}

/** Counted once, outside of what is measured; after that every answer must be as long. */
async function repeated(client: Rig['direct'], path: string): Promise<Sample> {
  const counted = client.send('GET', path);
  await expectPods(counted);
  const { length } = await counted;
  return measure({ workers: 1, count: REPEATS }, async () => {
    const size = await client.drain(path);
    if (size < length) throw new Error(`${client.subject.name}: the list is shorter than before`);
  });
}

async function slowestList(quarters: readonly { client: Rig['direct']; own: string }[]): Promise<number> {
  const samples = await Promise.all(
    quarters.map(({ client, own }) => measure({ workers: 1, count: 1 }, () => client.drain(own))),
  );
  return Math.max(...samples.map(({ p50 }) => p50));
}

/** A list that is short would be fast for the wrong reason. */
async function expectPods(body: Promise<Buffer>): Promise<void> {
  const bytes = await body;
  let count = 0;
  for (let at = bytes.indexOf('"nodeName":'); at >= 0; at = bytes.indexOf('"nodeName":', at + 1)) count++;
  if (count < PODS) throw new Error(`the list has ${count} pods, not ${PODS}`);
}
