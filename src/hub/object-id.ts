/** Identity of a hub object as one string: the key of controllers' queues and indexes. */
import { type GroupResource, groupResourceName } from '../kube/resource.ts';

export interface ObjectId {
  readonly resource: GroupResource;
  readonly workspace: string;
  /** '' for cluster-scoped objects. */
  readonly namespace: string;
  readonly name: string;
}

export const formatObjectId = ({ resource, workspace, namespace, name }: ObjectId): string =>
  `${groupResourceName(resource)}|${workspace}|${namespace}|${name}`;

/** No part but the name can contain '|'; a resource has no dot, so the first one begins the group. */
export function parseObjectId(id: string): ObjectId {
  const [kind = '', workspace = '', namespace = '', ...name] = id.split('|');
  const dot = kind.indexOf('.');
  const resource =
    dot < 0 ? { group: '', resource: kind } : { group: kind.slice(dot + 1), resource: kind.slice(0, dot) };
  return { resource, workspace, namespace, name: name.join('|') };
}
