/**
 * Which workspace's namespace each namespace of a cluster is. One map per cluster, kept by a reflector on its Namespaces;
 * for hashed clusters the annotation must hash to the namespace's own name, so nobody can claim another's.
 */

import type { Downstream } from '../clusters/downstream.ts';
import type { CachedObject, Reflector, ReflectorPool } from '../clusters/reflector.ts';
import { downstreamNamespace, NAMESPACE_LOCATOR_ANNOTATION, parseLocator } from '../kube/namespace-locator.ts';
import { parseRange, type ScannedObject } from '../kube/object-scan.ts';
import type { ResourceInfo } from '../kube/resource.ts';

export interface TenantNamespace {
  readonly workspace: string;
  /** As the workspace calls it. */
  readonly namespace: string;
}

/** Namespaces that are gone but whose objects' last events may still be on their way. */
const REMEMBERED = 10_000;

export const NAMESPACES: ResourceInfo = {
  group: '',
  version: 'v1',
  resource: 'namespaces',
  kind: 'Namespace',
  singular: 'namespace',
  namespaced: false,
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  shortNames: ['ns'],
  categories: [],
  subresources: [],
};

/** The tenant named by a downstream Namespace's annotation, undefined where it is nobody's here. */
export function tenantOf(
  downstream: Downstream,
  name: string,
  annotation: string | undefined,
): TenantNamespace | undefined {
  const locator = parseLocator(annotation);
  if (locator === undefined || downstreamNamespace(locator) !== name) return undefined;
  const { syncTarget, workspace, namespace } = locator;
  const ours =
    syncTarget.uid === downstream.uid &&
    syncTarget.name === downstream.clusterName &&
    syncTarget.workspace === downstream.workspace;
  return ours ? { workspace, namespace } : undefined;
}

export class NamespaceMap {
  readonly downstream: Downstream;
  readonly #tenants = new Map<string, TenantNamespace>();
  readonly #byWorkspace = new Map<string, Map<string, string>>();
  readonly #departed = new Map<string, TenantNamespace>();
  readonly #listeners = new Set<(downstreamNamespace: string, tenant: TenantNamespace) => void>();
  #learned = false;
  readonly #end: () => void;
  readonly #reflector: Reflector;

  constructor(downstream: Downstream, pool: ReflectorPool) {
    this.downstream = downstream;
    const lease = pool.acquire(downstream, NAMESPACES);
    this.#reflector = lease.reflector;
    const unsubscribe = lease.reflector.subscribe(({ type, cached }) => {
      if (type === 'DELETED') this.#remove(cached.name);
      else this.#learn(cached);
    });
    this.#end = () => {
      unsubscribe();
      lease.release();
    };
    void lease.reflector.whenSynced().then(
      () => this.#learnAll(),
      () => undefined,
    );
  }

  /** The tenant of a namespace; also shortly after it is gone. */
  tenant(downstreamName: string): TenantNamespace | undefined {
    return this.#tenants.get(downstreamName) ?? this.#departed.get(downstreamName);
  }

  /** Workspace's namespace → downstream namespace, of those that exist. */
  of(workspace: string): ReadonlyMap<string, string> {
    return this.#byWorkspace.get(workspace) ?? NONE;
  }

  /** Where the workspace's namespace is, or would be. */
  downstreamName(workspace: string, namespace: string): string {
    const known = this.#byWorkspace.get(workspace)?.get(namespace);
    if (known !== undefined) return known;
    const { workspace: home, clusterName, uid } = this.downstream;
    return downstreamNamespace({ syncTarget: { workspace: home, name: clusterName, uid }, workspace, namespace });
  }

  async whenSynced(signal?: AbortSignal): Promise<void> {
    if (this.#learned) return;
    await this.#reflector.whenSynced(signal);
    this.#learnAll();
  }

  get reflector(): Reflector {
    return this.#reflector;
  }

  /** Called when a namespace is first known. Returns unsubscribe. */
  onMapped(listener: (downstreamNamespace: string, tenant: TenantNamespace) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#end();
    this.#listeners.clear();
  }

  /** The first list comes without events; after it they tell all. */
  #learnAll(): void {
    if (this.#learned) return;
    this.#learned = true;
    for (const cached of this.#reflector.list()) this.#learn(cached);
  }

  #learn(cached: CachedObject): void {
    if (this.#tenants.has(cached.name)) return;
    const tenant = tenantOf(
      this.downstream,
      cached.name,
      cached.object().metadata.annotations?.[NAMESPACE_LOCATOR_ANNOTATION],
    );
    if (tenant === undefined) return;
    this.#tenants.set(cached.name, tenant);
    this.#departed.delete(cached.name);
    const names = this.#byWorkspace.get(tenant.workspace) ?? new Map<string, string>();
    names.set(tenant.namespace, cached.name);
    this.#byWorkspace.set(tenant.workspace, names);
    for (const listener of this.#listeners) listener(cached.name, tenant);
  }

  #remove(name: string): void {
    const tenant = this.#tenants.get(name);
    if (tenant === undefined) return;
    this.#tenants.delete(name);
    this.#departed.set(name, tenant);
    if (this.#departed.size > REMEMBERED) this.#departed.delete(this.#departed.keys().next().value as string);
    const names = this.#byWorkspace.get(tenant.workspace);
    names?.delete(tenant.namespace);
    if (names?.size === 0) this.#byWorkspace.delete(tenant.workspace);
  }
}

const NONE: ReadonlyMap<string, string> = new Map();

/** Maps of all clusters; made on first need, dropped when the cluster leaves. */
export class NamespaceMaps {
  readonly #maps = new Map<string, NamespaceMap>();
  #pool: ReflectorPool | undefined;

  /** The pool needs the encoder, the encoder these maps: they meet here, before the first reflector starts. */
  attach(pool: ReflectorPool): void {
    this.#pool = pool;
  }

  of(downstream: Downstream): NamespaceMap {
    const known = this.#maps.get(downstream.uid);
    if (known !== undefined) return known;
    if (this.#pool === undefined) throw new Error('the namespace maps have no pool yet');
    const map = new NamespaceMap(downstream, this.#pool);
    this.#maps.set(downstream.uid, map);
    return map;
  }

  /** The same without starting one: for the encoder, which runs inside reflectors. */
  known(downstream: Downstream): NamespaceMap | undefined {
    return this.#maps.get(downstream.uid);
  }

  forget(downstream: Downstream): void {
    this.#maps.get(downstream.uid)?.close();
    this.#maps.delete(downstream.uid);
  }

  close(): void {
    for (const map of this.#maps.values()) map.close();
    this.#maps.clear();
  }
}

/** An annotation of a scanned object, without parsing the rest. */
export function annotationOf(scanned: ScannedObject, key: string): string | undefined {
  const range = scanned.at.annotations;
  if (range === undefined) return undefined;
  const annotations = parseRange(scanned.bytes, range) as Record<string, unknown> | null;
  const value = annotations !== null && Object.hasOwn(annotations, key) ? annotations[key] : undefined;
  return typeof value === 'string' ? value : undefined;
}
