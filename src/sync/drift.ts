/** Does a live object still hold everything that was applied? Fields that others added do not matter. Pure. */
import { createHash } from 'node:crypto';
import { record } from '../kube/fields.ts';
import type { KubeObject } from '../kube/object.ts';

/** Fields by which Kubernetes tells elements of an associative list apart, in the order in which they are tried. */
const MERGE_KEYS = [
  'name',
  'mountPath',
  'devicePath',
  'containerPort',
  'port',
  'topologyKey',
  'ip',
  'uid',
  'key',
  'type',
];

/**
 * True when every desired field has its value in the live object. A cluster may write a value in another form (a quantity,
 * a default for an empty value): then the answer is false though nothing drifted, and the apply that follows changes nothing.
 */
export function covers(desired: unknown, live: unknown): boolean {
  if (isEmpty(desired)) return isEmpty(live) || typeof live === typeof desired;
  if (Array.isArray(desired)) return Array.isArray(live) && coversList(desired, live);
  const fields = record(desired);
  if (fields === undefined) return desired === live;
  const liveFields = record(live);
  return (
    liveFields !== undefined &&
    Object.entries(fields).every(([name, value]) =>
      covers(value, Object.hasOwn(liveFields, name) ? liveFields[name] : undefined),
    )
  );
}

function coversList(desired: readonly unknown[], live: readonly unknown[]): boolean {
  const key = MERGE_KEYS.find((name) => desired.every((element) => record(element)?.[name] !== undefined));
  if (key === undefined)
    return desired.length === live.length && desired.every((element, index) => covers(element, live[index]));
  return desired.every((element) =>
    live.some((candidate) => record(candidate)?.[key] === record(element)?.[key] && covers(element, candidate)),
  );
}

/** What servers leave out: `omitempty`. */
const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === '' ||
  value === 0 ||
  value === false ||
  (Array.isArray(value) ? value.length === 0 : typeof value === 'object' && Object.keys(value).length === 0);

/** Changes when anything but status and bookkeeping does: what a drift check needs to look at again. */
export function contentDigest(object: KubeObject, labels: Readonly<Record<string, string>>): string {
  const { metadata, status: _status, apiVersion: _version, kind: _kind, ...content } = object;
  return createHash('sha1')
    .update(JSON.stringify([content, Object.entries(labels).sort(), metadata.annotations]))
    .digest('base64url');
}
