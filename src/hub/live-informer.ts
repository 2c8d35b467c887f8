/** HubInformer: list, then follow; again after any break, telling listeners only what truly differs. */
import type { KubeObject } from '../kube/object.ts';
import { type GroupResource, groupResourceName } from '../kube/resource.ts';
import { type BackoffPolicy, backoffDelay } from '../reconcile/backoff.ts';
import type { Clock } from '../reconcile/clock.ts';
import type { Logger } from '../reconcile/logger.ts';
import type { HubClient, HubInformer, HubItem, HubListOptions, InformerEvent } from './client.ts';
import { informerForm } from './informer-form.ts';
import { listPages } from './list-pages.ts';
import { PackedObjects } from './packed-objects.ts';

const RETRY: BackoffPolicy = { firstMs: 500, maxMs: 10_000, factor: 2, jitter: 0 };
/** How often an object that left the selection is looked at, and how long at least. */
const STRAY_CHECK_MS = 1_000;
const STRAY_MS = 10_000;

/** What is followed; default the resource in all workspaces. */
export interface InformerScope {
  readonly workspace?: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
  /**
   * An object that loses the label does not count as deleted: it is read again and shown as it is, for ten seconds and for
   * as long as this says so. Whoever acts on deletions must not act on a label that comes back.
   */
  readonly keeps?: (object: KubeObject) => boolean;
}

const keyOf = (workspace: string, object: KubeObject): string =>
  `${workspace}|${object.metadata.namespace ?? ''}|${object.metadata.name}`;

/** No workspace contains '|'. */
const workspaceOf = (key: string): string => key.slice(0, key.indexOf('|'));

type InformedClient = Pick<HubClient, 'get' | 'list' | 'pages' | 'watch'>;

/** Runs until the signal aborts. Objects handed out are shared: do not mutate. */
export class LiveInformer implements HubInformer {
  readonly #client: InformedClient;
  readonly #resource: GroupResource;
  readonly #scope: InformerScope;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  /** Objects outside the selection, and when they left it. */
  readonly #strays = new Map<string, number>();
  readonly #items = new PackedObjects();
  readonly #listeners = new Set<(event: InformerEvent) => void>();
  readonly #synced: Promise<void>;
  readonly #log: Logger;
  #markSynced: () => void = () => {};

  constructor(
    client: InformedClient,
    resource: GroupResource,
    { clock, log, signal }: { clock: Clock; log: Logger; signal: AbortSignal },
    scope: InformerScope = {},
  ) {
    this.#client = client;
    this.#resource = resource;
    this.#scope = scope;
    this.#clock = clock;
    this.#signal = signal;
    this.#log = log;
    this.#synced = new Promise((resolve) => {
      this.#markSynced = resolve;
    });
    void this.#run();
  }

  get<T extends KubeObject>(workspace: string, namespace: string, name: string): T | undefined {
    return this.#items.get(`${workspace}|${namespace}|${name}`) as T | undefined;
  }

  *list<T extends KubeObject>(workspace?: string): Iterable<HubItem<T>> {
    const everywhere = workspace === undefined || workspace === '*';
    for (const key of this.#items.keys())
      if (everywhere || key.startsWith(`${workspace}|`))
        yield { workspace: workspaceOf(key), object: this.#items.get(key) as T };
  }

  subscribe(listener: (event: InformerEvent) => void): () => void {
    for (const { workspace, object } of this.list()) listener({ workspace, object, previous: undefined });
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  whenSynced(): Promise<void> {
    return this.#synced;
  }

  async #run(): Promise<void> {
    const signal = this.#signal;
    const { workspace = '*', labelSelector, fieldSelector } = this.#scope;
    const selection = { ...(labelSelector ? { labelSelector } : {}), ...(fieldSelector ? { fieldSelector } : {}) };
    let resourceVersion: string | undefined;
    let failures = 0;
    while (!signal.aborted) {
      try {
        resourceVersion ??= await this.#relist(workspace, selection);
        failures = 0;
        const events = this.#client.watch(workspace, this.#resource, { ...selection, resourceVersion }, signal);
        for await (const { type, workspace, object } of events) {
          if (type === 'DELETED') this.#left(keyOf(workspace, object));
          else this.#present({ workspace, object });
          resourceVersion = object.metadata.resourceVersion;
        }
      } catch (error) {
        if (signal.aborted) return;
        resourceVersion = undefined;
        failures++;
        this.#log.warn({ resource: groupResourceName(this.#resource), err: error }, 'informer lists again');
        await this.#pause(backoffDelay(RETRY, failures, 0));
      }
    }
  }

  async #relist(workspace: string, selection: HubListOptions): Promise<string> {
    const { pages, resourceVersion } = await listPages(this.#client, workspace, this.#resource, selection);
    const unseen = new Set(this.#items.keys());
    for await (const page of pages) {
      for (const item of page) {
        unseen.delete(keyOf(item.workspace, item.object));
        this.#present(item);
      }
    }
    for (const key of unseen) this.#left(key);
    this.#markSynced();
    return resourceVersion;
  }

  #present(item: HubItem): void {
    this.#strays.delete(keyOf(item.workspace, item.object));
    this.#put(item);
  }

  #left(key: string): void {
    if (this.#scope.keeps === undefined) this.#remove(key);
    else if (this.#items.has(key) && !this.#strays.has(key)) this.#startStray(key);
  }

  #startStray(key: string): void {
    this.#strays.set(key, this.#clock.now());
    void this.#followStray(key);
  }

  /** Until it is selected again, is gone, or nothing keeps it. A failed read changes nothing. */
  async #followStray(key: string): Promise<void> {
    const since = this.#strays.get(key);
    while (!this.#signal.aborted && this.#strays.get(key) === since) {
      const known = this.#items.get(key);
      if (known === undefined) return;
      const workspace = workspaceOf(key);
      const { namespace = '', name = '' } = known.metadata;
      try {
        const object = await this.#client.get({ ...this.#resource, workspace, namespace, name });
        if (this.#strays.get(key) !== since || since === undefined) return;
        const over = object === undefined || (this.#clock.now() - since >= STRAY_MS && !this.#scope.keeps?.(object));
        if (over) {
          this.#strays.delete(key);
          this.#remove(key);
          return;
        }
        this.#put({ workspace, object });
      } catch (err) {
        this.#log.debug({ resource: groupResourceName(this.#resource), err }, 'a stray object cannot be read');
      }
      await this.#pause(STRAY_CHECK_MS);
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise<void>((resolve) => {
      this.#clock.after(ms, resolve);
    });
  }

  #put({ workspace, object: given }: HubItem): void {
    const key = keyOf(workspace, given);
    const previous = this.#items.get(key);
    if (previous?.metadata.resourceVersion === given.metadata.resourceVersion) return;
    const object = informerForm(this.#resource, given);
    this.#items.set(key, object);
    this.#tell({ workspace, object, previous });
  }

  #remove(key: string): void {
    const previous = this.#items.get(key);
    if (previous === undefined) return;
    this.#items.delete(key);
    this.#tell({ workspace: workspaceOf(key), object: undefined, previous });
  }

  /** One listener's fault is not the others'. */
  #tell(event: InformerEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#log.error({ resource: groupResourceName(this.#resource), err: error }, 'informer listener failed');
      }
    }
  }
}
