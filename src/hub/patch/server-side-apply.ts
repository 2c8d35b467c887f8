/**
 * Server-side apply, and the recording of ownership for every other write
 * (structured-merge-diff `merge/update.go` under the managers of apimachinery `util/managedfields/internal`).
 */
import { parseJson } from '../../kube/exact-json.ts';
import { goJson, goQuote } from '../../kube/field-error.ts';
import type { Json, KubeObject } from '../../kube/object.ts';
import { parseApiVersion } from '../../kube/resource.ts';
import type { TypeSchema } from '../../kube/schema.ts';
import { ApiError, badRequest, type StatusCause } from '../../kube/status.ts';
import { type AtomRef, applySchema } from './apply-schema.ts';
import { type FieldPath, FieldSet, fieldElement, formatPath } from './field-set.ts';
import { deepEqual, isMap, type JsonMap } from './json-value.ts';
import {
  capUpdaters,
  decodeManagedFields,
  isReset,
  type ManagerName,
  managerId,
  type OwnedFields,
  withManagedFields,
  withoutManagedFields,
} from './managed-fields.ts';
import { reconcileWithSchema } from './reconcile-set.ts';
import {
  type Comparison,
  compareValues,
  formatFaults,
  mergeValues,
  removeItems,
  toFieldSet,
  typeFaults,
} from './typed-value.ts';

/** A kind in one version, as ownership sees it. */
export interface ApplyType {
  readonly apiVersion: string;
  readonly kind: string;
  readonly schema: TypeSchema | undefined;
  /** What a write is compared with where nothing is stored yet: for built-in kinds with their empty structs (`zeroObject`). */
  readonly empty?: KubeObject;
  /** Schemas of the kind's other served versions; a manager of a version that is gone loses its entry. */
  readonly versions?: (apiVersion: string) => TypeSchema | undefined;
  /** The object in another version; default: the same fields. */
  readonly convert?: (object: KubeObject, apiVersion: string) => KubeObject;
}

interface WriteContext {
  readonly type: ApplyType;
  /** `?fieldManager` or the User-Agent's name (see `managerName`); '' becomes `unknown`. */
  readonly manager: string;
  /** '' for the object itself. */
  readonly subresource?: string;
  /** RFC 3339, whole seconds. */
  readonly now: string;
  /** Dotted paths that this endpoint does not write (`status` for the object, `spec` and `metadata` for status): never owned. */
  readonly resetFields?: readonly string[];
}

export interface ApplyInput extends WriteContext {
  /** The stored object; absent for a create. */
  readonly live: KubeObject | undefined;
  readonly applied: KubeObject;
  readonly force: boolean;
}

export interface ApplyResult {
  /** Not yet defaulted or validated; has the new managedFields. */
  readonly object: KubeObject;
  /** False when the applied fields were so already (ownership may have changed nonetheless). */
  readonly changed: boolean;
}

type Managers = Map<string, OwnedFields>;

/** Throws ApiError 409 with a cause per field on conflicts, 400 and 500 as upstream on unfit input. */
export function serverSideApply(input: ApplyInput): ApplyResult {
  const { applied, type } = input;
  if (applied.apiVersion !== type.apiVersion || applied.kind !== type.kind) {
    throw badRequest(`invalid object type: ${gvkText(applied.apiVersion, applied.kind)}`);
  }
  if (Array.isArray(applied.metadata?.managedFields)) throw badRequest('metadata.managedFields must be nil');
  const engine = new Engine(input);
  engine.check(applied, 'patch');
  let managers: Managers = decodeManagedFields(input.live?.metadata.managedFields);
  const live = withoutManagedFields(input.live ?? emptyObject(type));
  engine.check(live, 'live');
  // Fields from before tracking belong to a manager of their own: applying over them is a conflict.
  if (managers.size === 0) managers = engine.update(emptyObject(type), live, new Map(), 'before-first-apply');

  let result: { object: KubeObject | undefined; managers: Managers };
  try {
    result = engine.apply(live, applied, managers, input.force);
  } catch (error) {
    if (!(error instanceof Conflicts)) throw error;
    const remaining = input.manager === 'kubectl' ? engine.conflictsBeyondLastApplied(live, error) : error;
    if (remaining !== undefined) throw conflictError(remaining);
    result = engine.apply(live, applied, managers, true);
  }
  const changed = result.object !== undefined;
  let object = result.object ?? live;
  if (input.manager === 'kubectl') object = refreshLastApplied(object, applied);
  return { object: withManagedFields(object, result.managers), changed };
}

