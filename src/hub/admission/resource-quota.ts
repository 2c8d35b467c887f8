/**
 * ResourceQuota: what a namespace's objects may use together (plugin/resourcequota). Usage is reserved in the very commit
 * that stores the object: both are written or neither, whoever else writes at the same time, so no quota is ever exceeded.
 */
import type { KubeObject } from '../../kube/object.ts';
import { addQuantities, formatQuantity, parseQuantity, type Quantity } from '../../kube/quantity.ts';
import type { GroupResource } from '../../kube/resource.ts';
import { type ApiError, forbidden } from '../../kube/status.ts';
import type { AdmissionRequest, AdmissionStep, CommitWith, HubCore, Target } from '../core.ts';
import { collectionPrefix } from '../keys.ts';
import type { CommitResult, StoredEntry, StoreOperation } from '../store/store.ts';
import { type Pod, type Resources, resourcesOf } from './pod-resources.ts';
import { countUsed, type Used } from './quota-count.ts';
import { isTerminating, matchesScopes, type QuotaSpec } from './quota-scopes.ts';
import { containerUsage, evaluatorFor } from './quota-usage.ts';

const QUOTAS: GroupResource = { group: '', resource: 'resourcequotas' };

export interface ResourceQuota extends KubeObject {
  spec?: QuotaSpec;
  status?: { hard?: Readonly<Record<string, string>>; used?: Used };
}

export const RESOURCE_QUOTA: AdmissionStep = {
  name: 'ResourceQuota',
  async commit(request, core, commit) {
    if (!isHandled(request)) return commit([]);
    const { workspace, namespace } = request.target;
    const prefix = collectionPrefix(workspace, QUOTAS, namespace);
    const { entries } = await core.store.list(prefix);
    return entries.length === 0 ? commit([]) : inTurn(prefix, () => reserveAndCommit(request, core, commit, prefix));
  },
};

/** What may raise usage: creates, and updates of kinds whose usage can change. */
function isHandled({ operation, target, object, old }: AdmissionRequest): boolean {
  const { namespaced, group, resource } = target.definition.info;
  if (!namespaced || target.subresource !== '' || operation === 'delete') return false;
  if (operation === 'create') return true;
  if (group !== '') return false;
  if (resource === 'pods') return isTerminating(object as Pod) !== isTerminating(old as Pod);
  return resource === 'services' || resource === 'persistentvolumeclaims';
}

/** Writes of one namespace with quotas stand in line here: they would only lose races for its quotas otherwise. */
const lines = new Map<string, Promise<unknown>>();

async function inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
  const before = lines.get(key);
  const mine = (before ?? Promise.resolve()).then(work, work);
  const settled = mine.catch(() => undefined);
  lines.set(key, settled);
  try {
    return await mine;
  } finally {
    if (lines.get(key) === settled) lines.delete(key);
  }
}

/** Another gateway, or the counting of what is used, may have written a quota meanwhile: then all is looked at again. */
async function reserveAndCommit(
  request: AdmissionRequest,
  core: HubCore,
  commit: CommitWith,
  prefix: string,
): Promise<CommitResult> {
  for (;;) {
    const { entries } = await core.store.list(prefix);
    const reservations = await reserve(request, core, entries);
    const result = await commit(reservations);
    if (result.ok || !reservations.some(({ key }) => key === result.key)) return result;
  }
}

async function reserve(
  request: AdmissionRequest,
  core: HubCore,
  entries: readonly StoredEntry[],
): Promise<StoreOperation[]> {
  const { target, object } = request;
  const definition = (await core.catalog.of(target.workspace)).preferred(QUOTAS);
  if (definition === undefined) return [];
  const kind = target.definition.info;
  const evaluator = evaluatorFor(kind);
  const usage = evaluator.usage(object, core.clock.now());
  const operations: StoreOperation[] = [];
  for (const entry of entries) {
    const quota = core.objects.decode(definition, core.objects.open(entry)) as ResourceQuota;
    const hard = quota.spec?.hard ?? {};
    const names = Object.keys(hard).filter(evaluator.measures);
    if (names.length === 0 || !matchesScopes(quota.spec ?? {}, kind.resource, object)) continue;
    requireDeclared(request, quota, names);
    const delta = added(request, quota, usage, core.clock.now());
    const asked = new Map(
      names.flatMap((name) => ((delta.get(name)?.nanos ?? 0n) > 0n ? [[name, delta.get(name) as Quantity]] : [])),
    );
    if (asked.size === 0) continue;
    const used = await usedWith(request, core, quota, asked);
    const next = { ...quota, status: { ...quota.status, hard, used } };
    operations.push({
      key: entry.key,
      value: core.objects.seal(quotaAddress(target, definition, quota), core.objects.encode(definition, next)),
      expected: entry.revision,
    });
  }
  return operations;
}

