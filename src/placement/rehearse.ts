/**
 * What a policy would do, were it in the workspace (MISSION D5): decisions with it and without, none of them written. Each
 * object is decided by itself, as if the others stayed where they are.
 */
import { PLACEMENT } from '../hub/kinds/placement.ts';
import { WORKLOAD_PLACEMENT } from '../hub/kinds/workload-placement.ts';
import { parseObjectId } from '../hub/object-id.ts';
import { validateObject } from '../hub/write/validate-object.ts';
import type { KubeObject } from '../kube/object.ts';
import { apiVersionOf } from '../kube/resource.ts';
import { badRequest } from '../kube/status.ts';
import { decide, type ObjectDecision, type PlacementInputs } from './decide.ts';
import type { PlacementTarget } from './model.ts';
import { compilePolicy, type PolicySource } from './policy-source.ts';

/** Where an object is to be, by cluster: replicas, null for kinds whose replicas are not divided. */
export type Whereabouts = Readonly<Record<string, number | null>>;

export interface RehearsedChange {
  readonly group: string;
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly before: Whereabouts;
  readonly after: Whereabouts;
}

export interface Rehearsal {
  /** Objects that the policy would govern, or governs now. */
  readonly concerned: number;
  /** Those that would be elsewhere or in other numbers; the first of them. */
  readonly changes: readonly RehearsedChange[];
  /** Changes beyond those. */
  readonly more: number;
}

const MAX_CHANGES = 500;
const DEFINITIONS = [PLACEMENT, WORKLOAD_PLACEMENT];

/** Throws ApiError 400 for what is no policy, 422 for one that could not be created. `now`: RFC 3339. */
export function policyToRehearse(workspace: string, object: KubeObject, now: string): PolicySource {
  const definition = DEFINITIONS.find(
    ({ info }) => info.kind === object.kind && apiVersionOf(info) === object.apiVersion,
  );
  if (definition === undefined)
    throw badRequest(
      'spec.policy must be a Placement (placement.kcp.io/v1alpha1) or a WorkloadPlacement (tmc.kcp.io/v1alpha1)',
    );
  const name = object.metadata?.name ?? '';
  if (name === '') throw badRequest('spec.policy.metadata.name is required: a policy of this name would be replaced');
  const policy: KubeObject = { ...object, metadata: { creationTimestamp: now, ...object.metadata } };
  validateObject({ workspace, definition, namespace: '', name, subresource: '' }, policy, undefined);
  return compilePolicy(workspace, definition.info, policy);
}

/** The same inputs, with the policy in the workspace instead of one of its name. */
export const withPolicy = (inputs: PlacementInputs, policy: PolicySource): PlacementInputs => ({
  ...inputs,
  policies: (workspace) => {
    const present = [...inputs.policies(workspace)];
    if (workspace !== policy.workspace) return present;
    const replaced = present.find(({ id }) => id === policy.id);
    return [...present.filter((one) => one !== replaced), aged(policy, replaced)];
  },
});

/** An update does not make a policy younger. */
const aged = (policy: PolicySource, replaced: PolicySource | undefined): PolicySource =>
  replaced?.object.metadata.creationTimestamp === undefined
    ? policy
    : {
        ...policy,
        object: {
          ...policy.object,
          metadata: { ...policy.object.metadata, creationTimestamp: replaced.object.metadata.creationTimestamp },
        },
      };

/** @param breathe lets others run, called after each object */
export async function rehearse(
  inputs: PlacementInputs,
  policy: PolicySource,
  breathe: () => Promise<void>,
): Promise<Rehearsal> {
  const rehearsed = withPolicy(inputs, policy);
  const changes: RehearsedChange[] = [];
  let concerned = 0;
  let changed = 0;
  for (const id of [...inputs.index.inWorkspace(policy.workspace)].sort()) {
    const tracked = inputs.index.get(id);
    if (tracked === undefined) continue;
    const [before, after] = [decide(tracked, inputs), decide(tracked, rehearsed)];
    await breathe();
    if (![before, after].some((decision) => isBy(decision, policy))) continue;
    concerned++;
    const change = { before: whereabouts(before), after: whereabouts(after) };
    if (JSON.stringify(change.before) === JSON.stringify(change.after)) continue;
    changed++;
    const { resource, namespace, name } = parseObjectId(id);
    if (changes.length < MAX_CHANGES)
      changes.push({ group: resource.group, resource: resource.resource, namespace, name, ...change });
  }
  return { concerned, changes, more: changed - changes.length };
}

const isBy = (decision: ObjectDecision, { id }: PolicySource): boolean =>
  decision.rule === 'policy' && decision.source?.id === id;

function whereabouts(decision: ObjectDecision): Whereabouts {
  if (decision.rule === 'unmanaged') return {};
  const targets: readonly PlacementTarget[] = decision.rule === 'policy' ? decision.decision.targets : decision.targets;
  const sorted = [...targets].sort((a, b) => (a.name < b.name ? -1 : 1));
  return Object.fromEntries(sorted.map(({ name, replicas }) => [name, replicas ?? null]));
}

/** One sentence for people. */
export function rehearsalSummary(policy: PolicySource, { concerned, changes, more }: Rehearsal): string {
  const moved = changes.length + more;
  const objects = (count: number): string => `${count} object${count === 1 ? '' : 's'}`;
  return `${policy.policy.name} would govern ${objects(concerned)} and change where ${objects(moved)} of them ${moved === 1 ? 'is' : 'are'}`;
}
