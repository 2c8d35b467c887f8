/** An object seen as an autoscaling/v1 Scale: its replica fields under other names. */
import type { KubeObject } from '../../kube/object.ts';
import { apiVersionOf, type ResourceInfo } from '../../kube/resource.ts';
import { formatLabelSelector, fromLabelSelector } from '../../kube/selector.ts';
import { badRequest } from '../../kube/status.ts';
import { builtinType } from '../builtin/tables.ts';
import type { Target } from '../core.ts';
import type { ReplicasPaths } from '../patch/scale-managers.ts';
import type { ResourceDefinition } from '../resource-definition.ts';

const KIND = { group: 'autoscaling', version: 'v1', kind: 'Scale' };
const TYPE = { apiVersion: 'autoscaling/v1', kind: 'Scale' };

export interface Scale extends KubeObject {
  spec?: { replicas?: number };
}

/** Scale is a kind like others to whatever decodes, patches and applies it. */
export const scaleDefinition = (parent: ResourceInfo): ResourceDefinition => ({
  info: { ...parent, ...KIND, resource: 'scales', subresources: [] },
  storageVersion: KIND.version,
  schema: builtinType(KIND),
  custom: false,
  status: false,
  generation: false,
});

export function scalePaths({ definition }: Pick<Target, 'definition'>): NonNullable<ResourceDefinition['scale']> {
  if (definition.scale === undefined) throw badRequest(`${definition.info.kind} has no scale`);
  return definition.scale;
}

/** Where each version that ownership may be recorded in keeps its replicas. */
export function replicasPaths({ definition: { info, scale, scaleOfVersion } }: Target): ReplicasPaths {
  const versions = { [info.version]: scale, ...scaleOfVersion };
  return Object.fromEntries(
    Object.entries(versions).map(([version, one]) => [
      apiVersionOf({ group: info.group, version }),
      one?.specReplicasPath ?? null,
    ]),
  );
}

export function toScale(target: Pick<Target, 'definition'>, object: KubeObject): Scale {
  const { specReplicasPath, statusReplicasPath, labelSelectorPath } = scalePaths(target);
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const replicas = getPath(object, specReplicasPath) as number | undefined;
  const selector = labelSelectorPath === undefined ? '' : selectorText(getPath(object, labelSelectorPath));
  return {
    ...TYPE,
    metadata: dropUndefined({ name, namespace, uid, resourceVersion, creationTimestamp }),
    spec: replicas === undefined || replicas === 0 ? {} : { replicas },
    status: { replicas: getPath(object, statusReplicasPath) ?? 0, ...(selector === '' ? {} : { selector }) },
  };
}

/** A label selector object, a plain label map (ReplicationController) or text (custom resources). */
function selectorText(selector: unknown): string {
  if (typeof selector === 'string') return selector;
  if (typeof selector !== 'object' || selector === null) return '';
  const isSelector = 'matchLabels' in selector || 'matchExpressions' in selector;
  return formatLabelSelector(
    fromLabelSelector((isSelector ? selector : { matchLabels: selector }) as Parameters<typeof fromLabelSelector>[0]),
  );
}

export function getPath(object: unknown, path: string): unknown {
  let value = object;
  for (const part of partsOf(path)) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}

export function setPath(object: KubeObject, path: string, value: number): void {
  const parts = partsOf(path);
  const last = parts.pop() as string;
  let at = object as Record<string, unknown>;
  for (const part of parts) {
    const next = Object.hasOwn(at, part) ? at[part] : undefined;
    if (typeof next !== 'object' || next === null) at[part] = {};
    at = at[part] as Record<string, unknown>;
  }
  at[last] = value;
}

/** `.spec.replicas`; no arrays (a CRD's scale paths may not have them). */
const partsOf = (path: string): string[] => path.split('.').filter((part) => part !== '');

const dropUndefined = <T extends object>(value: T) =>
  Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
