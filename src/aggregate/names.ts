/**
 * Names in a view (DESIGN §4): an object authored in the hub owns its plain name; where one namespace/name stands in
 * several places, those in clusters are shown as `name@cluster`. `@` is in no Kubernetes name.
 */
import { type GroupResource, groupResourceName } from '../kube/resource.ts';
import { ApiError } from '../kube/status.ts';

export interface ViewName {
  /** The object's own name, as its source knows it. */
  readonly name: string;
  /** Set when the name was qualified. */
  readonly clusterName: string | undefined;
}

/** Splits at the last `@`: RBAC names may hold one themselves, clusters' names never. */
export function parseViewName(text: string): ViewName {
  const at = text.lastIndexOf('@');
  return at <= 0 || at === text.length - 1
    ? { name: text, clusterName: undefined }
    : { name: text.slice(0, at), clusterName: text.slice(at + 1) };
}

export const qualifiedName = (name: string, clusterName: string): string => `${name}@${clusterName}`;

/** True when the object of a cluster must be shown qualified: its plain name means something else, or more than one thing. */
export const mustQualify = (inHub: boolean, clusters: number): boolean => inHub || clusters > 1;

/** 409 for a plain name that stands in several clusters; lists what to say instead. */
export function ambiguousName(gr: GroupResource, name: string, clusterNames: readonly string[]): ApiError {
  const names = [...clusterNames].sort().map((cluster) => qualifiedName(name, cluster));
  return new ApiError(
    409,
    'Conflict',
    `${groupResourceName(gr)} "${name}" is ambiguous: it exists in ${names.length} clusters, use one of ${names.map((one) => JSON.stringify(one)).join(', ')}`,
    {
      name,
      ...(gr.group === '' ? {} : { group: gr.group }),
      kind: gr.resource,
      causes: names.map((one) => ({ reason: 'AmbiguousName', message: one, field: 'metadata.name' })),
    },
  );
}
