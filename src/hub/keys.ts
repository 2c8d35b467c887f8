/** Where an object stands in the store: `/<workspace>/<group>/<resource>/<namespace>/<name>`, '-' for none (store/store.ts). */
import type { GroupResource } from '../kube/resource.ts';

export interface ObjectPlace extends GroupResource {
  readonly workspace: string;
  /** '' for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
}

const orDash = (text: string): string => (text === '' ? '-' : text);
const orEmpty = (text: string): string => (text === '-' ? '' : text);

/** `apps/deployments`, `-/secrets`: the store's name of a kind. */
export const kindKey = (gr: GroupResource): string => `${orDash(gr.group)}/${gr.resource}`;

/** All objects of the kind in the workspace, or in one of its namespaces. */
export const collectionPrefix = (workspace: string, gr: GroupResource, namespace = ''): string =>
  `/${workspace}/${kindKey(gr)}/${namespace === '' ? '' : `${namespace}/`}`;

export const placeKey = (place: ObjectPlace): string =>
  `/${place.workspace}/${kindKey(place)}/${orDash(place.namespace)}/${place.name}`;

export function parsePlace(key: string): ObjectPlace {
  const [, workspace = '', group = '', resource = '', namespace = '', ...name] = key.split('/');
  return { workspace, group: orEmpty(group), resource, namespace: orEmpty(namespace), name: name.join('/') };
}
