/** The hub's ResourceTransforms, live: what they do to an object's copy in one cluster, and which objects a change concerns. */
import { SYNC_TARGETS } from '../clusters/kinds.ts';
import type { InformerEvent } from '../hub/client.ts';
import type { HubInformers } from '../hub/informers.ts';
import type { ResourceTransform } from '../hub/kinds/resource-transform.ts';
import type { TemplateValues } from '../hub/kinds/transform-template.ts';
import type { SyncTarget } from '../hub/kinds/workload.ts';
import { parseObjectId } from '../hub/object-id.ts';
import { syncTargetKey } from '../kube/namespace-locator.ts';
import type { KubeObject } from '../kube/object.ts';
import { groupResourceName } from '../kube/resource.ts';
import { applyTransforms, concerns, inOrder, type TransformSubject } from './apply-transforms.ts';
import type { TargetIdentity } from './downstream-namespace.ts';
import type { TransformDraft } from './transform.ts';

const RESOURCE_TRANSFORMS = { group: 'tmc.kcp.io', resource: 'resourcetransforms' };

/** `key` undefined: copies in all clusters. The rule is cheap and may say yes too often. */
export type TransformListener = (key: string | undefined, concerned: (id: string) => boolean) => void;

export interface TransformSource {
  whenSynced(): Promise<void>;
  /** Undefined: the copy is as the object. The function throws TransformError. */
  transformOf(target: TargetIdentity, id: string, hubObject: KubeObject): TransformDraft | undefined;
  /** Called when copies may have to change because a transform, or a cluster's labels, did. Returns unsubscribe. */
  onChange(listener: TransformListener): () => void;
}

export function createTransformSource(informers: HubInformers, signal: AbortSignal): TransformSource {
  const transforms = informers.informer<ResourceTransform>(RESOURCE_TRANSFORMS);
  const targets = informers.informer<SyncTarget>(SYNC_TARGETS);
  /** In their order, by workspace; workspaces without any are not in it. */
  const byWorkspace = new Map<string, readonly ResourceTransform[]>();
  const listeners = new Set<TransformListener>();

  const onTransform = ({ workspace, object, previous }: InformerEvent<ResourceTransform>): void => {
    const name = (object ?? previous)?.metadata.name;
    const others = (byWorkspace.get(workspace) ?? []).filter(({ metadata }) => metadata.name !== name);
    const now = object === undefined ? others : inOrder([...others, object]);
    if (now.length === 0) byWorkspace.delete(workspace);
    else byWorkspace.set(workspace, now);
    const resources = new Set([object, previous].flatMap((one) => one?.spec.resources ?? []).map(groupResourceName));
    const concerned = (id: string): boolean => {
      const parsed = parseObjectId(id);
      return parsed.workspace === workspace && resources.has(groupResourceName(parsed.resource));
    };
    for (const listener of listeners) listener(undefined, concerned);
  };
  const onTarget = ({ workspace, object, previous }: InformerEvent<SyncTarget>): void => {
    if (object === undefined || sameLabels(object, previous)) return;
    const key = syncTargetKey(workspace, object.metadata.name ?? '');
    for (const listener of listeners) listener(key, (id) => byWorkspace.has(parseObjectId(id).workspace));
  };
  const stops = [transforms.subscribe(onTransform), targets.subscribe(onTarget)];
  signal.addEventListener('abort', () => stops.forEach((stop) => void stop()), { once: true });

  return {
    async whenSynced() {
      await Promise.all([transforms.whenSynced(), targets.whenSynced()]);
    },
    transformOf(target, id, hubObject) {
      const { workspace, namespace, resource } = parseObjectId(id);
      const all = byWorkspace.get(workspace);
      if (all === undefined) return undefined;
      const { labels = {} } = targets.get(target.workspace, '', target.clusterName)?.metadata ?? {};
      const cluster = { name: target.clusterName, labels };
      const subject: TransformSubject = { resource, namespace, labels: hubObject.metadata.labels ?? {}, cluster };
      const chosen = all.filter((one) => concerns(one, subject));
      if (chosen.length === 0) return undefined;
      return (draft) => applyTransforms(draft, chosen, valuesFor(workspace, hubObject, cluster));
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

const sameLabels = (object: KubeObject, previous: KubeObject | undefined): boolean =>
  JSON.stringify(object.metadata.labels ?? {}) === JSON.stringify(previous?.metadata.labels ?? {});

const valuesFor = (
  workspace: string,
  { metadata: { name = '', namespace = '', labels = {}, annotations = {} } }: KubeObject,
  cluster: TemplateValues['cluster'],
): TemplateValues => ({ cluster, workspace, object: { name, namespace, labels, annotations } });
