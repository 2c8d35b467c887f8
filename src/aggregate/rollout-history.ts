/**
 * One rollout history of a Deployment that runs in several clusters. Each cluster numbers the ReplicaSets it made, so one
 * template stands in a list once per cluster, with numbers of its own. ReplicaSets of one name have one template: in lists
 * they all show the highest of their numbers, so that `kubectl rollout history` tells of each template once.
 *
 * Of the newest template only one may show a number: `kubectl rollout undo` takes the second highest that it finds
 * (k8s.io/kubectl/pkg/polymorphichelpers/rollback.go). The others show it with their cluster (`3@west`), which is no number:
 * kubectl passes over them, in `history` with a warning that names them. Without any it would count them as revision 0.
 */
import type { ResourceInfo } from '../kube/resource.ts';
import type { Item } from './item.ts';
import type { MergedItem } from './merge.ts';

export const hasRolloutHistory = ({ group, resource }: ResourceInfo): boolean =>
  group === 'apps' && resource === 'replicasets';

/**
 * The shown items with one history, in the same order.
 * @param all the same objects as they are cached; walked before
 */
export function* withOneHistory(all: Iterable<MergedItem>, shown: Iterable<MergedItem>): Generator<MergedItem> {
  const newest = newestTemplates(all);
  let group: MergedItem[] = [];
  for (const merged of shown) {
    const [first] = group;
    if (first !== undefined && keyOf(first) !== keyOf(merged)) {
      yield* ofOneTemplate(group, newest.has(keyOf(first)));
      group = [];
    }
    group.push(merged);
  }
  const [first] = group;
  if (first !== undefined) yield* ofOneTemplate(group, newest.has(keyOf(first)));
}

const keyOf = ({ namespace, item: { name } }: MergedItem): string => `${namespace}/${name}`;

/** Of each Deployment the ReplicaSet with the highest number. */
function newestTemplates(all: Iterable<MergedItem>): ReadonlySet<string> {
  const best = new Map<string, { readonly revision: number; readonly key: string }>();
  for (const merged of all) {
    const { target } = merged.item.mark?.refs?.find((one) => one.target.kind === 'apps/Deployment') ?? {};
    const revision = revisionOf(merged.item);
    if (target === undefined || revision === 0) continue;
    const deployment = `${merged.namespace}/${target.name}`;
    if (revision > (best.get(deployment)?.revision ?? 0)) best.set(deployment, { revision, key: keyOf(merged) });
  }
  return new Set([...best.values()].map(({ key }) => key));
}

function ofOneTemplate(group: readonly MergedItem[], isNewest: boolean): readonly MergedItem[] {
  if (group.length < 2) return group;
  const revisions = group.map(({ item }) => revisionOf(item));
  const highest = Math.max(...revisions);
  const speaker = revisions.indexOf(highest);
  return group.map((merged, index) => {
    const own = revisions[index] ?? 0;
    const text = isNewest && index !== speaker ? `${highest}@${merged.clusterName ?? ''}` : String(highest);
    return own === 0 || text === String(own) ? merged : { ...merged, item: withRevision(merged.item, own, text) };
  });
}

const REVISION = '"deployment.kubernetes.io/revision":"';

/** 0 where it has none. */
function revisionOf({ bytes }: Item): number {
  const at = bytes.indexOf(REVISION);
  return at < 0
    ? 0
    : Number.parseInt(bytes.toString('latin1', at + REVISION.length, at + REVISION.length + 20), 10) || 0;
}

function withRevision(item: Item, own: number, text: string): Item {
  const { name, uid, resourceVersion, labels, bytes, nameAt } = item;
  const from = bytes.indexOf(REVISION) + REVISION.length;
  const to = from + String(own).length;
  return {
    name,
    uid,
    resourceVersion,
    labels,
    bytes: Buffer.concat([bytes.subarray(0, from), Buffer.from(text), bytes.subarray(to)]),
    nameAt: nameAt > from ? nameAt + text.length - (to - from) : nameAt,
  };
}