export interface RecordInput extends WriteContext {
  /** The stored object; absent for a create. */
  readonly before: KubeObject | undefined;
  /** The object as it is to be stored, with the managedFields that the client sent, if any. */
  readonly after: KubeObject;
}

/** The written object with ownership recorded for a create, an update or a patch other than apply. Never throws. */
export function recordUpdate(input: RecordInput): KubeObject {
  const { after, type } = input;
  const before = input.before ?? emptyObject(type);
  let managers: Managers;
  try {
    managers = managersOfUpdate(input);
  } catch {
    managers = new Map();
  }
  if (managers.size === 0 && before.metadata.uid !== undefined) return withoutManagedFields(after);
  try {
    const engine = new Engine(input);
    // Of a status that the write does not keep nobody has looked whether it is one.
    const { apiVersion, kind, status } = after;
    if (type.empty === undefined && status !== undefined && input.resetFields?.includes('status') === true)
      if (!engine.fits({ apiVersion, kind, metadata: {}, status })) return withoutManagedFields(after);
    const recorded = engine.update(withoutManagedFields(before), withoutManagedFields(after), managers, input.manager);
    capUpdaters(recorded);
    return withManagedFields(after, recorded);
  } catch {
    // Ownership must never fail a write: what was known stays.
    const { managedFields } = before.metadata;
    return managedFields === undefined
      ? withoutManagedFields(after)
      : { ...after, metadata: { ...after.metadata, managedFields } };
  }
}

/** What the client sent counts where it is valid and not empty, except through subresources. */
function managersOfUpdate({ before, after, subresource }: RecordInput): Managers {
  const sent = after.metadata.managedFields;
  if ((subresource ?? '') === '') {
    if (isReset(sent)) return new Map();
    try {
      const managers = decodeManagedFields(sent);
      if (managers.size > 0) return managers;
    } catch {
      // Invalid input is as none.
    }
  }
  return decodeManagedFields(before?.metadata.managedFields);
}

const emptyObject = ({ apiVersion, kind, empty }: ApplyType): KubeObject => empty ?? { apiVersion, kind, metadata: {} };

interface Conflict {
  readonly owner: OwnedFields;
  readonly path: FieldPath;
}

class Conflicts extends Error {
  readonly list: readonly Conflict[];
  constructor(list: readonly Conflict[]) {
    super('conflicts');
    this.list = list;
  }
}

/** Who owns these belongs to the API server, not to whoever wrote them. */
const UNOWNED = FieldSet.of(
  ...[
    'apiVersion',
    'kind',
    'metadata',
    'metadata.name',
    'metadata.namespace',
    'metadata.creationTimestamp',
    'metadata.selfLink',
    'metadata.uid',
    'metadata.clusterName',
    'metadata.generation',
    'metadata.managedFields',
    'metadata.resourceVersion',
  ].map(toPath),
);

function toPath(dotted: string): FieldPath {
  return dotted.split('.').map(fieldElement);
}

/** One write, over one kind: the algorithms of merge/update.go. */
class Engine {
  private readonly context: WriteContext;
  private readonly atom: AtomRef;
  private readonly reset: FieldSet | undefined;

  constructor(context: WriteContext) {
    this.context = context;
    this.atom = applySchema(context.type.schema);
    const reset = context.resetFields ?? [];
    this.reset = reset.length === 0 ? undefined : FieldSet.of(...reset.map(toPath));
  }

  /** Throws ApiError 500, as upstream does for an object that is not of its type. */
  fits = (object: KubeObject): boolean => typeFaults(object as unknown as Json, this.atom, true).length === 0;

