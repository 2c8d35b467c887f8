/** The namespaces that the syncer keeps in one cluster: made when first needed, found again after a restart, removed last. */
import type { CachedObject, Reflector } from '../clusters/reflector.ts';
import { COPY_LABEL } from '../hub/kinds/workload.ts';
import { NAMESPACE_LOCATOR_ANNOTATION, parseLocator } from '../kube/namespace-locator.ts';
import type { ResourceInfo } from '../kube/resource.ts';
import { namespaceIn, namespaceObject, type TargetIdentity } from './downstream-namespace.ts';
import { SyncProblem, type TargetApi } from './target-api.ts';

export interface UpstreamNamespace {
  readonly workspace: string;
  readonly namespace: string;
}

export class TargetNamespaces {
  readonly #target: TargetIdentity;
  readonly #api: TargetApi;
  readonly #resource: ResourceInfo;
  readonly #reflector: Reflector;
  /** Ours by name in the cluster, with the hub namespace that each stands for. */
  readonly #upstream = new Map<string, UpstreamNamespace>();
  readonly #terminating = new Set<string>();
  /** Being applied: many objects of a new namespace wait for one request. */
  readonly #making = new Map<string, Promise<void>>();

  constructor(target: TargetIdentity, api: TargetApi, reflector: Reflector) {
    this.#target = target;
    this.#api = api;
    this.#reflector = reflector;
    this.#resource = reflector.resource;
  }

  /** Follows one namespace of the cluster; answers the hub namespace that it stands for, when it is ours. */
  observe(cached: CachedObject, deleted: boolean): UpstreamNamespace | undefined {
    if (cached.labels[COPY_LABEL] !== this.#target.key) return undefined;
    const { annotations, deletionTimestamp } = cached.object().metadata;
    if (deletionTimestamp === undefined || deleted) this.#terminating.delete(cached.name);
    else this.#terminating.add(cached.name);
    const locator = parseLocator(annotations?.[NAMESPACE_LOCATOR_ANNOTATION]);
    if (locator?.syncTarget.uid !== this.#target.uid) return undefined;
    if (deleted) this.#upstream.delete(cached.name);
    else this.#upstream.set(cached.name, locator);
    return locator;
  }

  upstreamOf(name: string): UpstreamNamespace | undefined {
    return this.#upstream.get(name);
  }

  ours(): Iterable<UpstreamNamespace> {
    return this.#upstream.values();
  }

  /** Resolves when the namespace is there and ours. Throws SyncProblem when it is someone else's, or on its way out. */
  async ensure(workspace: string, namespace: string): Promise<void> {
    if (namespace === '') return;
    const name = namespaceIn(this.#target, workspace, namespace);
    if (this.#terminating.has(name))
      throw new SyncProblem(409, 'NamespaceTerminating', `namespace ${name} is being deleted`);
    if (this.#upstream.has(name)) return;
    if (this.#target.namespaceMapping === 'Identity' && this.#reflector.get('', name) !== undefined) return;
    const making = this.#making.get(name) ?? this.#make(name, workspace, namespace);
    this.#making.set(name, making);
    try {
      await making;
    } finally {
      this.#making.delete(name);
    }
  }

  /** Resolves true when nothing of it is left in the cluster. Only a namespace that the syncer made is removed. */
  async remove(workspace: string, namespace: string): Promise<boolean> {
    const name = namespaceIn(this.#target, workspace, namespace);
    const cached = this.#reflector.get('', name);
    if (cached === undefined || cached.labels[COPY_LABEL] !== this.#target.key) return true;
    return (await this.#api.remove(this.#resource, '', name, cached.uid)) === 'gone';
  }

  async #make(name: string, workspace: string, namespace: string): Promise<void> {
    await this.#api.apply(this.#resource, namespaceObject(this.#target, workspace, namespace));
    this.#upstream.set(name, { workspace, namespace });
  }
}
