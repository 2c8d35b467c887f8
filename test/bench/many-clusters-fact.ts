/** What a list over many clusters costs beside one over few that hold as much: a figure of the merge alone, in one process. */
import { setTimeout as sleep } from 'node:timers/promises';
import { startView } from '../aggregate/view-harness.ts';
import { FakeCluster, NAMESPACES, PODS } from '../support/fake-cluster.ts';

const OBJECTS = 10_000;
const ROUNDS = 7;
/** About what a Pod of a Deployment weighs. */
const SPEC = { containers: [{ name: 'web', image: 'nginx', env: [{ name: 'TEXT', value: 'x'.repeat(2_500) }] }] };

/** One sentence: warm lists of the same number of objects, 100 clusters against 10. */
export async function manyClustersFact(): Promise<string> {
  const few = await listMs(10);
  const many = await listMs(100);
  const ratio = (many / few).toFixed(2);
  return `a warm list of ${OBJECTS} pods over 100 clusters: ${many.toFixed(0)} ms, ${ratio} × that over 10; wanted ≤ 3 ×`;
}

async function listMs(count: number): Promise<number> {
  const clusters = Array.from({ length: count }, (_, index) => {
    const cluster = new FakeCluster({ name: `c${index}`, slot: index + 1, resources: [PODS, NAMESPACES] });
    for (let pod = 0; pod < OBJECTS / count; pod++) {
      cluster.put(PODS, { metadata: { name: `p${pod}-${index}`, namespace: `ns-${pod % 20}` }, spec: SPEC });
    }
    return cluster;
  });
  const view = await startView(...clusters);
  try {
    // Cold at first: what does not come within its deadline is missing.
    while ((await view.call('GET', '/api/v1/pods')).json.items.length < OBJECTS) await sleep(100);
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const began = performance.now();
      await view.read('/api/v1/pods');
      times.push(performance.now() - began);
    }
    return times.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)] as number;
  } finally {
    await view.close();
  }
}
