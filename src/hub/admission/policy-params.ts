/** The parameters that a binding gives its policy (apiserver `policy/generic` CollectParams). */
import type { KubeObject } from '../../kube/object.ts';
import { parseApiVersion } from '../../kube/resource.ts';
import { formatLabelSelector, fromLabelSelector } from '../../kube/selector.ts';
import type { HubClient } from '../client.ts';
import type { HubCore } from '../core.ts';
import type { LabelSelector } from '../kinds/workload.ts';

export interface ParamKind {
  readonly apiVersion: string;
  readonly kind: string;
}

export interface ParamRef {
  readonly name?: string;
  readonly namespace?: string;
  readonly selector?: LabelSelector;
  readonly parameterNotFoundAction?: 'Allow' | 'Deny';
}

/**
 * Each parameter is a run of its own: undefined for a policy that takes none, null where the binding gives none. Or why the
 * policy (`of: 'policy'`), or its binding, cannot be used.
 */
export type Params =
  | readonly (KubeObject | null | undefined)[]
  | { readonly of: 'policy' | 'binding'; readonly fault: string };

/** `namespace`: of the request, '' for none. */
export async function collectParams(
  { core, client, workspace, namespace }: Where,
  paramKind: ParamKind | undefined,
  ref: ParamRef | undefined,
): Promise<Params> {
  if (paramKind === undefined) return [undefined];
  const { group, version } = parseApiVersion(paramKind.apiVersion);
  const definition = (await core.catalog.of(workspace)).findKind(group, version, paramKind.kind);
  if (definition === undefined) {
    const kind = `${group}/${version}, Kind=${paramKind.kind}`;
    return { of: 'policy', fault: `failed to find resource referenced by paramKind: '${kind}'` };
  }
  // A policy with parameters, bound without.
  if (ref === undefined) return [null];
  const fail = (fault: string): Params => ({ of: 'binding', fault });
  const { namespaced, resource } = definition.info;
  const own = namespaced ? ref.namespace || namespace : '';
  if (namespaced && own === '')
    return fail('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources');
  if (!namespaced && ref.namespace)
    return fail('paramRef.namespace must not be provided for a cluster-scoped `paramKind`');
  const found = await read({ client, workspace }, { group, resource }, own, ref);
  return found.length === 0 && ref.parameterNotFoundAction === 'Deny'
    ? fail('no params found for policy binding with `Deny` parameterNotFoundAction')
    : found;
}

export interface Where {
  readonly core: Pick<HubCore, 'catalog'>;
  readonly client: HubClient;
  readonly workspace: string;
  readonly namespace: string;
}

async function read(
  { client, workspace }: Pick<Where, 'client' | 'workspace'>,
  kind: { readonly group: string; readonly resource: string },
  namespace: string,
  { name, selector }: ParamRef,
): Promise<readonly KubeObject[]> {
  if (name) {
    const object = await client.get({ ...kind, workspace, namespace, name });
    return object === undefined ? [] : [object];
  }
  const labelSelector = formatLabelSelector(fromLabelSelector(selector ?? {}));
  const { items } = await client.list(workspace, kind, { namespace, labelSelector });
  return items.map(({ object }) => object);
}
