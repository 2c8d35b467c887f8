/** What every controller of an embedded cluster is given. */
import type { HubClient, HubInformer } from '../hub/client.ts';
import type { KubeObject } from '../kube/object.ts';
import type { GroupResource } from '../kube/resource.ts';
import type { Clock } from '../reconcile/clock.ts';
import type { Logger } from '../reconcile/logger.ts';

export interface EmbeddedContext {
  readonly clusterName: string;
  /** The cluster's own store, not the product's hub. */
  readonly cluster: HubClient;
  informer<T extends KubeObject>(resource: GroupResource): HubInformer<T>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}
