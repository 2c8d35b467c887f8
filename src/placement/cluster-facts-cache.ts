/** Facts of every cluster, kept and renewed as its connection, SyncTarget or registration changes. */
import type { ClusterRegistry, Downstream } from '../clusters/downstream.ts';
import { CLUSTER_REGISTRATIONS, SYNC_TARGETS } from '../clusters/kinds.ts';
import type { HubInformer, InformerEvent } from '../hub/client.ts';
import type { HubInformers } from '../hub/informers.ts';
import type { ClusterRegistration, SyncTarget } from '../hub/kinds/workload.ts';
import type { Clock } from '../reconcile/clock.ts';
import { type BaseFacts, clusterFacts } from './cluster-facts.ts';

export interface FactsChange {
  readonly downstream: Downstream;
  /** Undefined: it joined, or left. */
  readonly before: BaseFacts | undefined;
  readonly after: BaseFacts | undefined;
  /** The workspaces that may use it are others now. */
  readonly visibility: boolean;
}

export class ClusterFactsCache {
  readonly #registry: ClusterRegistry;
  readonly #clock: Clock;
  readonly #syncTargets: HubInformer<SyncTarget>;
  readonly #registrations: HubInformer<ClusterRegistration>;
  readonly #facts = new Map<string, BaseFacts>();
  /** When this process first saw a cluster unusable, by key. */
  readonly #unhealthySince = new Map<string, number>();

  constructor(registry: ClusterRegistry, informers: HubInformers, clock: Clock) {
    this.#registry = registry;
    this.#clock = clock;
    this.#syncTargets = informers.informer<SyncTarget>(SYNC_TARGETS);
    this.#registrations = informers.informer<ClusterRegistration>(CLUSTER_REGISTRATIONS);
  }

  async whenSynced(): Promise<void> {
    await Promise.all([this.#registry.whenLoaded(), this.#syncTargets.whenSynced(), this.#registrations.whenSynced()]);
    for (const downstream of this.#registry.all()) this.#of(downstream);
  }

  /** Every cluster that the workspace may use. */
  visibleTo(workspace: string): readonly BaseFacts[] {
    return this.#registry.visibleTo(workspace).map((downstream) => this.#of(downstream));
  }

  /** Returns stop. */
  start(onChange: (change: FactsChange) => void): () => void {
    const renew = (downstream: Downstream | undefined): void => {
      if (downstream === undefined) return;
      const before = this.#facts.get(downstream.key);
      const after = this.#read(downstream);
      onChange({ downstream, before, after, visibility: false });
    };
    const named = ({ workspace, object, previous }: InformerEvent): void =>
      renew(this.#registry.get(workspace, (object ?? previous)?.metadata.name ?? ''));
    const stops = [
      this.#syncTargets.subscribe(named),
      this.#registrations.subscribe(named),
      this.#registry.onChange(({ type, downstream }) => {
        if (type === 'left') onChange(this.#forget(downstream));
        else if (type === 'visibility')
          onChange({ downstream, before: this.#of(downstream), after: this.#of(downstream), visibility: true });
        else renew(downstream);
      }),
    ];
    return () => stops.forEach((stop) => void stop());
  }

  #of(downstream: Downstream): BaseFacts {
    return this.#facts.get(downstream.key) ?? this.#read(downstream);
  }

  #read(downstream: Downstream): BaseFacts {
    const { workspace, clusterName, key } = downstream;
    const { state } = downstream.health();
    if (state === 'Healthy' || state === 'Degraded') this.#unhealthySince.delete(key);
    else if (!this.#unhealthySince.has(key)) this.#unhealthySince.set(key, this.#clock.now());
    const facts = clusterFacts(
      downstream,
      this.#syncTargets.get(workspace, '', clusterName),
      this.#registrations.get(workspace, '', clusterName),
      this.#unhealthySince.get(key),
    );
    this.#facts.set(key, facts);
    return facts;
  }

  #forget(downstream: Downstream): FactsChange {
    const before = this.#facts.get(downstream.key);
    this.#facts.delete(downstream.key);
    this.#unhealthySince.delete(downstream.key);
    return { downstream, before, after: undefined, visibility: false };
  }
}
