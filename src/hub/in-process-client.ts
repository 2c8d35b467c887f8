/** HubClient: the verbs of the hub as calls in the process, with the same core beneath as the HTTP side. */
import type { KubeObject } from '../kube/object.ts';
import { type GroupResource, parseApiVersion } from '../kube/resource.ts';
import { ApiError, expired, pathNotFound } from '../kube/status.ts';
import type { HubClient, HubEvent, HubItem, HubListOptions, HubPages, HubRef, HubWriteOptions } from './client.ts';
import type { HubCore, Target, WriteOptions } from './core.ts';
import { parsePlace } from './keys.ts';
import { followChanges } from './read/follow.ts';
import { readList } from './read/list.ts';
import { type ListQuery, parseVersion, WHOLE_LIST } from './read/list-options.ts';
import { compileSelection } from './read/selection.ts';
import type { StoredEntry } from './store/store.ts';
import { createObject } from './write/create.ts';
import { type DeleteOptions, deleteObject, type GracePeriod } from './write/delete.ts';
import { applyObject, patchObject } from './write/patch.ts';
import { asObject } from './write/type-check.ts';
import { replaceObject } from './write/update.ts';

const DEFAULT_MANAGER = 'tmc';

export function createInProcessClient(core: HubCore, gracePeriod: GracePeriod): HubClient {
  /** In the object's own version where it names one that is served, else in the preferred one. */
  async function targetOf(
    workspace: string,
    resource: GroupResource,
    place: {
      namespace?: string | undefined;
      name?: string | undefined;
      apiVersion?: string;
      subresource?: string | undefined;
    },
  ): Promise<Target> {
    const catalog = await core.catalog.of(workspace);
    const version = place.apiVersion === undefined ? '' : parseApiVersion(place.apiVersion).version;
    const definition = catalog.find(resource.group, version, resource.resource) ?? catalog.preferred(resource);
    if (definition === undefined) throw pathNotFound();
    return {
      workspace,
      definition,
      namespace: definition.info.namespaced ? (place.namespace ?? '') : '',
      name: place.name ?? '',
      subresource: place.subresource ?? '',
    };
  }

  const refTarget = (ref: HubRef, subresource?: string) =>
    targetOf(ref.workspace, ref, { namespace: ref.namespace, name: ref.name, subresource });
  const objectTarget = (workspace: string, resource: GroupResource, object: KubeObject, subresource?: string) =>
    targetOf(workspace, resource, {
      namespace: object.metadata.namespace,
      name: object.metadata.name,
      apiVersion: object.apiVersion,
      subresource,
    });

  async function readPages<T extends KubeObject>(
    workspace: string,
    resource: GroupResource,
    options: HubListOptions = {},
  ): Promise<HubPages<T>> {
    const target = await targetOf(workspace, resource, { namespace: options.namespace });
    const list = await readList(core, target, toQuery(options));
    async function* pages(): AsyncGenerator<readonly HubItem<T>[]> {
      for await (const chunk of list.chunks) yield decodeAll<T>(target, chunk);
    }
    return { pages: pages(), resourceVersion: String(list.revision) };
  }

  function decodeAll<T extends KubeObject>(target: Target, entries: readonly StoredEntry[]): readonly HubItem<T>[] {
    const items: HubItem<T>[] = [];
    for (const entry of entries) {
      const { workspace, namespace } = parsePlace(entry.key);
      if (target.namespace !== '' && namespace !== target.namespace) continue;
      items.push({ workspace, object: core.objects.decode(target.definition, entry) as T });
    }
    return items;
  }

  return {
    async get<T extends KubeObject>(ref: HubRef) {
      const target = await refTarget(ref).catch(absent);
      const entry = target && (await core.objects.read(target));
      return target && entry && (core.objects.decode(target.definition, entry) as T);
    },
    async list<T extends KubeObject>(workspace: string, resource: GroupResource, options: HubListOptions = {}) {
      const items: HubItem<T>[] = [];
      const { pages, resourceVersion } = await readPages<T>(workspace, resource, options);
      for await (const page of pages) items.push(...page);
      return { items, resourceVersion };
    },
    pages: readPages,
    async *watch<T extends KubeObject>(
      workspace: string,
      resource: GroupResource,
      options: HubListOptions & { resourceVersion: string },
      signal: AbortSignal,
    ): AsyncGenerator<HubEvent<T>> {
      const target = await targetOf(workspace, resource, { namespace: options.namespace });
      const selection = compileSelection(target.definition, options.labelSelector ?? '', options.fieldSelector ?? '');
      const since = parseVersion(options.resourceVersion) ?? (await core.store.revision());
      const waiting: HubEvent<T>[] = [];
      let wake = () => {};
      let lost = false;
      await followChanges(
        core,
        target,
        selection,
        since,
        ({ type, event, value, revision }) => {
          const object = core.objects.decode(target.definition, { value, revision }) as T;
          waiting.push({ type, workspace: event.place.workspace, object });
          wake();
        },
        () => {
          lost = true;
          wake();
        },
        signal,
      );
      signal.addEventListener('abort', () => wake(), { once: true });
      for (;;) {
        yield* waiting.splice(0);
        if (signal.aborted) return;
        if (lost) throw expired('the watch was lost, list again');
        if (waiting.length === 0)
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    },
    async create<T extends KubeObject>(
      workspace: string,
      resource: GroupResource,
      object: T,
      options: HubWriteOptions = {},
    ) {
      const target = await objectTarget(workspace, resource, object, options.subresource);
      const copy = asObject(target.definition, structuredClone(object));
      return (await createObject(core, { ...target, name: '' }, copy, writeOptions(options))).object as T;
    },
    async update<T extends KubeObject>(
      workspace: string,
      resource: GroupResource,
      object: T,
      options: HubWriteOptions = {},
    ) {
      const target = await objectTarget(workspace, resource, object, options.subresource);
      const copy = asObject(target.definition, structuredClone(object));
      return (await replaceObject(core, target, copy, writeOptions(options))).object as T;
    },
    async patch<T extends KubeObject>(
      ref: HubRef,
      patch: { type: 'json' | 'merge' | 'strategic'; body: unknown },
      options: HubWriteOptions = {},
    ) {
      const target = await refTarget(ref, options.subresource);
      return (await patchObject(core, target, patch, writeOptions(options))).object as T;
    },
    async apply<T extends KubeObject>(
      workspace: string,
      resource: GroupResource,
      object: T,
      options: HubWriteOptions & { fieldManager: string; force?: boolean },
    ) {
      const target = await objectTarget(workspace, resource, object, options.subresource);
      const written = await applyObject(core, target, structuredClone(object), {
        ...writeOptions(options),
        force: options.force === true,
      });
      return written.object as T;
    },
    async delete(ref: HubRef, options: DeleteOptions = {}) {
      const target = await refTarget(ref);
      await deleteObject(core, target, options, writeOptions({}), gracePeriod).catch(absent);
    },
  };
}

/** NotFound is an answer, not an error. */
function absent(error: unknown): undefined {
  if (error instanceof ApiError && error.code === 404) return undefined;
  throw error;
}

const writeOptions = (options: HubWriteOptions): WriteOptions => ({
  dryRun: false,
  fieldManager: options.fieldManager ?? DEFAULT_MANAGER,
  fieldValidation: 'Ignore',
  user: undefined,
});

const toQuery = (options: HubListOptions): ListQuery => ({
  ...WHOLE_LIST,
  labelSelector: options.labelSelector ?? '',
  fieldSelector: options.fieldSelector ?? '',
});
