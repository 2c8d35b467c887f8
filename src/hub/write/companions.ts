/** Objects that come into being with another one, in the same commit: no moment in which one is there without the other. */
import type { KubeObject } from '../../kube/object.ts';
import type { HubCore, Target } from '../core.ts';
import type { StoreOperation } from '../store/store.ts';
import { prepareForCreate } from './prepare.ts';

interface Companion {
  readonly workspace: string;
  readonly group: string;
  readonly resource: string;
  readonly object: KubeObject;
}

const core = (kind: string, name: string, rest: object = {}, namespace?: string): KubeObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  ...rest,
});

/** What every namespace begins with. */
const ofNamespace = (workspace: string, namespace: string): Companion[] => [
  { workspace, group: '', resource: 'serviceaccounts', object: core('ServiceAccount', 'default', {}, namespace) },
];

const namespace = (workspace: string, name: string): Companion[] => [
  {
    workspace,
    group: '',
    resource: 'namespaces',
    object: {
      ...core('Namespace', name, { spec: { finalizers: ['kubernetes'] } }),
      metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
    },
  },
  ...ofNamespace(workspace, name),
];

const logicalCluster: KubeObject = {
  apiVersion: 'core.kcp.io/v1alpha1',
  kind: 'LogicalCluster',
  metadata: { name: 'cluster' },
  spec: {},
};

/** What every workspace begins with; `namespaces` beside `default`. */
export const ofWorkspace = (workspace: string, namespaces: readonly string[] = []): Companion[] => [
  ...['default', ...namespaces].flatMap((name) => namespace(workspace, name)),
  { workspace, group: 'core.kcp.io', resource: 'logicalclusters', object: logicalCluster },
];

function companionsOf({ workspace, definition }: Target, name: string): Companion[] {
  const { group, resource } = definition.info;
  if (group === '' && resource === 'namespaces') return ofNamespace(workspace, name);
  return group === 'tenancy.kcp.io' && resource === 'workspaces' ? ofWorkspace(`${workspace}:${name}`) : [];
}

/** Operations to commit with the creation of the named object. */
export const companionOperations = (hub: HubCore, target: Target, name: string): Promise<StoreOperation[]> =>
  missingOperations(hub, companionsOf(target, name));

/** What is there already stays as it is. */
export async function missingOperations(hub: HubCore, companions: readonly Companion[]): Promise<StoreOperation[]> {
  const operations: StoreOperation[] = [];
  for (const { workspace, group, resource, object } of companions) {
    const definition = (await hub.catalog.of(workspace)).preferred({ group, resource });
    if (definition === undefined) continue;
    const namespace = object.metadata.namespace ?? '';
    const target: Target = { workspace, definition, namespace, name: object.metadata.name ?? '', subresource: '' };
    if ((await hub.objects.read(target)) !== undefined) continue;
    const copy = structuredClone(object);
    prepareForCreate(hub, target, copy);
    const value = hub.objects.seal(target, hub.objects.encode(definition, copy));
    operations.push({ key: hub.objects.keyOf(target), value });
  }
  return operations;
}
