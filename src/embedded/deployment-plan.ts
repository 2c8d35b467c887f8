/**
 * What a Deployment wants of its ReplicaSets: a pure decision (k8s.io/kubernetes/pkg/controller/deployment:
 * rolling.go, recreate.go, sync.go). The caller carries it out and comes back until nothing changes.
 */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import {
  controllerReference,
  type Deployment,
  type DeploymentStatus,
  type PodTemplate,
  type ReplicaSet,
} from './types.ts';

export const REVISION_ANNOTATION = 'deployment.kubernetes.io/revision';
export const TEMPLATE_HASH_LABEL = 'pod-template-hash';
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

export interface DeploymentPlan {
  readonly create: ReplicaSet | undefined;
  /** New sizes by ReplicaSet name. */
  readonly scale: ReadonlyMap<string, number>;
  /** ReplicaSet whose revision annotation must change, with its value. */
  readonly annotate: { readonly name: string; readonly revision: string } | undefined;
  readonly remove: readonly ReplicaSet[];
  readonly revision: string;
  readonly status: DeploymentStatus;
}

/** Takes the ReplicaSets that the Deployment owns; `now` is RFC 3339. */
export function planDeployment(deployment: Deployment, owned: readonly ReplicaSet[], now: string): DeploymentPlan {
  const current = owned.find((set) => sameTemplate(set.spec.template, deployment.spec.template));
  const old = owned.filter((set) => set !== current);
  const revision = String(Math.max(revisionOf(current), 1 + Math.max(0, ...old.map(revisionOf))));
  const wanted = deployment.spec.replicas ?? 1;
  const paused = deployment.spec.paused === true;
  const sizes = paused ? pausedSizes(current, wanted, old) : chooseSizes(deployment, current, old, wanted);
  const scale = new Map(
    [...(current ? [current] : []), ...old]
      .map((set) => [set, sizes.get(nameOf(set)) ?? sizeOf(set)] as const)
      .filter(([set, size]) => size !== sizeOf(set))
      .map(([set, size]) => [nameOf(set), size]),
  );
  return {
    create: current || paused ? undefined : newReplicaSet(deployment, sizes.get('') ?? 0, revision),
    scale,
    annotate: current && String(revisionOf(current)) !== revision ? { name: nameOf(current), revision } : undefined,
    remove: paused ? [] : obsolete(old, deployment.spec.revisionHistoryLimit ?? 10),
    revision,
    status: deploymentStatus(deployment, current, owned, now),
  };
}

const nameOf = (set: ReplicaSet): string => set.metadata.name ?? '';
const sizeOf = (set: ReplicaSet | undefined): number => set?.spec.replicas ?? (set ? 1 : 0);
const revisionOf = (set: ReplicaSet | undefined): number =>
  Number(set?.metadata.annotations?.[REVISION_ANNOTATION] ?? 0);
const total = (sets: readonly ReplicaSet[], count: (set: ReplicaSet) => number | undefined): number =>
  sets.reduce((sum, set) => sum + (count(set) ?? 0), 0);

function sameTemplate(a: PodTemplate, b: PodTemplate): boolean {
  const bare = ({ metadata, spec }: PodTemplate) => {
    const { [TEMPLATE_HASH_LABEL]: _hash, ...labels } = metadata?.labels ?? {};
    return { labels, annotations: metadata?.annotations ?? {}, spec };
  };
  return isDeepStrictEqual(bare(a), bare(b));
}

/** Upstream's alphabet without vowels, so that no words appear (apimachinery rand.SafeEncodeString). */
export function templateHash(template: PodTemplate): string {
  const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
  const digest = createHash('sha256').update(JSON.stringify(template)).digest();
  return Array.from(digest.subarray(0, 10), (byte) => alphabet[byte % alphabet.length]).join('');
}