  check(object: KubeObject, role: 'patch' | 'live'): void {
    const faults = typeFaults(object as unknown as Json, this.atom, role === 'live');
    if (faults.length === 0) return;
    const { name = '', namespace = '' } = object.metadata ?? {};
    const what = `${namespace}/${name}; ${gvkText(object.apiVersion, object.kind)}`;
    throw new ApiError(500, '', `failed to create typed ${role} object (${what}): ${formatFaults(faults)}`);
  }

  apply(
    live: KubeObject,
    applied: KubeObject,
    before: Managers,
    force: boolean,
  ): { object: KubeObject | undefined; managers: Managers } {
    const managers = this.reconcile(before);
    const name = this.name(this.context.manager, 'Apply');
    const id = managerId(name);
    const last = managers.get(id);
    const merged = mergeValues(asJson(live), asJson(applied), this.atom) as JsonMap;
    const set = this.filter(toFieldSet(asJson(applied), this.atom));
    managers.set(id, { ...name, set, time: last?.time });
    const pruned =
      last === undefined || keepsAll(last, name.apiVersion, set) ? merged : this.prune(merged, managers, last);
    this.transfer(live, asObject(pruned), managers, id, force);
    const object = deepEqual(live, pruned) ? undefined : asObject(pruned);
    const own = managers.get(id);
    if (own !== undefined) {
      this.store(managers, id, {
        ...own,
        set: own.set.difference(UNOWNED),
        time: object ? this.context.now : own.time,
      });
    }
    return { object, managers };
  }

  update(before: KubeObject, after: KubeObject, known: Managers, manager: string): Managers {
    const managers = this.reconcile(known);
    const comparison = this.transfer(before, after, managers, undefined, true);
    const { modified, added } = comparison;
    const set = this.filter(modified.union(added)).difference(UNOWNED);
    if (set.empty) return managers;
    const name = this.name(manager === '' ? 'unknown' : manager, 'Update');
    const id = managerId(name);
    const previous = managers.get(id);
    managers.set(id, { ...name, set: previous ? set.union(previous.set) : set, time: this.context.now });
    return managers;
  }

  /**
   * Conflicts that the last client-side apply does not explain; undefined when it explains all: whoever moves from
   * client-side to server-side apply keeps what the annotation says was theirs.
   */
  conflictsBeyondLastApplied(live: KubeObject, conflicts: Conflicts): Conflicts | undefined {
    const allowed = this.lastAppliedSet(live);
    if (allowed === undefined) return conflicts;
    const beyond = conflicts.list.filter(({ path }) => !allowed.has(path));
    return beyond.length === 0 ? undefined : new Conflicts(beyond);
  }

  private lastAppliedSet(live: KubeObject): FieldSet | undefined {
    const text = live.metadata.annotations?.[LAST_APPLIED];
    if (text === undefined || text === '') return undefined;
    try {
      const config = parseJson(text);
      if (!isMap(config) || config.apiVersion !== this.context.type.apiVersion) return undefined;
      if (typeFaults(config, this.atom, false).length > 0) return undefined;
      const { modified, added, removed } = compareValues(config, asJson(live), this.atom);
      return toFieldSet(config, this.atom).difference(modified).difference(added).difference(removed);
    } catch {
      return undefined;
    }
  }

