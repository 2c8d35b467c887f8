/** One kind of the hub as a source of views: its collections are read when asked for, its changes are followed for all workspaces. */
import type { Following } from '../hub/read/converted-changes.ts';
import type { ResourceInfo } from '../kube/resource.ts';
import type { Clock } from '../reconcile/clock.ts';
import type { Logger } from '../reconcile/logger.ts';
import type { HubChange, HubItem, HubPort } from './hub-port.ts';
import type { Item } from './item.ts';
import { HUB_SLOT } from './resource-version.ts';
import type { Slice, Source } from './source.ts';
import { type Sequencer, type SourceChange, SourceLog } from './source-log.ts';

const RETRY_MS = 500;

export interface HubSourceOptions {
  readonly port: HubPort;
  readonly resource: ResourceInfo;
  readonly sequencer: Sequencer;
  readonly clock: Clock;
  readonly log: Logger;
}

export class HubSource {
  readonly log: SourceLog;
  readonly resource: ResourceInfo;
  readonly #options: HubSourceOptions;
  readonly #stop = new AbortController();
  readonly #broken = new Set<() => void>();
  #seen: bigint;
  /** What is converted by webhooks comes later than the hub's feed has it. */
  #following: Following | undefined;
  readonly #ready: Promise<void>;

  constructor(options: HubSourceOptions) {
    this.#options = options;
    this.resource = options.resource;
    this.log = new SourceLog(options.sequencer);
    this.#seen = options.port.revision;
    this.log.reset(this.#seen);
    this.#ready = this.#follow();
  }

  /** Version up to which the log is complete. */
  get version(): bigint {
    const { revision } = this.#following ?? this.#options.port;
    return maxOf(revision, this.#seen);
  }

  /** History broke off: watches that rely on it must end. Returns unsubscribe. */
  onBroken(listener: () => void): () => void {
    this.#broken.add(listener);
    return () => this.#broken.delete(listener);
  }

  /** The workspace's objects, with what is needed to bring them up to the moment at which they are looked at. */
  async snapshot(workspace: string, namespace: string | undefined, signal: AbortSignal): Promise<HubSnapshot> {
    await this.#ready;
    const { port } = this.#options;
    const { revision, items } = await port.list(workspace, this.resource, namespace, signal);
    await this.whenReached(revision, signal);
    return new HubSnapshot(this, workspace, namespace, revision, items);
  }

  async whenReached(version: bigint, signal: AbortSignal): Promise<boolean> {
    const reached = await this.#options.port.reached(version, signal);
    await this.#following?.told();
    return reached;
  }

  close(): void {
    this.#stop.abort();
    this.#broken.clear();
  }

  async #follow(): Promise<void> {
    const { port, clock, log } = this.#options;
    const follower = {
      change: (change: HubChange) => this.#append(change),
      lost: (error: unknown) => {
        if (this.#stop.signal.aborted) return;
        log.warn({ err: error, resource: this.resource.resource }, 'the hub stopped telling of changes');
        clock.after(RETRY_MS, () => void this.#follow());
      },
    };
    try {
      this.#following = await port.follow(this.resource, this.#seen, follower, this.#stop.signal);
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      // What happened in between is not known any more: begin anew from here.
      log.warn({ err: error, resource: this.resource.resource }, 'cannot follow the hub from where it broke off');
      this.#seen = port.revision;
      this.log.reset(this.#seen);
      for (const listener of this.#broken) listener();
      clock.after(RETRY_MS, () => void this.#follow());
    }
  }

  #append(change: HubChange): void {
    this.#seen = maxOf(this.#seen, change.revision);
    // Read lazily: most workspaces' changes are looked at by nobody.
    this.log.append({
      workspace: change.workspace,
      namespace: change.namespace,
      name: change.name,
      version: change.revision,
      get item() {
        return change.item;
      },
      get previous() {
        return change.previous;
      },
      get last() {
        return change.last;
      },
      size: change.size,
      at: this.#options.clock.now(),
    });
  }
}

const maxOf = (a: bigint, b: bigint): bigint => (b > a ? b : a);

/** A workspace's objects of one kind at a revision, brought up to date synchronously. */
export class HubSnapshot implements Source {
  readonly slot = HUB_SLOT;
  readonly clusterName = undefined;
  readonly #source: HubSource;
  readonly #workspace: string;
  readonly #namespace: string | undefined;
  readonly #namespaces = new Map<string, Map<string, Item>>();
  #sequence = 0;
  #revision: bigint;

  constructor(
    source: HubSource,
    workspace: string,
    namespace: string | undefined,
    revision: bigint,
    items: readonly HubItem[],
  ) {
    this.#source = source;
    this.#workspace = workspace;
    this.#namespace = namespace;
    this.#revision = revision;
    for (const item of items) this.#put(item.namespace, item.name, item);
  }

  get log(): SourceLog {
    return this.#source.log;
  }
  get version(): bigint {
    return this.#revision;
  }

  /** Applies what the log has beyond the snapshot. Synchronous, so that all sources are seen at one moment. */
  catchUp(): void {
    for (const entry of this.log.after(this.#sequence, this.#workspace)) {
      this.#sequence = entry.sequence;
      if (entry.change.version > this.#revision) this.apply(entry.change);
    }
    this.#revision = maxOf(this.#revision, this.log.latest.version);
  }

  apply(change: SourceChange): void {
    if (this.#namespace !== undefined && change.namespace !== this.#namespace) return;
    const { item } = change;
    if (item !== undefined) this.#put(change.namespace, change.name, item);
    else this.#namespaces.get(change.namespace)?.delete(change.name);
  }

  slices(_workspace: string, namespace: string | undefined): Slice[] {
    const slices: Slice[] = [];
    for (const [one, items] of this.#namespaces) {
      if (namespace !== undefined && one !== namespace) continue;
      slices.push({ namespace: one, names: [...items.keys()].sort(), get: (name) => items.get(name) });
    }
    return slices;
  }

  get(_workspace: string, namespace: string, name: string): Item | undefined {
    return this.#namespaces.get(namespace)?.get(name);
  }

  #put(namespace: string, name: string, item: Item): void {
    const items = this.#namespaces.get(namespace);
    if (items === undefined) this.#namespaces.set(namespace, new Map([[name, item]]));
    else items.set(name, item);
  }
}