function newReplicaSet(deployment: Deployment, replicas: number, revision: string): ReplicaSet {
  const hash = templateHash(deployment.spec.template);
  const labels = { ...deployment.spec.template.metadata?.labels, [TEMPLATE_HASH_LABEL]: hash };
  const { [LAST_APPLIED]: _applied, ...annotations } = deployment.metadata.annotations ?? {};
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${deployment.metadata.name}-${hash}`,
      namespace: deployment.metadata.namespace ?? '',
      labels,
      annotations: { ...annotations, [REVISION_ANNOTATION]: revision },
      ownerReferences: [controllerReference(deployment)],
    },
    spec: {
      replicas,
      selector: {
        ...deployment.spec.selector,
        matchLabels: { ...deployment.spec.selector.matchLabels, [TEMPLATE_HASH_LABEL]: hash },
      },
      template: {
        ...deployment.spec.template,
        metadata: { ...deployment.spec.template.metadata, labels },
      },
    },
  };
}

/** A paused Deployment still follows its replica count, on the newest set that is in use. */
function pausedSizes(current: ReplicaSet | undefined, wanted: number, old: readonly ReplicaSet[]): Map<string, number> {
  const active = [...(current ? [current] : []), ...old].filter((set) => sizeOf(set) > 0);
  const only = active.length === 1 ? active[0] : undefined;
  return new Map(only ? [[nameOf(only), wanted]] : []);
}

/** Sizes by name; '' stands for the set yet to be made. */
function chooseSizes(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
  wanted: number,
): Map<string, number> {
  const name = current ? nameOf(current) : '';
  const sizes = new Map<string, number>();
  if (deployment.spec.strategy?.type === 'Recreate') {
    for (const set of old) sizes.set(nameOf(set), 0);
    const oldPods = total(old, (set) => set.status?.replicas);
    sizes.set(name, oldPods > 0 ? sizeOf(current) : wanted);
    return sizes;
  }
  const { surge, unavailable } = rollingBounds(deployment, wanted);
  const all = total(old, sizeOf) + sizeOf(current);
  const room = Math.max(0, wanted + surge - all);
  const grown = Math.min(wanted, sizeOf(current) + room);
  sizes.set(name, grown);

  // Old sets shrink by what may be missing: unhealthy pods first, then available ones.
  const available = total(old, (set) => set.status?.availableReplicas) + (current?.status?.availableReplicas ?? 0);
  const newMissing = Math.max(0, sizeOf(current) - (current?.status?.availableReplicas ?? 0));
  let spare = all - (wanted - unavailable) - newMissing;
  let spareAvailable = available - (wanted - unavailable);
  for (const set of [...old].sort((a, b) => revisionOf(a) - revisionOf(b))) {
    const size = sizeOf(set);
    const unhealthy = Math.min(Math.max(0, size - (set.status?.availableReplicas ?? 0)), Math.max(0, spare));
    const healthy = Math.min(size - unhealthy, Math.max(0, Math.min(spareAvailable, spare - unhealthy)));
    sizes.set(nameOf(set), size - unhealthy - healthy);
    spare -= unhealthy + healthy;
    spareAvailable -= healthy;
  }
  return sizes;
}

/** Percentages round up for surge and down for unavailable; both zero would never move (ResolveFenceposts). */
function rollingBounds(deployment: Deployment, wanted: number): { surge: number; unavailable: number } {
  const rolling = deployment.spec.strategy?.rollingUpdate;
  const resolve = (value: number | string | undefined, round: (n: number) => number): number =>
    typeof value === 'number' ? value : round((wanted * Number.parseInt(value ?? '25%', 10)) / 100);
  const surge = resolve(rolling?.maxSurge, Math.ceil);
  const unavailable = Math.min(resolve(rolling?.maxUnavailable, Math.floor), wanted);
  return surge === 0 && unavailable === 0 ? { surge, unavailable: 1 } : { surge, unavailable };
}

const obsolete = (old: readonly ReplicaSet[], keep: number): ReplicaSet[] =>
  old
    .filter((set) => sizeOf(set) === 0 && (set.status?.replicas ?? 0) === 0)
    .sort((a, b) => revisionOf(b) - revisionOf(a))
    .slice(keep);

function deploymentStatus(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  owned: readonly ReplicaSet[],
  now: string,
): DeploymentStatus {
  const wanted = deployment.spec.replicas ?? 1;
  const replicas = total(owned, (set) => set.status?.replicas);
  const ready = total(owned, (set) => set.status?.readyReplicas);
  const available = total(owned, (set) => set.status?.availableReplicas);
  const updated = current?.status?.replicas ?? 0;
  const missing = Math.max(0, total(owned, sizeOf) - available);
  const enough = available >= wanted - rollingBounds(deployment, wanted).unavailable;
  const complete = updated === wanted && replicas === wanted && available === wanted;
  const setName = current ? nameOf(current) : `${deployment.metadata.name}-${templateHash(deployment.spec.template)}`;
  const counts = { replicas, updatedReplicas: updated, readyReplicas: ready, availableReplicas: available };
  const conditions = [
    enough
      ? condition(
          deployment,
          now,
          'Available',
          'True',
          'MinimumReplicasAvailable',
          'Deployment has minimum availability.',
        )
      : condition(
          deployment,
          now,
          'Available',
          'False',
          'MinimumReplicasUnavailable',
          'Deployment does not have minimum availability.',
        ),
    complete
      ? condition(
          deployment,
          now,
          'Progressing',
          'True',
          'NewReplicaSetAvailable',
          `ReplicaSet "${setName}" has successfully progressed.`,
        )
      : condition(
          deployment,
          now,
          'Progressing',
          'True',
          'ReplicaSetUpdated',
          `ReplicaSet "${setName}" is progressing.`,
        ),
  ];
  return {
    observedGeneration: deployment.metadata.generation ?? 1,
    // Zero counts are left out, as Go's omitempty does.
    ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)),
    ...(missing > 0 ? { unavailableReplicas: missing } : {}),
    conditions,
  };
}

function condition(
  deployment: Deployment,
  now: string,
  type: string,
  status: 'True' | 'False',
  reason: string,
  message: string,
): NonNullable<DeploymentStatus['conditions']>[number] {
  const before = deployment.status?.conditions?.find((known) => known.type === type);
  const same = before?.status === status && before.reason === reason && before.message === message;
  return {
    type,
    status,
    reason,
    message,
    lastUpdateTime: same ? before.lastUpdateTime : now,
    lastTransitionTime: before?.status === status ? before.lastTransitionTime : now,
  };
}
