/** HubInformer: list, then follow; again after any break, telling listeners only what truly differs. */
import type { KubeObject } from '../kube/object.ts';
import { type GroupResource, groupResourceName } from '../kube/resource.ts';
import type { Clock } from '../reconcile/clock.ts';
import type { Logger } from '../reconcile/logger.ts';
import type { HubClient, HubInformer, HubItem, InformerEvent } from './client.ts';

const RETRY_MS = 500;

const keyOf = (workspace: string, object: KubeObject): string =>
  `${workspace}|${object.metadata.namespace ?? ''}|${object.metadata.name}`;

/** Runs until the signal aborts. Objects handed out are shared: do not mutate. */
export class LiveInformer implements HubInformer {
  readonly #client: Pick<HubClient, 'list' | 'watch'>;
  readonly #resource: GroupResource;
  readonly #items = new Map<string, HubItem>();
  readonly #listeners = new Set<(event: InformerEvent) => void>();
  readonly #synced: Promise<void>;
  readonly #log: Logger;
  #markSynced: () => void = () => {};

  constructor(
    client: Pick<HubClient, 'list' | 'watch'>,
    resource: GroupResource,
    { clock, log, signal }: { clock: Clock; log: Logger; signal: AbortSignal },
  ) {
    this.#client = client;
    this.#resource = resource;
    this.#log = log;
    this.#synced = new Promise((resolve) => {
      this.#markSynced = resolve;
    });
    void this.#run(clock, signal);
  }

  get<T extends KubeObject>(workspace: string, namespace: string, name: string): T | undefined {
    return this.#items.get(`${workspace}|${namespace}|${name}`)?.object as T | undefined;
  }

  *list<T extends KubeObject>(workspace?: string): Iterable<HubItem<T>> {
    for (const item of this.#items.values())
      if (workspace === undefined || workspace === '*' || item.workspace === workspace) yield item as HubItem<T>;
  }

  subscribe(listener: (event: InformerEvent) => void): () => void {
    for (const { workspace, object } of this.#items.values()) listener({ workspace, object, previous: undefined });
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  whenSynced(): Promise<void> {
    return this.#synced;
  }

  async #run(clock: Clock, signal: AbortSignal): Promise<void> {
    let resourceVersion: string | undefined;
    while (!signal.aborted) {
      try {
        resourceVersion ??= await this.#relist();
        const events = this.#client.watch('*', this.#resource, { resourceVersion }, signal);
        for await (const { type, workspace, object } of events) {
          if (type === 'DELETED') this.#remove(keyOf(workspace, object));
          else this.#put({ workspace, object });
          resourceVersion = object.metadata.resourceVersion;
        }
      } catch (error) {
        if (signal.aborted) return;
        resourceVersion = undefined;
        this.#log.warn({ resource: groupResourceName(this.#resource), err: error }, 'informer lists again');
        await new Promise<void>((resolve) => {
          clock.after(RETRY_MS, resolve);
        });
      }
    }
  }

  async #relist(): Promise<string> {
    const list = await this.#client.list('*', this.#resource);
    const present = new Set<string>();
    for (const item of list.items) {
      present.add(keyOf(item.workspace, item.object));
      this.#put(item);
    }
    for (const key of [...this.#items.keys()]) if (!present.has(key)) this.#remove(key);
    this.#markSynced();
    return list.resourceVersion;
  }

  #put(item: HubItem): void {
    const key = keyOf(item.workspace, item.object);
    const previous = this.#items.get(key)?.object;
    if (previous?.metadata.resourceVersion === item.object.metadata.resourceVersion) return;
    this.#items.set(key, item);
    this.#tell({ workspace: item.workspace, object: item.object, previous });
  }

  #remove(key: string): void {
    const item = this.#items.get(key);
    if (item === undefined) return;
    this.#items.delete(key);
    this.#tell({ workspace: item.workspace, object: undefined, previous: item.object });
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
