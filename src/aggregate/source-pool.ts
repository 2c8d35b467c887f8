/** The sources in use, by cluster and resource: shared by all requests and workspaces, dropped when they have been idle. */
import type { Downstream } from '../clusters/downstream.ts';
import type { ReflectorPool } from '../clusters/reflector.ts';
import { apiVersionOf, type ResourceInfo } from '../kube/resource.ts';
import type { Clock } from '../reconcile/clock.ts';
import type { Logger } from '../reconcile/logger.ts';
import { ClusterSource } from './cluster-source.ts';
import type { CopyIndex } from './copy-index.ts';
import type { HubPort } from './hub-port.ts';
import { HubSource } from './hub-source.ts';
import type { NamespaceMaps } from './namespace-map.ts';
import { Sequencer } from './source-log.ts';

export interface SourcePoolOptions {
  readonly hub: HubPort;
  readonly reflectors: ReflectorPool;
  readonly maps: NamespaceMaps;
  readonly copies: CopyIndex;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long an unused source keeps its history, so that watches can resume; default 5 min. */
  readonly idleMs?: number;
}

export interface Lease<T> {
  readonly source: T;
  release(): void;
}

interface Held<T> {
  readonly source: T;
  leases: number;
  cancelIdle: () => void;
}

const resourceKey = (resource: ResourceInfo): string => `${apiVersionOf(resource)}/${resource.resource}`;

const clusterKey = (downstream: Downstream, resource: ResourceInfo, showCopies: boolean): string =>
  `${downstream.uid}|${resourceKey(resource)}|${showCopies ? 'copies' : ''}`;

export class SourcePool {
  readonly sequencer = new Sequencer();
  readonly #options: SourcePoolOptions;
  readonly #clusters = new Map<string, Held<ClusterSource>>();
  readonly #hubs = new Map<string, Held<HubSource>>();

  constructor(options: SourcePoolOptions) {
    this.#options = options;
  }

  /** Undefined where caching it would exceed the byte budget. */
  cluster(downstream: Downstream, resource: ResourceInfo, showCopies: boolean): Lease<ClusterSource> | undefined {
    const key = clusterKey(downstream, resource, showCopies);
    const known = this.#clusters.get(key);
    if (known !== undefined) return this.#lease(this.#clusters, key, known);
    const { reflectors, maps, copies, clock } = this.#options;
    // Before the reflector: its encoder asks the map.
    const namespaces = downstream.namespaceMapping === 'Hashed' ? maps.of(downstream) : undefined;
    const lease = reflectors.offer(downstream, resource);
    if (lease === undefined) return undefined;
    const source = new ClusterSource({ lease, namespaces, copies, showCopies, sequencer: this.sequencer, clock });
    const held: Held<ClusterSource> = { source, leases: 0, cancelIdle: () => {} };
    this.#clusters.set(key, held);
    return this.#lease(this.#clusters, key, held);
  }

  /** One that is already there, without starting it. */
  present(downstream: Downstream, resource: ResourceInfo, showCopies: boolean): ClusterSource | undefined {
    return this.#clusters.get(clusterKey(downstream, resource, showCopies))?.source;
  }

  hub(resource: ResourceInfo): Lease<HubSource> {
    const key = resourceKey(resource);
    let held = this.#hubs.get(key);
    if (held === undefined) {
      const { hub: port, clock, log } = this.#options;
      const source = new HubSource({ port, resource, sequencer: this.sequencer, clock, log });
      held = { source, leases: 0, cancelIdle: () => {} };
      this.#hubs.set(key, held);
    }
    return this.#lease(this.#hubs, key, held);
  }

  /** The cluster has left: nothing of it may be served any more. */
  forget(downstream: Downstream): void {
    for (const [key, held] of this.#clusters)
      if (key.startsWith(`${downstream.uid}|`)) this.#drop(this.#clusters, key, held);
    this.#options.maps.forget(downstream);
  }

  close(): void {
    for (const [key, held] of this.#clusters) this.#drop(this.#clusters, key, held);
    for (const [key, held] of this.#hubs) this.#drop(this.#hubs, key, held);
  }

  #lease<T extends { close(): void }>(all: Map<string, Held<T>>, key: string, held: Held<T>): Lease<T> {
    held.leases++;
    held.cancelIdle();
    let open = true;
    return {
      source: held.source,
      release: () => {
        if (!open) return;
        open = false;
        held.leases--;
        if (held.leases > 0 || all.get(key) !== held) return;
        held.cancelIdle = this.#options.clock.after(this.#options.idleMs ?? 300_000, () => this.#drop(all, key, held));
      },
    };
  }

  #drop<T extends { close(): void }>(all: Map<string, Held<T>>, key: string, held: Held<T>): void {
    held.cancelIdle();
    if (all.get(key) !== held) return;
    all.delete(key);
    held.source.close();
  }
}
