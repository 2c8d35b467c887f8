/** From what is known of an object to its decision: which rule applies, which facts count. Reads, never writes. */

import { currentPlacement } from '../hub/kinds/placed-object.ts';
import type { Placement } from '../hub/kinds/workload.ts';
import { at, number } from '../kube/fields.ts';
import { groupResourceName } from '../kube/resource.ts';
import { choose } from './choose.ts';
import type { BaseFacts } from './cluster-facts.ts';
import { DEFAULT_POLICY, governingPlacement, policyOf } from './governing-policy.ts';
import { isPlaceable, type PlacedKind, placedKind, replicaMode } from './kinds.ts';
import type { Ledger } from './ledger.ts';
import type {
  ClusterFacts,
  PlacementDecision,
  PlacementPolicy,
  PlacementTarget,
  Resources,
  Workload,
} from './model.ts';
import { neighbourhood, type PlacementIndex, type TrackedObject } from './placement-index.ts';
import { podRequests, podTemplate } from './pod-template.ts';
import type { Strategy } from './strategies.ts';

/** Everything that a decision reads; each a look-up. */
export interface PlacementInputs {
  readonly index: PlacementIndex;
  readonly ledger: Ledger;
  readonly placements: (workspace: string) => Iterable<Placement>;
  readonly namespaceLabels: (workspace: string, namespace: string) => Readonly<Record<string, string>> | undefined;
  readonly clusters: (workspace: string) => readonly BaseFacts[];
  readonly now: () => number;
  readonly random: () => number;
  readonly strategies?: ReadonlyMap<string, Strategy>;
}

/** Why an object goes where it goes. */
export type ObjectDecision =
  /** Not placement's: leave its labels alone. */
  | { readonly rule: 'unmanaged' }
  /** A policy chose. `placement` is undefined for the default. */
  | {
      readonly rule: 'policy';
      readonly placement: Placement | undefined;
      readonly decision: PlacementDecision;
      readonly requests: Resources;
    }
  /** It goes where the objects go that it serves or that need it. */
  | { readonly rule: 'follows'; readonly targets: readonly PlacementTarget[]; readonly because: readonly string[] };

export function decide(tracked: TrackedObject, inputs: PlacementInputs): ObjectDecision {
  const { resource, object } = tracked;
  const kind = placedKind(resource);
  if (kind === undefined || !isPlaceable(resource, object)) return { rule: 'unmanaged' };
  const placement = governing(tracked, kind, inputs);
  const followed = followedTargets(tracked, inputs);
  if (kind.when === 'selected' && placement === undefined) return followed;
  // Kinds of their own right follow too (an Ingress its Services), once there is something to follow.
  const leads = kind.when === 'follow' || tracked.backends.length > 0;
  if (leads && followed.targets.length > 0) return followed;
  const { decision, requests } = byPolicy(tracked, kind, placement, inputs);
  if (kind.when !== 'selected') return { rule: 'policy', placement, decision, requests };
  return { rule: 'policy', placement, decision: { ...decision, targets: union(decision, followed) }, requests };
}

const union = (decision: PlacementDecision, followed: { targets: readonly PlacementTarget[] }): PlacementTarget[] => [
  ...new Map([...decision.targets, ...followed.targets].map((target) => [target.key, target])).values(),
];

function governing(tracked: TrackedObject, kind: PlacedKind, inputs: PlacementInputs): Placement | undefined {
  const { workspace, namespace, resource, object } = tracked;
  const labels = namespace === '' ? undefined : (inputs.namespaceLabels(workspace, namespace) ?? {});
  const candidates = [...inputs.placements(workspace)].filter(
    (placement) => kind.when !== 'selected' || singlesOut(placement, tracked),
  );
  return governingPlacement(candidates, resource, object, labels);
}

/** A Placement for everything does not spread Secrets over all clusters: such kinds must be named or labelled. */
function singlesOut({ spec }: Placement, { resource }: TrackedObject): boolean {
  const selector = spec?.workloadSelector;
  if (selector?.resources)
    return selector.resources.some((named) => groupResourceName(named) === groupResourceName(resource));
  return Object.keys(selector?.matchLabels ?? {}).length > 0 || (selector?.matchExpressions ?? []).length > 0;
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
  placement: Placement | undefined,
  inputs: PlacementInputs,
): { decision: PlacementDecision; requests: Resources } {
  const policy = placement === undefined ? DEFAULT_POLICY : policyOf(placement);
  const workload = workloadOf(tracked, kind, policy);
  const turnKey = policyKey(tracked.workspace, placement);
  const own = inputs.ledger.get(tracked.id);
  const decision = choose(
    policy,
    workload,
    inputs.clusters(tracked.workspace).map((base) => loaded(base, tracked, inputs.ledger)),
    currentPlacement(tracked.object),
    {
      now: inputs.now(),
      turn: inputs.ledger.turns(turnKey) - (own?.policy === turnKey ? 1 : 0),
      random: inputs.random,
    },
    inputs.strategies,
  );
  return { decision, requests: workload.requests };
}

/** Whose turns are counted together. */
export const policyKey = (workspace: string, placement: Placement | undefined): string =>
  `${workspace}|${placement?.metadata.name ?? ''}`;

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
