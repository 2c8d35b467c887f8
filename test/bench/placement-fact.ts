/** How long one decision over 1,000 clusters takes (MISSION D4): a figure of its own, since nothing real compares with it. */
import { choose } from '../../src/placement/choose.ts';
import { STRATEGIES } from '../../src/placement/strategies.ts';
import { calm, cluster, policy, room, workload } from '../placement/facts.ts';

/** One sentence: the slowest strategy's time, cold. */
export function placementFact(): string {
  const clusters = Array.from({ length: 1_000 }, (_, at) =>
    cluster(`c${at}`, { ...room(64_000, at), labels: { zone: `z${at % 10}` } }),
  );
  const times = [...STRATEGIES.keys()].map((strategy) => {
    const started = performance.now();
    choose(policy({ strategy }), workload({ replicas: 2_000 }), clusters, new Map(), calm);
    return { strategy, ms: performance.now() - started };
  });
  const slowest = times.reduce((a, b) => (a.ms > b.ms ? a : b));
  return `one placement decision over 1,000 clusters: at most ${slowest.ms.toFixed(0)} ms (${slowest.strategy}); wanted < 100 ms`;
}
