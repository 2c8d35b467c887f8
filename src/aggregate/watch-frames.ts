/** View events as lines of a watch, each form made once for all watchers that see it alike. */
import type { ScannedObject } from '../kube/object-scan.ts';
import { scanObject } from '../kube/object-scan.ts';
import type { Item } from './item.ts';
import { itemBytes } from './list-body.ts';
import type { MergedItem } from './merge.ts';

export type WatchType = 'ADDED' | 'MODIFIED' | 'DELETED';

const LINE_END = Buffer.from('}\n');

/** Renders the object of an event; `key` names the form for sharing. */
export interface ObjectForm {
  readonly key: string;
  render(merged: MergedItem): Uint8Array;
}

export const PLAIN_FORM: ObjectForm = { key: 'object', render: itemBytes };

export const frame = (type: WatchType, object: Uint8Array): Uint8Array =>
  Buffer.concat([Buffer.from(`{"type":"${type}","object":`), object, LINE_END]);

export const bookmarkFrame = (
  names: { kind: string; apiVersion: string },
  version: bigint,
  initialEnd: boolean,
): Uint8Array =>
  line('BOOKMARK', {
    ...names,
    metadata: {
      resourceVersion: String(version),
      creationTimestamp: null,
      ...(initialEnd ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
    },
  });

export const errorFrame = (status: object): Uint8Array => line('ERROR', status);

const line = (type: string, object: object): Uint8Array => Buffer.from(`${JSON.stringify({ type, object })}\n`);

/** An object that left a selector: its former state, with the version at which it left (apiserver `cacheWatcher.convertToWatchEvent`). */
export function asLeftAt(previous: Item, version: bigint): Item {
  const scanned: ScannedObject = scanObject(previous.bytes);
  const range = scanned.at.resourceVersion;
  if (range === undefined) return previous;
  const { bytes, nameAt } = previous;
  const text = Buffer.from(`"${version}"`);
  const moved = nameAt > range.start ? text.length - (range.end - range.start) : 0;
  return {
    ...plainItem(previous),
    bytes: Buffer.concat([bytes.subarray(0, range.start), text, bytes.subarray(range.end)]),
    nameAt: nameAt + moved,
  };
}

const plainItem = ({ name, uid, resourceVersion, labels, bytes, nameAt, folded }: Item): Item => ({
  name,
  uid,
  resourceVersion,
  labels,
  bytes,
  nameAt,
  folded,
});
