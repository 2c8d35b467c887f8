/**
 * What kube-apiserver says of built-in objects beyond their types and metadata. One function per kind, pure, over
 * objects that are decoded and defaulted; causes come in upstream's order and words. Kinds without a function are taken
 * as their type allows: a cluster that they are placed on has the last word.
 */
import type { KubeObject } from '../../../kube/object.ts';
import type { StatusCause } from '../../../kube/status.ts';
import { bindingCauses, roleCauses } from './access.ts';
import {
  endpointSliceCauses,
  ingressClassCauses,
  leaseCauses,
  priorityClassCauses,
  storageClassCauses,
} from './classes.ts';
import { claimCauses, configMapCauses, secretCauses } from './configuration.ts';
import { coreEventCauses, eventCauses } from './events.ts';
import { cronJobCauses, jobCauses } from './jobs.ts';
import { ingressCauses, networkPolicyCauses } from './networking.ts';
import { podCauses } from './pods.ts';
import { limitRangeCauses, quotaCauses } from './quotas.ts';
import { csiDriverCauses, runtimeClassCauses } from './runtimes.ts';
import { autoscalerCauses, budgetCauses } from './scaling.ts';
import { serviceCauses } from './services.ts';
import { DAEMON_SET_STATUS, DEPLOYMENT_STATUS, REPLICA_SET_STATUS, STATEFUL_SET_STATUS, withStatus } from './status.ts';
import { daemonSetCauses, deploymentCauses, replicaSetCauses, statefulSetCauses } from './workloads.ts';

/** `old` is undefined for a create. */
export type Validation = (
  object: KubeObject,
  old: KubeObject | undefined,
  subresource?: string,
) => readonly StatusCause[];

const RULES: Readonly<Record<string, Validation>> = {
  '/ConfigMap': configMapCauses,
  '/Event': coreEventCauses,
  '/PersistentVolumeClaim': claimCauses,
  '/LimitRange': limitRangeCauses,
  '/Pod': podCauses,
  '/ResourceQuota': quotaCauses,
  '/Secret': secretCauses,
  '/Service': serviceCauses,
  'apps/DaemonSet': withStatus(DAEMON_SET_STATUS, daemonSetCauses),
  'apps/Deployment': withStatus(DEPLOYMENT_STATUS, deploymentCauses),
  'apps/ReplicaSet': withStatus(REPLICA_SET_STATUS, replicaSetCauses),
  'apps/StatefulSet': withStatus(STATEFUL_SET_STATUS, statefulSetCauses),
  'autoscaling/HorizontalPodAutoscaler': autoscalerCauses,
  'batch/CronJob': cronJobCauses,
  'batch/Job': jobCauses,
  'coordination.k8s.io/Lease': leaseCauses,
  'events.k8s.io/Event': eventCauses,
  'discovery.k8s.io/EndpointSlice': endpointSliceCauses,
  'networking.k8s.io/Ingress': ingressCauses,
  'networking.k8s.io/IngressClass': ingressClassCauses,
  'networking.k8s.io/NetworkPolicy': networkPolicyCauses,
  'node.k8s.io/RuntimeClass': runtimeClassCauses,
  'policy/PodDisruptionBudget': budgetCauses,
  'rbac.authorization.k8s.io/ClusterRole': roleCauses(false),
  'rbac.authorization.k8s.io/ClusterRoleBinding': bindingCauses(false),
  'rbac.authorization.k8s.io/Role': roleCauses(true),
  'rbac.authorization.k8s.io/RoleBinding': bindingCauses(true),
  'scheduling.k8s.io/PriorityClass': priorityClassCauses,
  'storage.k8s.io/CSIDriver': csiDriverCauses,
  'storage.k8s.io/StorageClass': storageClassCauses,
};

/** Takes a group and kind; all versions of a kind are validated alike. Undefined where there are no rules. */
export function validateFor({ group, kind }: { group: string; kind: string }): Validation | undefined {
  const key = `${group}/${kind}`;
  const rule = Object.hasOwn(RULES, key) ? RULES[key] : undefined;
  return rule && ((object, old, subresource) => rule(withoutNulls(object), old && withoutNulls(old), subresource));
}

/** Fields that Go always writes are null where they were never set; to a rule they are missing. */
function withoutNulls<T>(value: T): T {
  return hasNull(value) ? stripped(value) : value;
}

/** Most objects have none, and looking is cheaper than copying. */
function hasNull(value: unknown): boolean {
  if (value === null) return true;
  if (typeof value !== 'object') return false;
  if (Array.isArray(value)) return value.some(hasNull);
  for (const key in value) if (hasNull((value as Record<string, unknown>)[key])) return true;
  return false;
}

function stripped<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(stripped) as T;
  const kept = Object.entries(value).filter(([, part]) => part !== null);
  return Object.fromEntries(kept.map(([key, part]) => [key, stripped(part)])) as T;
}
