/** The hub of another process as one target's syncer sees it: objects with the target's label, and what is needed beside. */
import { SYNC_TARGETS } from '../clusters/kinds.ts';
import type { HubClient, HubInformer } from '../hub/client.ts';
import type { HubInformers } from '../hub/informers.ts';
import { heldTargets } from '../hub/kinds/placed-object.ts';
import { STATE_LABEL_PREFIX } from '../hub/kinds/workload.ts';
import { type InformerScope, LiveInformer } from '../hub/live-informer.ts';
import type { KubeObject } from '../kube/object.ts';
import { type GroupResource, groupResourceName, type ResourceInfo } from '../kube/resource.ts';
import type { Clock } from '../reconcile/clock.ts';
import type { Logger } from '../reconcile/logger.ts';
import type { TargetIdentity } from './downstream-namespace.ts';

export interface RemoteInformersOptions {
  readonly hub: HubClient;
  readonly target: Pick<TargetIdentity, 'key' | 'workspace' | 'clusterName'>;
  readonly kinds: readonly ResourceInfo[];
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly clock: Clock;
}

export class RemoteInformers implements HubInformers {
  readonly #options: RemoteInformersOptions;
  readonly #informers = new Map<string, LiveInformer>();
  readonly #listeners = new Set<() => void>();
  #kinds: readonly ResourceInfo[];

  constructor(options: RemoteInformersOptions) {
    this.#options = options;
    this.#kinds = options.kinds;
  }

  informer<T extends KubeObject = KubeObject>(resource: GroupResource): HubInformer<T> {
    const name = groupResourceName(resource);
    const known =
      this.#informers.get(name) ?? new LiveInformer(this.#options.hub, resource, this.#options, this.#scope(name));
    this.#informers.set(name, known);
    return known as unknown as HubInformer<T>;
  }

  kinds(): readonly ResourceInfo[] {
    return this.#kinds;
  }

  onKindsChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** The hub serves these now. */
  setKinds(kinds: readonly ResourceInfo[]): void {
    const names = (all: readonly ResourceInfo[]) => JSON.stringify(all.map(groupResourceName).sort());
    const changed = names(kinds) !== names(this.#kinds);
    this.#kinds = kinds;
    if (changed) for (const listener of this.#listeners) listener();
  }

  #scope(name: string): InformerScope {
    const { key, workspace, clusterName } = this.#options.target;
    if (WHOLE.has(name)) return {};
    if (name === groupResourceName(SYNC_TARGETS)) return { workspace, fieldSelector: `metadata.name=${clusterName}` };
    return { labelSelector: STATE_LABEL_PREFIX + key, keeps: (object) => heldTargets(object).has(key) };
  }
}

/** These carry no label of targets. A namespace that is gone is told by its absence. */
const WHOLE: ReadonlySet<string> = new Set([
  'namespaces',
  'resourcetransforms.tmc.kcp.io',
  'resourceprojections.tmc.kcp.io',
]);
