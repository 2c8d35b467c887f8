/** What placement has put where: the load that strategies weigh. Follows decisions at once and the hub's objects as they come. */
import type { CurrentPlacement, Resources } from './model.ts';

export interface LedgerEntry {
  /** Whose turn it counts for (RoundRobin): workspace and policy. */
  readonly policy: string;
  /** Workspace and namespace, for affinity. */
  readonly neighbourhood: string;
  readonly requests: Resources;
  readonly targets: CurrentPlacement;
}

const NOTHING: Resources = { cpu: 0, memory: 0, pods: 0 };

export class Ledger {
  readonly #entries = new Map<string, LedgerEntry>();
  readonly #used = new Map<string, Resources>();
  readonly #placed = new Map<string, number>();
  readonly #neighbours = new Map<string, number>();
  readonly #byPolicy = new Map<string, Set<string>>();

  get(id: string): LedgerEntry | undefined {
    return this.#entries.get(id);
  }

  set(id: string, entry: LedgerEntry | undefined): void {
    const before = this.#entries.get(id);
    if (before !== undefined) {
      this.#count(before, -1);
      this.#entries.delete(id);
      const ids = this.#byPolicy.get(before.policy);
      ids?.delete(id);
      if (ids?.size === 0) this.#byPolicy.delete(before.policy);
    }
    if (entry === undefined) return;
    this.#entries.set(id, entry);
    this.#count(entry, 1);
    const ids = this.#byPolicy.get(entry.policy) ?? new Set();
    this.#byPolicy.set(entry.policy, ids.add(id));
  }

  used(key: string): Resources {
    return this.#used.get(key) ?? NOTHING;
  }

  placed(key: string): number {
    return this.#placed.get(key) ?? 0;
  }

  neighbours(neighbourhood: string, key: string): number {
    return this.#neighbours.get(`${neighbourhood} ${key}`) ?? 0;
  }

  /** Workloads that the policy has placed. */
  turns(policy: string): number {
    return this.#byPolicy.get(policy)?.size ?? 0;
  }

  /** Where each workload of the policy is. */
  targetsOf(policy: string): CurrentPlacement[] {
    return [...(this.#byPolicy.get(policy) ?? [])].flatMap((id) => this.#entries.get(id)?.targets ?? []);
  }

  #count({ neighbourhood, requests, targets }: LedgerEntry, sign: 1 | -1): void {
    for (const [key, replicas] of targets) {
      const times = sign * (replicas ?? 1);
      const { cpu, memory, pods } = this.used(key);
      this.#used.set(key, {
        cpu: cpu + times * requests.cpu,
        memory: memory + times * requests.memory,
        pods: pods + times * requests.pods,
      });
      bump(this.#placed, key, sign);
      bump(this.#neighbours, `${neighbourhood} ${key}`, sign);
    }
  }
}

function bump(counts: Map<string, number>, key: string, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