  /** Takes changed fields away from all other managers, or throws Conflicts. */
  private transfer(
    before: KubeObject,
    after: KubeObject,
    managers: Managers,
    self: string | undefined,
    force: boolean,
  ): Comparison {
    const own = this.compare(before, after, this.context.type.apiVersion) as Comparison;
    const byVersion = new Map([[this.context.type.apiVersion, this.filterAll(own)]]);
    const conflicts: Conflict[] = [];
    const reduced: Managers = new Map();
    for (const [id, owned] of managers) {
      if (id === self) continue;
      let comparison = byVersion.get(owned.apiVersion);
      if (comparison === undefined) {
        const compared = this.compare(before, after, owned.apiVersion);
        if (compared === undefined) {
          managers.delete(id);
          continue;
        }
        // What a status write does not keep it keeps in no version (apiextensions getStatusResetFields).
        comparison = this.context.subresource === 'status' ? this.filterAll(compared) : compared;
        byVersion.set(owned.apiVersion, comparison);
      }
      const taken = owned.set.intersection(comparison.modified.union(comparison.added));
      if (!taken.empty) for (const path of taken.paths()) conflicts.push({ owner: owned, path });
      reduced.set(id, { ...owned, set: owned.set.difference(taken).difference(comparison.removed) });
    }
    if (!force && conflicts.length > 0) throw new Conflicts(conflicts);
    for (const [id, owned] of reduced) this.store(managers, id, owned);
    const mine = self === undefined ? undefined : managers.get(self);
    if (self !== undefined && mine !== undefined) this.store(managers, self, mine);
    return own;
  }

  private compare(before: KubeObject, after: KubeObject, apiVersion: string): Comparison | undefined {
    const atom = this.atomOf(apiVersion);
    if (atom === undefined) return undefined;
    return compareValues(asJson(this.convert(before, apiVersion)), asJson(this.convert(after, apiVersion)), atom);
  }

  /** Removes what this manager applied last time and not now, unless another manager owns it. */
  private prune(merged: JsonMap, managers: Managers, last: OwnedFields): JsonMap {
    const { apiVersion } = last;
    const atom = this.atomOf(apiVersion);
    if (atom === undefined) return merged;
    const value = asJson(this.convert(asObject(merged), apiVersion));
    let pruned = removeItems(value, last.set.withNamedFields(atom), atom);
    pruned = this.addBackOwned(value, pruned, apiVersion, managers);
    const prunedSet = toFieldSet(pruned, atom).withNamedFields(atom);
    const mergedSet = toFieldSet(value, atom).withNamedFields(atom);
    const dangling = mergedSet.difference(prunedSet).intersection(last.set.withNamedFields(atom));
    pruned = removeItems(value, dangling, atom);
    return this.convert(asObject(pruned as JsonMap), this.context.type.apiVersion) as unknown as JsonMap;
  }

  private addBackOwned(merged: Json, pruned: Json, prunedVersion: string, managers: Managers): Json {
    const byVersion = new Map<string, FieldSet>([[prunedVersion, new FieldSet()]]);
    for (const { apiVersion, set } of managers.values()) {
      byVersion.set(apiVersion, (byVersion.get(apiVersion) ?? new FieldSet()).union(set));
    }
    let result = pruned;
    for (const [apiVersion, owned] of byVersion) {
      const atom = this.atomOf(apiVersion);
      if (atom === undefined) continue;
      const whole = asJson(this.convert(asObject(merged as JsonMap), apiVersion));
      const part = asJson(this.convert(asObject((result ?? {}) as JsonMap), apiVersion));
      const wholeSet = toFieldSet(whole, atom).withNamedFields(atom);
      const kept = toFieldSet(part, atom).withNamedFields(atom).union(owned.withNamedFields(atom));
      result = asJson(
        this.convert(asObject(removeItems(whole, wholeSet.difference(kept), atom) as JsonMap), prunedVersion),
      );
    }
    return result;
  }

  /** Sets written under an older schema in the words of the present one: granular ⇄ atomic. */
  private reconcile(managers: Managers): Managers {
    const result: Managers = new Map();
    for (const [id, owned] of managers) {
      const atom = this.atomOf(owned.apiVersion);
      if (atom !== undefined) result.set(id, { ...owned, set: reconcileWithSchema(owned.set, atom) });
    }
    return result;
  }

  private name(manager: string, operation: 'Apply' | 'Update'): ManagerName {
    const { type, subresource } = this.context;
    return { manager: manager || 'unknown', operation, apiVersion: type.apiVersion, subresource: subresource ?? '' };
  }

  private store(managers: Managers, id: string, owned: OwnedFields): void {
    if (owned.set.empty) managers.delete(id);
    else managers.set(id, owned);
  }

