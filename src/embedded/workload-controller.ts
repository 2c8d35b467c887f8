/** What the controllers of an embedded cluster share: keys from events of an object and of what it owns, and the calls they make. */
import type { KubeObject } from '../kube/object.ts';
import type { GroupResource } from '../kube/resource.ts';
import { ApiError } from '../kube/status.ts';
import { objectKey, parseObjectKey, startController, watching } from '../reconcile/controller.ts';
import type { EmbeddedContext } from './context.ts';
import {
  CLUSTER_WORKSPACE,
  controllerOf,
  controllerReference,
  ownedBy,
  PODS,
  type Pod,
  type PodTemplate,
} from './types.ts';

export interface WorkloadController<T extends KubeObject> {
  readonly name: string;
  readonly kind: string;
  readonly resource: GroupResource;
  /** Resources whose objects name this kind as their controller. */
  readonly owns: readonly GroupResource[];
  /** Called with the object as stored now, never for one being deleted. */
  reconcile(object: T, context: EmbeddedContext): Promise<{ requeueAfterMs: number } | undefined>;
}

/** Runs one kind's controller until the context's signal aborts. */
export function startWorkloadController<T extends KubeObject>(
  context: EmbeddedContext,
  controller: WorkloadController<T>,
): void {
  const sources = [
    watching(context.informer<T>(controller.resource), ({ object, previous }) => [keyOf((object ?? previous)!)]),
    ...controller.owns.map((owned) =>
      watching(context.informer(owned), ({ object, previous }) => {
        const owner = controllerOf((object ?? previous)!);
        const namespace = (object ?? previous)!.metadata.namespace ?? '';
        return owner?.kind === controller.kind ? [objectKey(CLUSTER_WORKSPACE, namespace, owner.name)] : [];
      }),
    ),
  ];
  startController({
    name: `${context.clusterName}/${controller.name}`,
    sources,
    signal: context.signal,
    log: context.log,
    clock: context.clock,
    concurrency: 4,
    reconcile: async (key) => {
      const { namespace, name } = parseObjectKey(key);
      const object = await context.cluster.get<T>({
        ...controller.resource,
        workspace: CLUSTER_WORKSPACE,
        namespace,
        name,
      });
      if (object === undefined || object.metadata.deletionTimestamp !== undefined) return undefined;
      return controller.reconcile(object, context);
    },
  });
}

export const keyOf = (object: KubeObject): string =>
  objectKey(CLUSTER_WORKSPACE, object.metadata.namespace ?? '', object.metadata.name ?? '');

/** What the owner controls, read from the store: an informer may lag behind our own writes. */
export async function listOwned<T extends KubeObject>(
  context: EmbeddedContext,
  resource: GroupResource,
  owner: KubeObject,
): Promise<T[]> {
  const { items } = await context.cluster.list<T>(CLUSTER_WORKSPACE, resource, {
    namespace: owner.metadata.namespace ?? '',
  });
  return items.map(({ object }) => object).filter((object) => ownedBy(object, owner));
}

/** A pod of the owner from its template; named, or by `<owner>-` and a random ending. */
export async function createPod(
  context: EmbeddedContext,
  owner: KubeObject,
  template: PodTemplate,
  extra: { name?: string; labels?: Record<string, string>; nodeName?: string } = {},
): Promise<void> {
  const { annotations, labels } = template.metadata ?? {};
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...(extra.name ? { name: extra.name } : { generateName: `${owner.metadata.name}-` }),
      namespace: owner.metadata.namespace ?? '',
      labels: { ...labels, ...extra.labels },
      ...(annotations ? { annotations } : {}),
      ownerReferences: [controllerReference(owner)],
    },
    spec: { ...template.spec, ...(extra.nodeName ? { nodeName: extra.nodeName } : {}) },
  };
  await context.cluster.create(CLUSTER_WORKSPACE, PODS, pod, { fieldManager: 'kube-controller-manager' });
}

export const deletePod = (context: EmbeddedContext, pod: Pod): Promise<void> =>
  context.cluster.delete(
    { ...PODS, workspace: CLUSTER_WORKSPACE, namespace: pod.metadata.namespace ?? '', name: pod.metadata.name ?? '' },
    pod.metadata.uid ? { uid: pod.metadata.uid } : {},
  );

/** Writes status when it differs; a conflict is left to the next event. */
export async function writeStatus<T extends KubeObject>(
  context: EmbeddedContext,
  resource: GroupResource,
  object: T,
  status: T['status'],
): Promise<void> {
  if (JSON.stringify(object.status ?? {}) === JSON.stringify(status)) return;
  await ignoreStale(
    context.cluster.update(
      CLUSTER_WORKSPACE,
      resource,
      { ...object, status },
      {
        subresource: 'status',
        fieldManager: 'kube-controller-manager',
      },
    ),
  );
}

/** Somebody else wrote or removed the object first: their event brings us back. */
export async function ignoreStale<R>(write: Promise<R>): Promise<R | undefined> {
  try {
    return await write;
  } catch (error) {
    if (error instanceof ApiError && (error.code === 404 || error.code === 409)) return undefined;
    throw error;
  }
}