const quotaAddress = ({ workspace, namespace }: Target, definition: Target['definition'], quota: ResourceQuota) => ({
  workspace,
  namespace,
  definition,
  name: quota.metadata.name ?? '',
});

/** An update uses what it adds, or all where the quota was not about the object before. */
function added({ target, old }: AdmissionRequest, quota: ResourceQuota, usage: Resources, now: number): Resources {
  const kind = target.definition.info;
  if (old === undefined || !matchesScopes(quota.spec ?? {}, kind.resource, old)) return usage;
  const before = evaluatorFor(kind).usage(old, now);
  return new Map(
    [...usage].map(([name, { nanos, format }]) => [name, { nanos: nanos - (before.get(name)?.nanos ?? 0n), format }]),
  );
}

/** What is used with what is asked for. Before it refuses it counts anew: what is gone may be used again at once. Throws ApiError 403. */
async function usedWith(
  { target, object }: AdmissionRequest,
  core: HubCore,
  quota: ResourceQuota,
  asked: Resources,
): Promise<Used> {
  const { hard = {} } = quota.spec ?? {};
  const known = quota.status?.used ?? {};
  const count = (): Promise<Used> => countUsed(core, target.workspace, target.namespace, quota.spec ?? {});
  const complete = [...asked.keys()].every((name) => known[name] !== undefined);
  let used = complete ? known : await count();
  if (complete && exceeded(hard, used, asked).length > 0) used = await count();
  const names = exceeded(hard, used, asked);
  if (names.length > 0) throw exceeds(target, object, quota, used, asked, names);
  return {
    ...used,
    ...Object.fromEntries([...asked].map(([name, more]) => [name, formatQuantity(sum(used[name], more))])),
  };
}

/** Sums are written as what was used before; nothing, as what is added. */
function sum(used: string | undefined, more: Quantity): Quantity {
  const before = parseQuantity(used ?? '0');
  return before.nanos === 0n ? more : addQuantities(before, more);
}

const exceeded = (hard: Readonly<Record<string, string>>, used: Used, asked: Resources): string[] =>
  [...asked.keys()].filter(
    (name) => sum(used[name], asked.get(name) as Quantity).nanos > parseQuantity(hard[name] as string).nanos,
  );

function exceeds(
  target: Target,
  object: KubeObject,
  quota: ResourceQuota,
  used: Used,
  asked: Resources,
  names: readonly string[],
): ApiError {
  const list = (value: (name: string) => string): string =>
    [...names]
      .sort()
      .map((name) => `${name}=${value(name)}`)
      .join(',');
  const requested = list((name) => formatQuantity(asked.get(name) as Quantity));
  const inUse = list((name) => used[name] ?? '0');
  const limited = list((name) => formatQuantity(parseQuantity(quota.spec?.hard?.[name] as string)));
  return forbidden(
    target.definition.info,
    object.metadata.name ?? '',
    `exceeded quota: ${quota.metadata.name}, requested: ${requested}, used: ${inUse}, limited: ${limited}`,
  );
}

/** A quota on cpu or memory obliges every container to say what it needs of it. */
const DECLARED = new Set(['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory']);

function requireDeclared({ target, object }: AdmissionRequest, quota: ResourceQuota, names: readonly string[]): void {
  const { info } = target.definition;
  const required = names.filter((name) => DECLARED.has(name)).sort();
  if (info.group !== '' || info.resource !== 'pods' || required.length === 0) return;
  const { containers = [], initContainers = [], resources } = (object as Pod).spec;
  if (resources?.requests !== undefined || resources?.limits !== undefined) return;
  const missing = required.flatMap((name) => {
    const without = [...containers, ...initContainers].filter(
      (container) =>
        !containerUsage(resourcesOf(container.resources?.requests), resourcesOf(container.resources?.limits)).has(name),
    );
    const who = [...new Set(without.map((container) => container.name))].sort();
    return who.length === 0 ? [] : [`${name} for: ${who.join(',')}`];
  });
  if (missing.length > 0)
    throw forbidden(
      info,
      object.metadata.name ?? '',
      `failed quota: ${quota.metadata.name}: must specify ${missing.join('; ')}`,
    );
}
