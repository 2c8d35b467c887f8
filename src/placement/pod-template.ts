/** Where a kind keeps its pod template, and what the pods of one ask for. */

import { at, list, strings } from '../kube/fields.ts';
import type { KubeObject } from '../kube/object.ts';
import { parseQuantity } from '../kube/quantity.ts';
import type { Resources } from './model.ts';

export interface PodTemplate {
  readonly labels: Readonly<Record<string, string>>;
  readonly spec: unknown;
}

const TEMPLATE_PATHS: Readonly<Record<string, readonly string[]>> = {
  Deployment: ['spec', 'template'],
  ReplicaSet: ['spec', 'template'],
  ReplicationController: ['spec', 'template'],
  StatefulSet: ['spec', 'template'],
  DaemonSet: ['spec', 'template'],
  Job: ['spec', 'template'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template'],
  PodTemplate: ['template'],
  Pod: [],
};

/** Undefined for kinds that run no pods. A custom resource with a pod template at the usual place counts as one that does. */
export function podTemplate(object: KubeObject): PodTemplate | undefined {
  const path = Object.hasOwn(TEMPLATE_PATHS, object.kind) ? TEMPLATE_PATHS[object.kind] : ['spec', 'template'];
  const template = at(object, ...(path ?? []));
  const spec = at(template, 'spec');
  if (!Array.isArray(at(spec, 'containers'))) return undefined;
  return { labels: strings(at(template, 'metadata', 'labels')), spec };
}

/** Requests of one pod: the sum over containers, or the largest init container if that is more (scheduler's rule). */
export function podRequests(spec: unknown): Resources {
  const sum = (name: string): number =>
    list(at(spec, 'containers')).reduce<number>((total, container) => total + requested(container, name), 0);
  const peak = (name: string): number =>
    Math.max(0, ...list(at(spec, 'initContainers')).map((container) => requested(container, name)));
  const of = (name: string): number => Math.max(sum(name), peak(name));
  return { cpu: Math.ceil(of('cpu') * 1_000), memory: of('memory'), pods: 1 };
}

/** A limit without a request is a request (defaulting in pkg/apis/core/v1). */
const requested = (container: unknown, name: string): number =>
  quantityNumber(at(container, 'resources', 'requests', name) ?? at(container, 'resources', 'limits', name)) ?? 0;

/** A Kubernetes quantity as a number in its base unit: enough to compare loads. Undefined when it is none. */
export function quantityNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return undefined;
  try {
    return Number(parseQuantity(value).nanos) / 1e9;
  } catch {
    return undefined;
  }
}
