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
  const text = stringifyJson(value);
  const hides = kind === 'Status' && names.ownNamespace !== '' && names.ownNamespace !== names.namespace;
  return Buffer.from(hides ? text.replaceAll(names.ownNamespace, names.namespace) : text);
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
