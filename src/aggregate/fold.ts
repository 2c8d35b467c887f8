/**
 * What one authored object's copies make in their clusters, as the one object that a single cluster would have made: the
 * ReplicaSets of a Deployment that runs in several clusters, one for each template; the ControllerRevisions of StatefulSets
 * and DaemonSets. Parts of one have one name and one uid, which both follow from what was authored. Why, and what was
 * weighed: docs/designs/0003-folded-replicasets.md. Pure.
 */
import { createHash } from 'node:crypto';
import { scanCanonical } from '../clusters/reflector-cache.ts';
import { encodeWith } from '../clusters/reflector-encode.ts';
import { CLUSTER_LABEL } from '../hub/kinds/workload.ts';
import { parseJson, stringifyJson } from '../kube/exact-json.ts';
import { at, list, number, record, text } from '../kube/fields.ts';
import type { KubeObject } from '../kube/object.ts';
import { type GroupResource, groupResourceName, type ResourceInfo } from '../kube/resource.ts';
import type { Item } from './item.ts';
import { encodeVersion, FOLD_SLOT } from './resource-version.ts';

export interface Part {
  readonly clusterName: string;
  readonly item: Item;
}

/** The one that stands for all of a name; undefined where they are not parts of one. Parts come by cluster name. */
export type Fold = (parts: readonly Part[]) => Item | undefined;

type How = 'sum' | 'highest';

interface FoldRule {
  /** `group/Kind`. */
  readonly owners: ReadonlySet<string>;
  /** Numbers, by path; everything else is the first part's. */
  readonly numbers: readonly (readonly [path: string, how: How])[];
  /** Annotations that hold numbers. */
  readonly annotations: Readonly<Record<string, How>>;
}

const RULES: Readonly<Record<string, FoldRule>> = {
  'replicasets.apps': {
    owners: new Set(['apps/Deployment']),
    numbers: [
      // Their sum has been observed when each has been.
      ['metadata.generation', 'sum'],
      ['status.observedGeneration', 'sum'],
      ['spec.replicas', 'sum'],
      ['status.replicas', 'sum'],
      ['status.fullyLabeledReplicas', 'sum'],
      ['status.readyReplicas', 'sum'],
      ['status.availableReplicas', 'sum'],
      ['status.terminatingReplicas', 'sum'],
    ],
    annotations: {
      // Each cluster numbers its rollouts; one that joined late has missed some.
      'deployment.kubernetes.io/revision': 'highest',
      'deployment.kubernetes.io/desired-replicas': 'sum',
      'deployment.kubernetes.io/max-replicas': 'sum',
    },
  },
  'controllerrevisions.apps': {
    owners: new Set(['apps/StatefulSet', 'apps/DaemonSet']),
    numbers: [['revision', 'highest']],
    annotations: {},
  },
};

const ruleOf = (gr: GroupResource): FoldRule | undefined => {
  const name = groupResourceName(gr);
  return Object.hasOwn(RULES, name) ? RULES[name] : undefined;
};

/** `group/Kind` of the owners whose objects of this kind may be parts of one; undefined: none ever are. */
export const foldingOwners = (gr: GroupResource): ReadonlySet<string> | undefined => ruleOf(gr)?.owners;

