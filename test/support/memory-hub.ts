/** The hub's client contract over a Map, for tests of controllers: versions, conflicts, watches and informers, no schemas. */
import type { HubClient, HubEvent, HubInformer, HubItem, HubRef, InformerEvent } from '../../src/hub/client.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { type GroupResource, groupResourceName } from '../../src/kube/resource.ts';
import { matchesLabels, parseLabelSelector } from '../../src/kube/selector.ts';
import { alreadyExists, conflict, MODIFIED, notFound } from '../../src/kube/status.ts';

interface Change {
  readonly version: number;
  readonly resource: string;
  readonly event: HubEvent;
  readonly previous: KubeObject | undefined;
}

export class MemoryHub {
  readonly #objects = new Map<string, { workspace: string; resource: string; object: KubeObject }>();
  readonly #changes: Change[] = [];
  readonly #listeners = new Set<(change: Change) => void>();
  #version = 0;
  /** Writes so far, as `verb resource workspace/namespace/name[/subresource]`. */
  readonly writes: string[] = [];

  readonly client: HubClient = {
    get: async <T extends KubeObject>(ref: HubRef) =>
      structuredClone(this.#objects.get(keyOf(ref))?.object) as T | undefined,
    list: async <T extends KubeObject>(workspace: string, resource: GroupResource, options = {}) => ({
      items: structuredClone(this.#select(workspace, resource, options)) as unknown as HubItem<T>[],
      resourceVersion: String(this.#version),
    }),
    watch: <T extends KubeObject>(
      workspace: string,
      resource: GroupResource,
      options: { resourceVersion: string },
      signal: AbortSignal,
    ) => this.#watch(workspace, resource, Number(options.resourceVersion), signal) as AsyncIterable<HubEvent<T>>,
    create: async (workspace, resource, object) => {
      const name = object.metadata.name ?? `${object.metadata.generateName}${this.#version}`;
      const ref = { ...resource, workspace, namespace: object.metadata.namespace ?? '', name };
      if (this.#objects.has(keyOf(ref))) throw alreadyExists(resource, name);
      const metadata = {
        ...object.metadata,
        name,
        uid: `uid-${this.#version + 1}`,
        creationTimestamp: '2026-01-01T00:00:00Z',
        generation: 1,
      };
      return this.#put('create', ref, { ...object, metadata } as typeof object);
    },
    update: async (workspace, resource, object, options) => {
      const ref = {
        ...resource,
        workspace,
        namespace: object.metadata.namespace ?? '',
        name: object.metadata.name ?? '',
      };
      const before = this.#mustGet(ref);
      const { resourceVersion } = object.metadata;
      if (resourceVersion !== undefined && resourceVersion !== before.metadata.resourceVersion) {
        throw conflict(resource, ref.name, MODIFIED);
      }
      const status = options?.subresource === 'status';
      const next = status ? { ...before, status: object.status } : { ...object, status: before.status };
      const generation = (before.metadata.generation ?? 0) + (status ? 0 : 1);
      const metadata = { ...(status ? before.metadata : object.metadata), uid: before.metadata.uid, generation };
      return this.#put(status ? 'update/status' : 'update', ref, { ...next, metadata } as unknown as typeof object);
    },
    patch: async <T extends KubeObject>(ref: HubRef, patch: { type: string; body: unknown }) => {
      if (patch.type !== 'merge') throw new Error(`the memory hub cannot ${patch.type} patch`);
      return this.#put('patch', ref, mergePatch(this.#mustGet(ref), patch.body) as T);
    },
    apply: async () => {
      throw new Error('the memory hub cannot apply');
    },
    delete: async (ref) => {
      const before = this.#objects.get(keyOf(ref));
      if (before === undefined) return;
      if ((before.object.metadata.finalizers ?? []).length > 0) {
        const metadata = { ...before.object.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' };
        this.#put('delete', ref, { ...before.object, metadata });
        return;
      }
      this.#remove(ref);
    },
  };

  readonly informer = <T extends KubeObject>(resource: GroupResource): HubInformer<T> => {
    const name = groupResourceName(resource);
    return {
      get: (workspace, namespace, objectName) =>
        this.#objects.get(keyOf({ ...resource, workspace, namespace, name: objectName }))?.object as T | undefined,
      list: (workspace) => this.#select(workspace ?? '*', resource, {}) as unknown as HubItem<T>[],
      subscribe: (listener) => {
        for (const { workspace, object } of this.#select('*', resource, {})) {
          listener({ workspace, object, previous: undefined } as InformerEvent<T>);
        }
        const on = ({ event, previous, resource: of }: Change) => {
          if (of !== name) return;
          const object = event.type === 'DELETED' ? undefined : event.object;
          listener({ workspace: event.workspace, object, previous } as InformerEvent<T>);
        };
        this.#listeners.add(on);
        return () => this.#listeners.delete(on);
      },
      whenSynced: async () => undefined,
    };
  };

  #put<T extends KubeObject>(verb: string, ref: HubRef, object: T): T {
    const previous = this.#objects.get(keyOf(ref))?.object;
    const stored = structuredClone({
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(++this.#version) },
    });
    this.writes.push(`${verb} ${ref.resource} ${ref.workspace}/${ref.namespace || '-'}/${ref.name}`);
    const { deletionTimestamp, finalizers = [] } = stored.metadata;
    if (deletionTimestamp !== undefined && finalizers.length === 0 && previous !== undefined) {
      this.#remove(ref);
      return stored;
    }
    this.#objects.set(keyOf(ref), { workspace: ref.workspace, resource: groupResourceName(ref), object: stored });
    this.#publish(ref, previous === undefined ? 'ADDED' : 'MODIFIED', stored, previous);
    return structuredClone(stored);
  }

  #remove(ref: HubRef): void {
    const before = this.#objects.get(keyOf(ref))!;
    this.#objects.delete(keyOf(ref));
    this.#version += 1;
    this.writes.push(`delete ${ref.resource} ${ref.workspace}/${ref.namespace || '-'}/${ref.name}`);
    this.#publish(ref, 'DELETED', before.object, before.object);
  }

  #publish(ref: HubRef, type: HubEvent['type'], object: KubeObject, previous: KubeObject | undefined): void {
    const event = { type, workspace: ref.workspace, object };
    const change = { version: this.#version, resource: groupResourceName(ref), event, previous };
    this.#changes.push(change);
    for (const listener of [...this.#listeners]) listener(change);
  }

  #select(
    workspace: string,
    resource: GroupResource,
    options: { namespace?: string; labelSelector?: string },
  ): HubItem[] {
    const name = groupResourceName(resource);
    const selector = parseLabelSelector(options.labelSelector ?? '');
    return [...this.#objects.values()].filter(
      (entry) =>
        entry.resource === name &&
        (workspace === '*' || entry.workspace === workspace) &&
        (options.namespace === undefined || entry.object.metadata.namespace === options.namespace) &&
        matchesLabels(selector, entry.object.metadata.labels ?? {}),
    );
  }

  async *#watch(
    workspace: string,
    resource: GroupResource,
    since: number,
    signal: AbortSignal,
  ): AsyncIterable<HubEvent> {
    const name = groupResourceName(resource);
    const queue = this.#changes.filter(({ version }) => version > since);
    let wake = (): void => undefined;
    const on = (change: Change) => {
      queue.push(change);
      wake();
    };
    this.#listeners.add(on);
    signal.addEventListener('abort', () => wake(), { once: true });
    try {
      while (!signal.aborted) {
        const change = queue.shift();
        if (change === undefined) await new Promise<void>((resolve) => (wake = resolve));
        else if (change.resource === name && (workspace === '*' || change.event.workspace === workspace))
          yield change.event;
      }
    } finally {
      this.#listeners.delete(on);
    }
  }

  #mustGet(ref: HubRef): KubeObject {
    const found = this.#objects.get(keyOf(ref));
    if (found === undefined) throw notFound(ref, ref.name);
    return found.object;
  }
}

const keyOf = (ref: HubRef): string => `${groupResourceName(ref)}|${ref.workspace}|${ref.namespace ?? ''}|${ref.name}`;

function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = typeof target === 'object' && target !== null ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}
