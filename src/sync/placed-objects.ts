/** The hub's placed objects: which target holds which; shared by everything that acts on them. */
import type { HubInformers } from '../hub/informers.ts';
import { heldTargets } from '../hub/kinds/placed-object.ts';
import { formatObjectId, parseObjectId } from '../hub/object-id.ts';
import type { KubeObject } from '../kube/object.ts';
import { type GroupResource, groupResourceName } from '../kube/resource.ts';

export interface PlacedObjectsOptions {
  readonly informers: HubInformers;
  /** Kinds that may be placed. */
  readonly placeable: (resource: GroupResource) => boolean;
}

/** An object changed that the target with this key holds, or held before. */
export type PlacedListener = (key: string, id: string) => void;

export class PlacedObjects {
  readonly #options: PlacedObjectsOptions;
  readonly #watched = new Map<string, () => void>();
  readonly #read = new Set<string>();
  readonly #listeners = new Set<PlacedListener>();
  readonly #byTarget = new Map<string, Set<string>>();

  constructor(options: PlacedObjectsOptions) {
    this.#options = options;
  }

  /** Resolves when every placeable kind has been read. Follows them until the signal aborts. */
  async start(signal: AbortSignal): Promise<void> {
    const { informers } = this.#options;
    await Promise.all(this.#kinds().map((resource) => informers.informer(resource).whenSynced()));
    this.#update();
    const unlisten = informers.onKindsChange(() => this.#update());
    const stop = (): void => {
      unlisten();
      for (const unsubscribe of this.#watched.values()) unsubscribe();
    };
    signal.addEventListener('abort', stop, { once: true });
  }

  /** Called for what is held now, then for each change. Returns unsubscribe. */
  subscribe(listener: PlacedListener): () => void {
    for (const [key, ids] of this.#byTarget) for (const id of ids) listener(key, id);
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** True when the kind of the object has been read whole: only then does absent mean gone. */
  knows(id: string): boolean {
    return this.#read.has(groupResourceName(parseObjectId(id).resource));
  }

  get(id: string): KubeObject | undefined {
    const { resource, workspace, namespace, name } = parseObjectId(id);
    return this.#options.informers.informer(resource).get(workspace, namespace, name);
  }

  /** Ids of the objects that the target holds by label or finalizer. */
  heldBy(key: string): Iterable<string> {
    return this.#byTarget.get(key) ?? [];
  }

  /** Every object that some target holds. */
  all(): ReadonlySet<string> {
    return new Set([...this.#byTarget.values()].flatMap((ids) => [...ids]));
  }

  /** True when the target still holds something of the namespace. */
  holdsIn(key: string, workspace: string, namespace: string): boolean {
    for (const id of this.heldBy(key)) {
      const parsed = parseObjectId(id);
      if (parsed.workspace === workspace && parsed.namespace === namespace) return true;
    }
    return false;
  }

  #kinds(): GroupResource[] {
    return this.#options.informers.kinds().filter(this.#options.placeable);
  }

  #update(): void {
    const kinds = new Map(this.#kinds().map((resource) => [groupResourceName(resource), resource]));
    for (const [name, resource] of kinds) if (!this.#watched.has(name)) this.#watched.set(name, this.#watch(resource));
    for (const [name, stop] of [...this.#watched]) {
      if (kinds.has(name)) continue;
      stop();
      this.#watched.delete(name);
      this.#read.delete(name);
    }
  }

  #watch(resource: GroupResource): () => void {
    const informer = this.#options.informers.informer(resource);
    const name = groupResourceName(resource);
    void informer.whenSynced().then(() => {
      if (this.#watched.has(name)) this.#read.add(name);
    });
    return informer.subscribe(({ workspace, object, previous }) => {
      const { namespace = '', name = '' } = (object ?? previous)?.metadata ?? {};
      const id = formatObjectId({ resource, workspace, namespace, name });
      const before = previous === undefined ? NONE : heldTargets(previous);
      const after = object === undefined ? NONE : heldTargets(object);
      for (const key of before) if (!after.has(key)) this.#drop(key, id);
      for (const key of after) this.#hold(key, id);
      for (const key of new Set([...before, ...after])) for (const listener of this.#listeners) listener(key, id);
    });
  }

  #hold(key: string, id: string): void {
    const ids = this.#byTarget.get(key) ?? new Set();
    this.#byTarget.set(key, ids.add(id));
  }

  #drop(key: string, id: string): void {
    const ids = this.#byTarget.get(key);
    ids?.delete(id);
    if (ids?.size === 0) this.#byTarget.delete(key);
  }
}

const NONE: ReadonlySet<string> = new Set();
