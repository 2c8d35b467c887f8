/** What a policy's status says: the clusters that its workloads are in, and why the others are not used. Pure. */
import type { Placement } from '../hub/kinds/workload.ts';
import type { Condition } from '../kube/object.ts';
import { rfc3339 } from '../reconcile/clock.ts';
import { choose } from './choose.ts';
import type { BaseFacts } from './cluster-facts.ts';
import type { CurrentPlacement, PlacementPolicy, Workload } from './model.ts';
import type { PolicySource } from './policy-source.ts';
import { STRATEGIES, type Strategy } from './strategies.ts';

/** Stands for any workload: asks for nothing, so that only policy and clusters decide. */
const ANYTHING: Workload = {
  id: '',
  name: '',
  resource: { group: '', resource: 'pods' },
  mode: 'copy',
  replicas: 1,
  requests: { cpu: 0, memory: 0, pods: 0 },
};

/**
 * @param targets of every workload that the policy governs
 * @param now milliseconds since epoch
 */
export function policyStatus(
  { policy, object }: PolicySource,
  clusters: readonly BaseFacts[],
  targets: readonly CurrentPlacement[],
  now: number,
  strategies: ReadonlyMap<string, Strategy> = STRATEGIES,
): NonNullable<Placement['status']> {
  const used = new Map<string, number>();
  for (const current of targets) for (const key of current.keys()) used.set(key, (used.get(key) ?? 0) + 1);
  const facts = clusters.map((base) => ({
    ...base,
    used: { cpu: 0, memory: 0, pods: 0 },
    placed: used.get(base.key) ?? 0,
    neighbours: 0,
  }));
  const current = new Map([...used.keys()].map((key) => [key, undefined]));
  const { reasons } = choose(policy, ANYTHING, facts, current, { now, turn: 0, random: () => 0, matching: () => 0 });
  const selected = reasons.filter(({ key }) => used.has(key));
  const rejected = reasons.filter(({ key }) => !used.has(key));
  return {
    conditions: conditions(object as Placement, verdict(policy, strategies, selected.length, targets), now),
    selectedTargets: selected.map(({ key, name }) => ({ name, reason: `holds ${plural(used.get(key) ?? 0)}` })),
    rejectedTargets: rejected.map(({ name, chosen, message }) => ({
      name,
      reason: chosen ? 'eligible, no workload needs it' : message,
    })),
  };
}

const plural = (count: number): string => `${count} workload${count === 1 ? '' : 's'}`;

type Verdict = readonly [status: 'True' | 'False', reason: string, message: string];

function verdict(
  { strategy, minClusters = 0 }: PlacementPolicy,
  strategies: ReadonlyMap<string, Strategy>,
  selected: number,
  targets: readonly CurrentPlacement[],
): Verdict {
  const unplaced = targets.filter(({ size }) => size === 0).length;
  if (!strategies.has(strategy))
    return [
      'False',
      'UnknownStrategy',
      `no strategy "${strategy}"; Spread is used (known: ${[...strategies.keys()].join(', ')})`,
    ];
  if (unplaced > 0)
    return ['False', 'NoFittingCluster', `${plural(unplaced)} of ${targets.length} could not be placed`];
  if (targets.length > 0 && selected < minClusters)
    return ['False', 'TooFewClusters', `${selected} of at least ${minClusters} clusters`];
  return ['True', 'Placed', `${plural(targets.length)} placed`];
}

function conditions(placement: Placement, [status, reason, message]: Verdict, now: number): Condition[] {
  const before = placement.status?.conditions?.find(({ type }) => type === 'Ready');
  const since = before?.status === status ? before.lastTransitionTime : rfc3339(now);
  const observed = placement.metadata.generation;
  return [
    {
      type: 'Ready',
      status,
      reason,
      message,
      lastTransitionTime: since,
      ...(observed === undefined ? {} : { observedGeneration: observed }),
    },
  ];
}
