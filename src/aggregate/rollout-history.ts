/**
 * One rollout history of a Deployment that runs in several clusters. Each cluster numbers the ReplicaSets it made, so one
 * template stands in a list once per cluster with like numbers, and `kubectl rollout undo`, which takes the second of the
 * numbers, finds the present template again (k8s.io/kubectl/pkg/polymorphichelpers/rollback.go). ReplicaSets of one name
 * have one template: in lists, the one with the highest number speaks for them, the others show none.
 */
import type { ResourceInfo } from '../kube/resource.ts';
import type { Item } from './item.ts';
import type { MergedItem } from './merge.ts';

export const hasRolloutHistory = ({ group, resource }: ResourceInfo): boolean =>
  group === 'apps' && resource === 'replicasets';

/** The same items in the same order. */
export function* withOneHistory(items: Iterable<MergedItem>): Generator<MergedItem> {
  let group: MergedItem[] = [];
  for (const merged of items) {
    const [first] = group;
    if (first !== undefined && (first.item.name !== merged.item.name || first.namespace !== merged.namespace)) {
      yield* spokenForByOne(group);
      group = [];
    }
    group.push(merged);
  }
  yield* spokenForByOne(group);
}

function spokenForByOne(group: readonly MergedItem[]): readonly MergedItem[] {
  if (group.length < 2) return group;
  const revisions = group.map(({ item }) => revisionOf(item));
  const speaker = revisions.reduce((best, one, index) => (one > (revisions[best] ?? 0) ? index : best), 0);
  return group.map((merged, index) =>
    index === speaker ? merged : { ...merged, item: withoutRevision(merged.item, revisions[index] ?? 0) },
  );
}

const REVISION = '"deployment.kubernetes.io/revision":"';

/** 0 where it has none. */
function revisionOf({ bytes }: Item): number {
  const at = bytes.indexOf(REVISION);
  return at < 0
    ? 0
    : Number.parseInt(bytes.toString('latin1', at + REVISION.length, at + REVISION.length + 20), 10) || 0;
}

function withoutRevision(item: Item, revision: number): Item {
  const { bytes, nameAt } = item;
  const start = bytes.indexOf(REVISION);
  if (start < 0 || revision === 0) return item;
  let from = start;
  let to = start + REVISION.length + String(revision).length + 1;
  if (bytes[to] === COMMA) to++;
  else if (bytes[from - 1] === COMMA) from--;
  const cut = Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  const { name, uid, resourceVersion, labels } = item;
  return {
    name,
    uid,
    resourceVersion,
    labels,
    bytes: cut,
    nameAt: nameAt > from ? nameAt - (to - from) : nameAt,
  };
}

const COMMA = 0x2c;
