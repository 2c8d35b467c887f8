/** What a registration and its SyncTarget say of a cluster, from what is known of it. Pure. */
import type { ClusterRegistration, SyncTarget } from '../hub/kinds/workload.ts';
import { type ConditionState, withConditions } from '../kube/conditions.ts';
import type { ClusterDiscovery, Downstream } from './downstream.ts';
import { parseEndpoint } from './endpoint.ts';
import type { ClusterCapacity } from './node-capacity.ts';

export type ClusterHealthReport = ReturnType<Downstream['health']>;

export interface ClusterObservation {
  /** Undefined where there is no connection: what is missing stands in the registration. */
  readonly health: ClusterHealthReport | undefined;
  readonly discovery: ClusterDiscovery | undefined;
  readonly capacity: ClusterCapacity | undefined;
}

/** Labels on the SyncTarget that come from its registration are listed here, so that removed ones can be told. */
export const LABELS_ANNOTATION = 'tmc.kcp.io/registration-labels';
export const PROVIDER_LABEL = 'tmc.kcp.io/provider';
export const CAPABILITY_LABEL_PREFIX = 'capability.tmc.kcp.io/';

/** A sentence for people; undefined when the registration can be used. */
export function registrationProblem({ spec }: ClusterRegistration): { reason: string; message: string } | undefined {
  try {
    parseEndpoint(spec.endpoint);
  } catch (error) {
    return { reason: 'InvalidEndpoint', message: `spec.endpoint: ${(error as Error).message}` };
  }
  if (spec.mode === 'Pull') return undefined;
  const { namespace, name } = spec.credentials?.secretRef ?? {};
  if (!namespace || !name) {
    return { reason: 'InvalidCredentials', message: 'spec.credentials.secretRef must name a Secret and its namespace' };
  }
  return undefined;
}

export function labelsOf({ spec }: ClusterRegistration): Record<string, string> {
  const { region, zone, provider } = spec.location ?? {};
  return {
    ...Object.fromEntries(
      (spec.capabilities ?? []).map((capability) => [CAPABILITY_LABEL_PREFIX + capability, 'true']),
    ),
    ...(region ? { 'topology.kubernetes.io/region': region } : {}),
    ...(zone ? { 'topology.kubernetes.io/zone': zone } : {}),
    ...(provider ? { [PROVIDER_LABEL]: provider } : {}),
    ...spec.labels,
  };
}

/** The SyncTarget's metadata as the registration wants it; labels that others set stay. Mutates the draft. */
export function applyRegistration(draft: SyncTarget, registration: ClusterRegistration): void {
  const wanted = labelsOf(registration);
  const labels = { ...draft.metadata.labels };
  for (const key of (draft.metadata.annotations?.[LABELS_ANNOTATION] ?? '').split(',')) delete labels[key];
  draft.metadata.labels = { ...labels, ...wanted };
  draft.metadata.annotations = {
    ...draft.metadata.annotations,
    [LABELS_ANNOTATION]: Object.keys(wanted).sort().join(','),
  };
  draft.metadata.ownerReferences = [
    {
      apiVersion: 'tmc.kcp.io/v1alpha1',
      kind: 'ClusterRegistration',
      name: registration.metadata.name ?? '',
      uid: registration.metadata.uid ?? '',
      controller: true,
      blockOwnerDeletion: true,
    },
  ];
}

/** Ready, SyncerReady, HeartbeatReady (C4). Degraded is still ready: work there goes on. */
export function conditionsOf(
  problem: { reason: string; message: string } | undefined,
  { health }: ClusterObservation,
): ConditionState[] {
  if (problem !== undefined) return notReady('False', problem.reason, problem.message);
  if (health === undefined) return notReady('Unknown', 'Connecting', 'no connection to the cluster has been made yet');
  const { state, reason } = health;
  if (state === 'Unknown') return notReady('Unknown', 'Connecting', reason);
  if (state === 'Unhealthy') return notReady('False', 'ClusterUnreachable', reason);
  const message = state === 'Healthy' ? 'the cluster answers and is ready' : reason;
  return TYPES.map((type) => ({ type, status: 'True', reason: `Cluster${state}`, message }));
}

const TYPES = ['Ready', 'SyncerReady', 'HeartbeatReady'] as const;
const notReady = (status: 'False' | 'Unknown', reason: string, message: string): ConditionState[] =>
  TYPES.map((type) => ({ type, status, reason, message }));

export function registrationStatus(
  before: ClusterRegistration['status'],
  conditions: readonly ConditionState[],
  { health, discovery }: ClusterObservation,
  now: string,
): NonNullable<ClusterRegistration['status']> {
  const version = discovery?.serverVersion.gitVersion;
  return {
    ...before,
    conditions: withConditions(before?.conditions, conditions, now),
    health: health?.state ?? 'Unknown',
    ...(version === undefined ? {} : { kubernetesVersion: version }),
  };
}

export function syncTargetStatus(
  before: SyncTarget['status'],
  conditions: readonly ConditionState[],
  { discovery, capacity }: ClusterObservation,
  now: string,
): NonNullable<SyncTarget['status']> {
  return {
    ...before,
    conditions: withConditions(before?.conditions, conditions, now),
    ...(capacity ?? {}),
    ...(discovery === undefined ? {} : { syncedResources: syncedResources(discovery) }),
  };
}

const NEEDED_VERBS = ['create', 'get', 'list', 'watch', 'patch', 'delete'];

/** Kinds that can be placed there: everything that can be written and watched. */
export function syncedResources({
  resources,
}: ClusterDiscovery): NonNullable<NonNullable<SyncTarget['status']>['syncedResources']> {
  const versions = new Map<string, { group: string; resource: string; versions: string[]; state: 'Accepted' }>();
  for (const { group, resource, version, verbs } of resources) {
    if (!NEEDED_VERBS.every((verb) => verbs.includes(verb))) continue;
    const entry = versions.get(`${group}/${resource}`) ?? { group, resource, versions: [], state: 'Accepted' };
    entry.versions.push(version);
    versions.set(`${group}/${resource}`, entry);
  }
  return [...versions.values()];
}