/** The uid of all that the authored object's copies made under one name, on whatever cluster: RFC 9562, version 8. */
export function foldUid(ownerUid: string, { group, resource }: GroupResource, name: string): string {
  const hex = createHash('sha256').update(`${ownerUid}/${resource}.${group}/${name}`).digest('hex');
  const variant = '89ab'[Number.parseInt(hex[16] as string, 16) & 3] as string;
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

interface Folded {
  readonly items: readonly Item[];
  readonly item: Item;
}

/** Undefined for kinds that are never folded. Made of the same items, the answer is the same item. */
export function folderOf(resource: ResourceInfo): Fold | undefined {
  const rule = ruleOf(resource);
  if (rule === undefined) return undefined;
  const known = folders.get(resource);
  if (known !== undefined) return known;
  const made = new WeakMap<Item, Folded>();
  const fold: Fold = (parts) => {
    const [first] = parts;
    const uid = first?.item.mark?.fold;
    if (first === undefined || uid === undefined || parts.some(({ item }) => item.mark?.fold !== uid)) return undefined;
    if (parts.length === 1) return first.item;
    const before = made.get(first.item);
    if (before !== undefined && isSame(before.items, parts)) return before.item;
    const item = foldedItem(rule, resource, uid, parts);
    made.set(first.item, { items: parts.map((part) => part.item), item });
    return item;
  };
  folders.set(resource, fold);
  return fold;
}

const folders = new WeakMap<ResourceInfo, Fold>();

const isSame = (items: readonly Item[], parts: readonly Part[]): boolean =>
  items.length === parts.length && items.every((item, index) => item === parts[index]?.item);

/** The version of all: another one when any part has another, and a greater one while none goes. */
export const foldVersion = (items: readonly Pick<Item, 'resourceVersion'>[]): bigint =>
  items.reduce((sum, { resourceVersion }) => sum + resourceVersion, 0n);

function foldedItem(rule: FoldRule, resource: ResourceInfo, uid: string, parts: readonly Part[]): Item {
  const objects = parts.map(({ item }) => parseJson(item.bytes.toString('utf8')) as unknown as KubeObject);
  // One that goes in one cluster alone stays.
  const base = Math.max(
    0,
    objects.findIndex(({ metadata }) => metadata.deletionTimestamp === undefined),
  );
  const shown = objects[base] as KubeObject;
  const { [CLUSTER_LABEL]: _cluster, ...labels } = shown.metadata.labels ?? {};
  const created = objects.flatMap(({ metadata }) => text(metadata.creationTimestamp) ?? []).sort()[0];
  const resourceVersion = foldVersion(parts.map(({ item }) => item));
  Object.assign(shown.metadata, {
    uid,
    labels,
    resourceVersion: String(encodeVersion(FOLD_SLOT, resourceVersion)),
    ...(created === undefined ? {} : { creationTimestamp: created }),
    annotations: foldAnnotations(rule, objects, shown),
  });
  for (const [path, how] of rule.numbers) foldNumber(shown, path.split('.'), how, objects);
  foldConditions(shown, parts, objects);
  const scanned = scanCanonical(Buffer.from(stringifyJson(shown)));
  return {
    name: scanned.name,
    uid,
    resourceVersion,
    labels: scanned.labels,
    ...encodeWith(scanned, resource, []),
    mark: { fold: uid },
    folded: parts.map(({ clusterName }) => clusterName),
  };
}

const FOLDS: Readonly<Record<How, (values: readonly number[]) => number>> = {
  sum: (values) => values.reduce((sum, value) => sum + value, 0),
  highest: (values) => Math.max(...values),
};

function foldNumber(shown: KubeObject, path: readonly string[], how: How, objects: readonly KubeObject[]): void {
  const values = objects.flatMap((object) => number(at(object, ...path)) ?? []);
  const holder = at(shown, ...path.slice(0, -1));
  if (values.length > 0 && record(holder) !== undefined)
    (holder as Record<string, unknown>)[path.at(-1) as string] = FOLDS[how](values);
}

function foldAnnotations(
  { annotations }: FoldRule,
  objects: readonly KubeObject[],
  shown: KubeObject,
): Record<string, string> {
  const folded = { ...shown.metadata.annotations };
  for (const [key, how] of Object.entries(annotations)) {
    const values = objects
      .map(({ metadata }) => Number(metadata.annotations?.[key] ?? Number.NaN))
      .filter(Number.isInteger);
    if (values.length > 0) folded[key] = String(FOLDS[how](values));
  }
  return folded;
}

/** Bad news all of them (ReplicaFailure): one cluster's is enough, and says whose it is. */
function foldConditions(shown: KubeObject, parts: readonly Part[], objects: readonly KubeObject[]): void {
  const byType = new Map<unknown, Record<string, unknown>>();
  objects.forEach((object, index) => {
    for (const condition of list(at(object, 'status', 'conditions'))) {
      const known = byType.get(at(condition, 'type'));
      if (known !== undefined && (known.status === 'True' || at(condition, 'status') !== 'True')) continue;
      const message = `${parts[index]?.clusterName}: ${text(at(condition, 'message')) ?? ''}`;
      byType.set(at(condition, 'type'), { ...record(condition), message });
    }
  });
  const status = record(shown.status) as Record<string, unknown> | undefined;
  if (status !== undefined && byType.size > 0) status.conditions = [...byType.values()];
}

const alone = new WeakMap<Item, Item>();

/** A part by itself, as its cluster has it: with the cluster's own uid. The same one each time. */
export function asPart(item: Item): Item {
  const fold = item.mark?.fold;
  if (fold === undefined || item.folded !== undefined) return item;
  const known = alone.get(item);
  if (known !== undefined) return known;
  const { name, uid, resourceVersion, labels, nameAt, mark } = item;
  const position = item.bytes.indexOf(`"uid":"${fold}"`) + '"uid":"'.length;
  const bytes = Buffer.from(item.bytes);
  if (position >= '"uid":"'.length && uid.length === fold.length) bytes.write(uid, position, 'latin1');
  const part: Item = {
    name,
    uid,
    resourceVersion,
    labels,
    bytes,
    nameAt,
    mark: mark?.refs === undefined ? undefined : { refs: mark.refs },
  };
  alone.set(item, part);
  return part;
}
