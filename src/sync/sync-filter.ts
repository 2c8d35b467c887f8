/** What a cluster takes of what placement gives it (ClusterRegistration.spec.sync). Pure. */
import type { SyncFilter } from '../hub/kinds/workload.ts';
import { parseObjectId } from '../hub/object-id.ts';
import type { KubeObject } from '../kube/object.ts';
import { groupResourceName } from '../kube/resource.ts';
import { fromLabelSelector, matchesLabels } from '../kube/selector.ts';

/** Why the object is not taken, for people; undefined: it is. */
export function refusalOf(filter: SyncFilter | undefined, id: string, { metadata }: KubeObject): string | undefined {
  if (filter === undefined) return undefined;
  const { resource, namespace } = parseObjectId(id);
  const { namespaces, resources, selector, annotations = {} } = filter;
  const isTaken = ({ group = '', resource: name }: NonNullable<SyncFilter['resources']>[number]): boolean =>
    (group === '*' || group === resource.group) && (name === '*' || name === resource.resource);
  if (resources !== undefined && !resources.some(isTaken)) return `it takes no ${groupResourceName(resource)}`;
  if (namespaces !== undefined && namespace !== '' && !namespaces.includes(namespace))
    return `it takes nothing of the namespace "${namespace}"`;
  if (selector !== undefined && !matchesLabels(fromLabelSelector(selector), metadata.labels ?? {}))
    return 'it takes nothing with such labels';
  const missing = Object.entries(annotations).find(([key, value]) => metadata.annotations?.[key] !== value);
  return missing === undefined ? undefined : `it takes only what has the annotation ${missing[0]}=${missing[1]}`;
}
