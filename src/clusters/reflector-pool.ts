/** Reflectors by (cluster, resource): started on first need, dropped when idle, the least used first when memory is short. */
import { apiVersionOf, type ResourceInfo } from '../kube/resource.ts';
import { type Clock, systemClock } from '../reconcile/clock.ts';
import type { Logger } from '../reconcile/logger.ts';
import type { ClusterRegistry, Downstream } from './downstream.ts';
import type { EncodeObject, ReflectorLease, ReflectorPool } from './reflector.ts';
import { encodePlain } from './reflector-encode.ts';
import { ReflectorLoop } from './reflector-loop.ts';

export interface ReflectorPoolOptions {
  readonly log: Logger;
  /** Tells of replaced connections and of clusters that are back; without it a reflector ends with its connection. */
  readonly registry?: Pick<ClusterRegistry, 'all' | 'onChange'>;
  /** The form in which objects are kept; default the cluster's own. */
  readonly encode?: EncodeObject;
  readonly clock?: Clock;
  readonly random?: () => number;
  /** Objects of one list request; default 1,000. */
  readonly pageSize?: number;
  /** How long an unused reflector is kept; default 5 min. */
  readonly idleMs?: number;
  /** Bytes of objects that may be held before idle reflectors go and `offer` refuses; default 2 GiB. */
  readonly budgetBytes?: number;
}

interface Slot {
  readonly loop: ReflectorLoop;
  leases: number;
  idleSince: number;
  cancelIdle: () => void;
}

/** The SyncTarget's uid stays when its connection is replaced. */
const slotKey = (downstream: Downstream, resource: ResourceInfo): string =>
  `${downstream.uid}|${apiVersionOf(resource)}/${resource.resource}`;

class Pool implements ReflectorPool {
  readonly #options: ReflectorPoolOptions;
  readonly #clock: Clock;
  readonly #slots = new Map<string, Slot>();
  readonly #unlisten: () => void;

  constructor(options: ReflectorPoolOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#unlisten =
      options.registry?.onChange(({ type, downstream }) => {
        if (type !== 'health' || downstream.health().state !== 'Healthy') return;
        for (const { loop } of this.#slots.values()) if (loop.downstream === downstream) loop.wake();
      }) ?? (() => {});
  }

  get bytes(): number {
    let sum = 0;
    for (const { loop } of this.#slots.values()) sum += loop.bytes;
    return sum;
  }

  acquire(downstream: Downstream, resource: ResourceInfo): ReflectorLease {
    const key = slotKey(downstream, resource);
    let slot = this.#slots.get(key);
    if (slot === undefined) {
      this.#makeRoom();
      slot = this.#start(downstream, resource);
      this.#slots.set(key, slot);
    }
    return this.#lease(key, slot);
  }

  offer(downstream: Downstream, resource: ResourceInfo): ReflectorLease | undefined {
    const present = this.#slots.has(slotKey(downstream, resource));
    return present || this.#makeRoom() ? this.acquire(downstream, resource) : undefined;
  }

  #start(downstream: Downstream, resource: ResourceInfo): Slot {
    const { log, encode = encodePlain, random = Math.random, pageSize = 1_000, registry } = this.#options;
    const successor = (old: Downstream): Downstream | undefined => registry?.all().find((one) => one.uid === old.uid);
    const loop = new ReflectorLoop({
      downstream,
      resource,
      encode,
      clock: this.#clock,
      log,
      random,
      pageSize,
      successor,
    });
    return { loop, leases: 0, idleSince: 0, cancelIdle: () => {} };
  }

  #lease(key: string, slot: Slot): ReflectorLease {
    slot.leases++;
    slot.cancelIdle();
    let held = true;
    return {
      reflector: slot.loop,
      release: () => {
        if (!held) return;
        held = false;
        slot.leases--;
        if (slot.leases === 0) this.#idle(key, slot);
      },
    };
  }

  #idle(key: string, slot: Slot): void {
    slot.idleSince = this.#clock.now();
    slot.cancelIdle = this.#clock.after(this.#options.idleMs ?? 300_000, () => this.#drop(key, slot));
  }

  #drop(key: string, slot: Slot): void {
    if (slot.leases > 0 || this.#slots.get(key) !== slot) return;
    slot.cancelIdle();
    this.#slots.delete(key);
    void slot.loop.close();
  }

  /** Drops idle reflectors, longest unused first, until the budget holds. False when it still does not. */
  #makeRoom(): boolean {
    const budget = this.#options.budgetBytes ?? 2 * 1024 ** 3;
    if (this.bytes < budget) return true;
    const idle = [...this.#slots].filter(([, slot]) => slot.leases === 0);
    idle.sort(([, a], [, b]) => a.idleSince - b.idleSince);
    for (const [key, slot] of idle) {
      this.#drop(key, slot);
      if (this.bytes < budget) return true;
    }
    return this.bytes < budget;
  }

  async close(): Promise<void> {
    this.#unlisten();
    const slots = [...this.#slots.values()];
    this.#slots.clear();
    await Promise.all(
      slots.map((slot) => {
        slot.cancelIdle();
        return slot.loop.close();
      }),
    );
  }
}

export const createReflectorPool = (options: ReflectorPoolOptions): ReflectorPool => new Pool(options);
