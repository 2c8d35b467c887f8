/** The key of an object in kube-apiserver's etcd, which errors name; ours has the same shape. */
import type { ResourceDefinition } from '../resource-definition.ts';

/** `/example.com/widgets/default/one`, without `/registry`. `namespace` '' for none. */
export function upstreamKey({ info, custom }: ResourceDefinition, namespace: string, name: string): string {
  const { group, resource } = info;
  const folder = group === '' ? (CORE_FOLDERS[resource] ?? resource) : resource;
  const hasGroup = custom || EXTENSION_GROUPS.has(group);
  return ['', ...(hasGroup ? [group] : []), folder, ...(namespace === '' ? [] : [namespace]), name].join('/');
}

/** Groups of other servers within kube-apiserver. */
const EXTENSION_GROUPS = new Set(['apiextensions.k8s.io', 'apiregistration.k8s.io']);
/** Where core kinds are not under their own name. */
const CORE_FOLDERS: Readonly<Record<string, string>> = {
  endpoints: 'services/endpoints',
  nodes: 'minions',
  replicationcontrollers: 'controllers',
  services: 'services/specs',
};
