/** How each kind is placed: a table that one reads. Kinds not named here are custom resources, or none of placement's business. */
import { list } from '../kube/fields.ts';
import type { KubeObject, OwnerReference } from '../kube/object.ts';
import { type GroupResource, groupResourceName, parseApiVersion } from '../kube/resource.ts';
import type { PlacementPolicy, ReplicaMode } from './model.ts';

export interface PlacedKind {
  readonly mode: ReplicaMode;
  /**
   * `always`: placed wherever it is authored. `selected`: only when a placed object needs it or a Placement selects it.
   * `follow`: goes where the pods are that it selects, else where any workload of its workspace would go.
   */
  readonly when: 'always' | 'selected' | 'follow';
}

const DIVIDED: PlacedKind = { mode: 'divide', when: 'always' };
/** Pods of these have an identity, or must run once: two clusters would each start the same one. */
const SINGLE: PlacedKind = { mode: 'single', when: 'always' };
const FOLLOWING: PlacedKind = { mode: 'copy', when: 'follow' };
const ON_REQUEST: PlacedKind = { mode: 'copy', when: 'selected' };

const KINDS: ReadonlyMap<string, PlacedKind> = new Map([
  ['deployments.apps', DIVIDED],
  ['replicasets.apps', DIVIDED],
  ['replicationcontrollers', DIVIDED],
  ['daemonsets.apps', { mode: 'copy', when: 'always' }],
  ['statefulsets.apps', SINGLE],
  ['jobs.batch', SINGLE],
  ['cronjobs.batch', SINGLE],
  ['pods', SINGLE],
  ['services', FOLLOWING],
  ['networkpolicies.networking.k8s.io', FOLLOWING],
  ['poddisruptionbudgets.policy', FOLLOWING],
  ['ingresses.networking.k8s.io', { mode: 'copy', when: 'always' }],
  ['configmaps', ON_REQUEST],
  ['secrets', ON_REQUEST],
  ['serviceaccounts', ON_REQUEST],
  ['persistentvolumeclaims', ON_REQUEST],
  ['horizontalpodautoscalers.autoscaling', ON_REQUEST],
  ['limitranges', ON_REQUEST],
  ['resourcequotas', ON_REQUEST],
  ['roles.rbac.authorization.k8s.io', ON_REQUEST],
  ['rolebindings.rbac.authorization.k8s.io', ON_REQUEST],
]);

/** Groups whose objects describe the hub itself and never leave it. */
const HUB_GROUPS: ReadonlySet<string> = new Set([
  'tenancy.kcp.io',
  'core.kcp.io',
  'apis.kcp.io',
  'workload.kcp.io',
  'placement.kcp.io',
  'tmc.kcp.io',
  'apiextensions.k8s.io',
]);

/** A domain such as `example.com`: built-in groups have no dot or end in `.k8s.io`. */
const isCustomGroup = (group: string): boolean =>
  group.includes('.') && !group.endsWith('.k8s.io') && !HUB_GROUPS.has(group);

/** Undefined: objects of this resource are never placed. Custom resources are copied to every chosen cluster. */
export function placedKind(resource: GroupResource): PlacedKind | undefined {
  const known = KINDS.get(groupResourceName(resource));
  if (known !== undefined) return known;
  return isCustomGroup(resource.group) ? { mode: 'copy', when: 'always' } : undefined;
}

/** Made by controllers in every namespace of every cluster: never copied. */
const PER_CLUSTER: ReadonlySet<string> = new Set(['configmaps/kube-root-ca.crt', 'services/kubernetes']);

/**
 * Kinds whose objects every cluster that holds them makes again, from the owner's copy. A CronJob is none of them: a Job of its that
 * stands in the hub was asked for by hand (`kubectl create job --from`), and no cluster would make that one.
 */
const REMADE_FROM: ReadonlySet<string> = new Set([
  'apps/Deployment',
  'apps/ReplicaSet',
  'apps/StatefulSet',
  'apps/DaemonSet',
  'batch/Job',
  '/ReplicationController',
]);

const isRemadeFrom = ({ apiVersion, kind, controller }: OwnerReference): boolean =>
  controller === true && REMADE_FROM.has(`${parseApiVersion(apiVersion).group}/${kind}`);

/** False for objects that clusters make for themselves. What an operator owns that works on the workspace is placed as any other. */
export function isPlaceable(resource: GroupResource, object: KubeObject): boolean {
  const { metadata } = object;
  if (metadata.deletionTimestamp !== undefined) return false;
  if (metadata.ownerReferences?.some(isRemadeFrom)) return false;
  const name = `${groupResourceName(resource)}/${metadata.name}`;
  // Every namespace has this one, in every cluster; only what people add to it is worth taking along.
  if (name === 'serviceaccounts/default') return list(object.imagePullSecrets).length > 0;
  return !PER_CLUSTER.has(name);
}

/**
 * A StatefulSet is shared out only when its policy says so, or asks for several clusters by number: each cluster then
 * counts its own ordinals. Jobs and Pods run once, whatever the policy says.
 */
export function replicaMode(
  resource: GroupResource,
  kind: PlacedKind,
  { minClusters = 1, maxClusters = 1, division }: Pick<PlacementPolicy, 'minClusters' | 'maxClusters' | 'division'>,
): ReplicaMode {
  const isStateful = groupResourceName(resource) === 'statefulsets.apps';
  if (kind.mode !== 'divide' && !isStateful) return kind.mode;
  if (division !== undefined) return division === 'Divided' ? 'divide' : 'copy';
  return isStateful && Math.max(minClusters, maxClusters) > 1 ? 'divide' : kind.mode;
}
