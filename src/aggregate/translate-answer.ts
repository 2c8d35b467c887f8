/** What a source answered to a write, as the view shows it: an object in the view's form, anything else with its names translated. */

import type { ApiResponse } from '../kube/api.ts';
import { parseJson, stringifyJson } from '../kube/exact-json.ts';
import { valueAt } from '../kube/object-scan.ts';
import { encodeVersion } from './resource-version.ts';

export interface AnswerNames {
  readonly slot: number;
  /** Of the object, as the client wrote it. */
  readonly name: string;
  readonly namespace: string;
  /** The source's own; '' where it has none. */
  readonly ownName: string;
  readonly ownNamespace: string;
  /** What the client stated of versions and uids, by what the source was told instead. */
  readonly stated?: ReadonlyMap<string, string>;
  /** The uid under which the view shows what the source knows by this one. */
  readonly hubUid?: (uid: string) => string | undefined;
}

/** A Status, a Scale, a token: every mention of the source's namespace and version becomes the view's. */
export function translateValue(body: Buffer, names: AnswerNames): Buffer {
  let value: unknown;
  try {
    value = parseJson(body.toString('utf8'));
  } catch {
    return body;
  }
  if (typeof value !== 'object' || value === null) return body;
  const { metadata, kind } = value as { metadata?: Record<string, unknown> | null; kind?: unknown };
  if (typeof metadata === 'object' && metadata !== null && kind !== 'Status') {
    if (typeof metadata.resourceVersion === 'string' && /^[0-9]{1,19}$/.test(metadata.resourceVersion)) {
      metadata.resourceVersion = String(encodeVersion(names.slot, BigInt(metadata.resourceVersion)));
    }
    if (metadata.namespace === names.ownNamespace) metadata.namespace = names.namespace;
    if (metadata.name === names.ownName) metadata.name = names.name;
  }
  if (kind === 'Status') translateStatus(value as StatusFields, names);
  const text = stringifyJson(value);
  const hides = kind === 'Status' && names.ownNamespace !== '' && names.ownNamespace !== names.namespace;
  return Buffer.from(hides ? text.replaceAll(names.ownNamespace, names.namespace) : text);
}

interface StatusFields {
  message?: unknown;
  details?: { name?: unknown; uid?: unknown } | null;
}

/** Where a source says which version or uid was asked for, and which it has (registry/rest/delete.go, storage/interfaces.go). */
const TERMS = /\b(ResourceVersion|UID) in (?:the )?(?:precondition|record|object meta)(?:: | \()([0-9A-Za-z-]+)/g;

/** What a refusal says of versions and uids, as the view shows them. */
export function inViewTerms(
  message: string,
  { slot, stated, hubUid }: Pick<AnswerNames, 'slot' | 'stated' | 'hubUid'>,
): string {
  return message.replace(TERMS, (whole, what: string, term: string) => {
    const isVersion = what === 'ResourceVersion' && /^[0-9]{1,15}$/.test(term);
    const shown = stated?.get(term) ?? (isVersion ? String(encodeVersion(slot, BigInt(term))) : hubUid?.(term));
    return `${whole.slice(0, -term.length)}${shown ?? term}`;
  });
}

function translateStatus(status: StatusFields, names: AnswerNames): void {
  const { name, ownName, stated, hubUid } = names;
  const { message, details } = status;
  if (typeof message === 'string') {
    const text = inViewTerms(message, names);
    status.message = ownName === '' ? text : text.replaceAll(JSON.stringify(ownName), JSON.stringify(name));
  }
  if (typeof details !== 'object' || details === null) return;
  if (ownName !== '' && details.name === ownName) details.name = name;
  if (typeof details.uid === 'string') details.uid = stated?.get(details.uid) ?? hubUid?.(details.uid) ?? details.uid;
}

/** The same for the hub's objects, whose only difference is their version. */
export function withHubVersion(body: Buffer): Buffer {
  const range = body[0] === 0x7b ? valueAt(body, ['metadata', 'resourceVersion']) : undefined;
  if (range === undefined) return body;
  const version = body.toString('latin1', range.start + 1, range.end - 1);
  if (!/^[0-9]{1,19}$/.test(version)) return body;
  const encoded = Buffer.from(String(encodeVersion(0, BigInt(version))));
  return Buffer.concat([body.subarray(0, range.start + 1), encoded, body.subarray(range.end - 1)]);
}

/** A handler's body as one buffer; undefined for a stream that never ends. */
export async function wholeBody(body: ApiResponse['body']): Promise<Buffer | undefined> {
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (typeof body === 'function') return undefined;
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts);
}
