/** Cell values that many kinds share, and the shapes they read. */
import { humanDuration } from '../../kube/duration.ts';
import type { KubeObject } from '../../kube/object.ts';
import { formatLabelSelector, fromLabelSelector } from '../../kube/selector.ts';

export interface ContainerShape {
  readonly name: string;
  readonly image?: string;
  readonly restartPolicy?: string;
}

export interface TemplateShape {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: { readonly containers?: readonly ContainerShape[]; readonly nodeSelector?: Record<string, string> };
}

export interface ConditionShape {
  readonly type: string;
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
}

export type SelectorShape = Parameters<typeof fromLabelSelector>[0];

/** `5m`, or `<unknown>` where the time is absent. */
export const since = (timestamp: string | null | undefined, now: number): string =>
  timestamp ? humanDuration(now - Date.parse(timestamp)) : '<unknown>';

export const ageOf = (object: KubeObject, now: number): string => since(object.metadata.creationTimestamp, now);

/** creationTimestamp itself; Go's zero time where it is absent. */
export const createdAt = (object: KubeObject): string => object.metadata.creationTimestamp ?? '0001-01-01T00:00:00Z';

export const nameOf = (object: KubeObject): string => object.metadata.name ?? '';

/** Names and images of containers, each joined by commas. */
export function containerCells(containers: readonly ContainerShape[] | undefined): [names: string, images: string] {
  const list = containers ?? [];
  return [list.map(({ name }) => name).join(','), list.map(({ image }) => image ?? '').join(',')];
}

/** `a=b,c=d` by key, `<none>` when empty. */
export function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.keys(labels ?? {})
    .sort()
    .map((key) => `${key}=${labels?.[key]}`);
  return pairs.join(',') || '<none>';
}

/** A label selector in its string form; `invalid` where it is none, `none` where it is empty. */
export function selectorText(selector: SelectorShape | undefined, none = '<none>', invalid = '<error>'): string {
  try {
    return (selector ? formatLabelSelector(fromLabelSelector(selector)) : '') || none;
  } catch {
    return invalid;
  }
}

/** Up to `max` of a list, then how many more. */
export function listed(list: readonly string[], max: number, none: string): string {
  const shown = list.slice(0, max).join(',');
  if (list.length > max) return `${shown} + ${list.length - max} more...`;
  return shown || none;
}

export const isTrue = (conditions: readonly ConditionShape[] | undefined, type: string): boolean =>
  conditions?.find((condition) => condition.type === type)?.status === 'True';

export const sortedUnique = (list: readonly string[]): string[] => [...new Set(list)].sort();
