/** From what is known of an object to its decision: which rule applies, which facts count. Reads, never writes. */

import { currentPlacement } from '../hub/kinds/placed-object.ts';
import { at, number } from '../kube/fields.ts';
import { type LabelRequirements, matchesLabels } from '../kube/selector.ts';
import { choose } from './choose.ts';
import type { BaseFacts } from './cluster-facts.ts';
import { isPlaceable, type PlacedKind, placedKind, replicaMode } from './kinds.ts';
import type { Ledger } from './ledger.ts';
import type {
  ClusterFacts,
  CurrentPlacement,
  PlacementDecision,
  PlacementPolicy,
  PlacementTarget,
  Resources,
  Workload,
} from './model.ts';
import { neighbourhood, type PlacementIndex, type TrackedObject } from './placement-index.ts';
import { podRequests, podTemplate } from './pod-template.ts';
import { DEFAULT_POLICY, governingPolicy, type PolicySource, policyId, singlesOut } from './policy-source.ts';
import { rebalanceOf } from './rebalance.ts';
import type { Strategy } from './strategies.ts';

/** Everything that a decision reads; each a look-up. */
export interface PlacementInputs {
  readonly index: PlacementIndex;
  readonly ledger: Ledger;
  readonly policies: (workspace: string) => Iterable<PolicySource>;
  readonly namespaceLabels: (workspace: string, namespace: string) => Readonly<Record<string, string>> | undefined;
  readonly clusters: (workspace: string) => readonly BaseFacts[];
  /** Targets that only hold the work until their replacement is ready: no reason to choose them again. */
  readonly held: (id: string) => ReadonlySet<string> | undefined;
  readonly now: () => number;
  readonly random: () => number;
  readonly strategies?: ReadonlyMap<string, Strategy>;
}

/** Why an object goes where it goes. */
export type ObjectDecision =
  /** Not placement's: leave its labels alone. */
  | { readonly rule: 'unmanaged' }
  /** A policy chose. `source` is undefined for the default. */
  | {
      readonly rule: 'policy';
      readonly source: PolicySource | undefined;
      readonly decision: PlacementDecision;
      readonly requests: Resources;
    }
  /** It goes where the objects go that it serves or that need it. */
  | { readonly rule: 'follows'; readonly targets: readonly PlacementTarget[]; readonly because: readonly string[] };

export function decide(tracked: TrackedObject, inputs: PlacementInputs): ObjectDecision {
  const { resource, object } = tracked;
  const kind = placedKind(resource);
  if (kind === undefined || !isPlaceable(resource, object)) return { rule: 'unmanaged' };
  const source = governing(tracked, kind, inputs);
  const followed = followedTargets(tracked, inputs);
  if (kind.when === 'selected' && source === undefined) return followed;
  // Kinds of their own right follow too (an Ingress its Services), once there is something to follow.
  const leads = kind.when === 'follow' || tracked.backends.length > 0;
  if (leads && followed.targets.length > 0) return followed;
  const { decision, requests } = byPolicy(tracked, kind, source, inputs);
  if (kind.when !== 'selected') return { rule: 'policy', source, decision, requests };
  return { rule: 'policy', source, decision: { ...decision, targets: union(decision, followed) }, requests };
}

const union = (decision: PlacementDecision, followed: { targets: readonly PlacementTarget[] }): PlacementTarget[] => [
  ...new Map([...decision.targets, ...followed.targets].map((target) => [target.key, target])).values(),
];

function governing(tracked: TrackedObject, kind: PlacedKind, inputs: PlacementInputs): PolicySource | undefined {
  const { workspace, namespace, resource, object } = tracked;
  const labels = namespace === '' ? undefined : (inputs.namespaceLabels(workspace, namespace) ?? {});
  const candidates = [...inputs.policies(workspace)].filter(
    (source) => kind.when !== 'selected' || singlesOut(source, resource),
  );
  return governingPolicy(candidates, resource, object, labels);
}

/** Targets of the objects that this one serves or that need it. Targets being left count until they are left. */
function followedTargets(
  tracked: TrackedObject,
  { index, clusters }: PlacementInputs,
): Extract<ObjectDecision, { rule: 'follows' }> {
  const leaders = new Map(
    [...index.leaders(tracked), ...index.dependents(tracked.id)].map((found) => [found.id, found]),
  );
  leaders.delete(tracked.id);
  const keys = new Set([...leaders.values()].flatMap(({ held }) => [...held]));
  const targets = clusters(tracked.workspace)
    .filter(({ key }) => keys.has(key))
    .map(({ key, name }) => ({ key, name, replicas: undefined }));
  return { rule: 'follows', targets, because: [...leaders.keys()] };
}

function byPolicy(
  tracked: TrackedObject,
  kind: PlacedKind,
  source: PolicySource | undefined,
  inputs: PlacementInputs,
): { decision: PlacementDecision; requests: Resources } {
  const policy = source?.policy ?? DEFAULT_POLICY;
  const workload = workloadOf(tracked, kind, policy);
  const turnKey = policyId(tracked.workspace, source);
  const own = inputs.ledger.get(tracked.id);
  const decision = choose(
    policy,
    workload,
    inputs.clusters(tracked.workspace).map((base) => loaded(base, tracked, inputs.ledger)),
    currentWithoutHeld(tracked, inputs),
    {
      now: inputs.now(),
      turn: inputs.ledger.turns(turnKey) - (own?.policy === turnKey ? 1 : 0),
      random: inputs.random,
      matching: (key, labels) => companions(tracked, key, labels, inputs.index),
      rebalance: rebalanceOf(policy, tracked.object, inputs.now()),
    },
    inputs.strategies,
  );
  return { decision, requests: workload.requests };
}

function currentWithoutHeld(tracked: TrackedObject, inputs: PlacementInputs): CurrentPlacement {
  const { id, object } = tracked;
  const held = inputs.held(id);
  const remembered = tracked.held.size === 0 ? inputs.ledger.get(id)?.targets : undefined;
  const current = remembered ?? currentPlacement(object);
  return held === undefined ? current : new Map([...current].filter(([key]) => !held.has(key)));
}

function companions(tracked: TrackedObject, key: string, labels: LabelRequirements, index: PlacementIndex): number {
  let count = 0;
  for (const { id, held, object } of index.runners(tracked))
    if (id !== tracked.id && held.has(key) && matchesLabels(labels, object.metadata.labels)) count++;
  return count;
}

function workloadOf({ id, resource, object }: TrackedObject, kind: PlacedKind, policy: PlacementPolicy): Workload {
  const template = podTemplate(object);
  return {
    id,
    name: object.metadata.name ?? '',
    resource,
    mode: replicaMode(resource, kind, policy),
    replicas: number(at(object, 'spec', 'replicas')) ?? 1,
    requests: template === undefined ? { cpu: 0, memory: 0, pods: 0 } : podRequests(template.spec),
  };
}

const loaded = (base: BaseFacts, tracked: TrackedObject, ledger: Ledger): ClusterFacts => ({
  ...base,
  used: ledger.used(base.key),
  placed: ledger.placed(base.key),
  neighbours: ledger.neighbours(neighbourhood(tracked), base.key),
});
