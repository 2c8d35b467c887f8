/**
 * What a workspace has registered of one kind (policies, bindings, webhooks), at hand for every write: a workspace
 * without any costs a look into a map, however many others have some.
 */
import type { KubeObject } from '../../kube/object.ts';
import type { HubInformer } from '../client.ts';

const NONE: readonly never[] = [];

/** Steps are made before the hub is whole: what they read is asked for at the first write, once. */
export function atFirstUse<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

export class Registrations<T extends KubeObject> {
  private readonly objects = new Map<string, Map<string, T>>();
  private readonly sorted = new Map<string, readonly T[]>();
  private readonly informer: HubInformer<T>;
  private synced = false;

  constructor(informer: HubInformer<T>) {
    this.informer = informer;
    informer.subscribe(({ workspace, object, previous }) => {
      const name = (object ?? previous)?.metadata.name ?? '';
      const own = this.objects.get(workspace) ?? new Map<string, T>();
      if (object === undefined) own.delete(name);
      else own.set(name, object);
      if (own.size === 0) this.objects.delete(workspace);
      else this.objects.set(workspace, own);
      this.sorted.delete(workspace);
    });
  }

  /** False until the present state is known: what is registered must not be missed after a start. */
  get ready(): boolean {
    return this.synced;
  }

  async whenReady(): Promise<void> {
    await this.informer.whenSynced();
    this.synced = true;
  }

  /** In order of their names; the same array until one of them changes. */
  of(workspace: string): readonly T[] {
    const own = this.objects.get(workspace);
    if (own === undefined) return NONE;
    const known = this.sorted.get(workspace);
    if (known !== undefined) return known;
    const names = [...own.keys()].sort();
    const list = names.map((name) => own.get(name) as T);
    this.sorted.set(workspace, list);
    return list;
  }
}
