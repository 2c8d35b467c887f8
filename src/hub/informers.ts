/** Contract: the hub's kinds as live copies, one per resource, shared by all controllers of a process. */
import type { KubeObject } from '../kube/object.ts';
import type { GroupResource, ResourceInfo } from '../kube/resource.ts';
import type { HubInformer } from './client.ts';

export interface HubInformers {
  /** Started on first need, then kept. */
  informer<T extends KubeObject = KubeObject>(resource: GroupResource): HubInformer<T>;
  /** Every resource that the hub stores now, each once, in its preferred version; custom resources of all workspaces. */
  kinds(): readonly ResourceInfo[];
  /** Called when a resource was added or removed. Returns unsubscribe. */
  onKindsChange(listener: () => void): () => void;
}