  private filter(set: FieldSet): FieldSet {
    return this.reset === undefined ? set : set.recursiveDifference(this.reset);
  }

  private filterAll({ added, modified, removed }: Comparison): Comparison {
    return { added: this.filter(added), modified: this.filter(modified), removed: this.filter(removed) };
  }

  private atomOf(apiVersion: string): AtomRef | undefined {
    const { type } = this.context;
    if (apiVersion === type.apiVersion) return this.atom;
    const schema = type.versions?.(apiVersion);
    return schema && applySchema(schema);
  }

  private convert(object: KubeObject, apiVersion: string): KubeObject {
    if (object.apiVersion === apiVersion) return object;
    return this.context.type.convert?.(object, apiVersion) ?? { ...object, apiVersion };
  }
}

/** Nothing that was applied last time is left out now, so there is nothing to prune. */
const keepsAll = (last: OwnedFields, apiVersion: string, set: FieldSet): boolean =>
  last.set.empty || (last.apiVersion === apiVersion && last.set.difference(set).empty);

const asJson = (object: KubeObject): Json => object as unknown as Json;
const asObject = (value: JsonMap): KubeObject => value as unknown as KubeObject;

const gvkText = (apiVersion: string, kind: string): string => {
  const { group, version } = parseApiVersion(apiVersion ?? '');
  return `${group}/${version}, Kind=${kind ?? ''}`;
};

const ownerText = ({ manager, operation, apiVersion, subresource }: OwnedFields): string =>
  goQuote(manager) +
  (subresource === '' ? '' : ` with subresource ${goQuote(subresource)}`) +
  (operation === 'Update' ? ` using ${apiVersion}` : '');

function conflictError({ list }: Conflicts): ApiError {
  const causes: StatusCause[] = list.map(({ owner, path }) => ({
    reason: 'FieldManagerConflict',
    message: `conflict with ${ownerText(owner)}`,
    field: formatPath(path),
  }));
  return new ApiError(409, 'Conflict', conflictMessage(list), { causes });
}

function conflictMessage(list: readonly Conflict[]): string {
  const [first] = list as readonly [Conflict];
  if (list.length === 1) {
    return `Apply failed with 1 conflict: conflict with ${ownerText(first.owner)}: ${formatPath(first.path)}`;
  }
  const byOwner = new Map<string, Conflict[]>();
  for (const conflict of list) {
    const id = managerId(conflict.owner);
    byOwner.set(id, [...(byOwner.get(id) ?? []), conflict]);
  }
  const lines = [...byOwner.keys()].sort().flatMap((id) => {
    const conflicts = byOwner.get(id) as Conflict[];
    return [
      `conflicts with ${ownerText((conflicts[0] as Conflict).owner)}:`,
      ...conflicts.map(({ path }) => `- ${formatPath(path)}`),
    ];
  });
  return `Apply failed with ${list.length} conflicts: ${lines.join('\n')}`;
}

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const MAX_ANNOTATIONS_BYTES = 256 * 1024;

/** kubectl's annotation follows a server-side apply, so that going back to client-side apply stays possible. */
function refreshLastApplied(object: KubeObject, applied: KubeObject): KubeObject {
  const annotations = object.metadata.annotations;
  if (!annotations?.[LAST_APPLIED]) return object;
  const refreshed: Record<string, string> = { ...annotations, [LAST_APPLIED]: lastAppliedText(applied) };
  const size = Object.entries(refreshed).reduce((sum, [key, value]) => sum + Buffer.byteLength(key + value), 0);
  if (size > MAX_ANNOTATIONS_BYTES) delete refreshed[LAST_APPLIED];
  return { ...object, metadata: { ...object.metadata, annotations: refreshed } };
}

function lastAppliedText(applied: KubeObject): string {
  const { annotations, ...metadata } = applied.metadata;
  const { [LAST_APPLIED]: _, ...others } = annotations ?? {};
  const kept = annotations === undefined ? metadata : { ...metadata, annotations: others };
  return `${goJson({ ...applied, metadata: kept })}\n`;
}
