/**
 * Objects as stored: JSON that begins `{"metadata":{`, without apiVersion, kind and resourceVersion. Reading puts a
 * head with the three in front and passes the rest on as it is, so lists and watches need no parsing, and a custom
 * resource converts to another served version (conversion None) by its head alone.
 */
import { parseStoredJson, stringifyJson } from '../kube/exact-json.ts';
import type { KubeObject } from '../kube/object.ts';
import { eachMember, parseRange } from '../kube/object-scan.ts';
import { apiVersionOf } from '../kube/resource.ts';

/** How every stored value begins. */
export const STORED_HEAD = '{"metadata":{';

/** How the kind is called in answers. */
export interface TypeNames {
  readonly apiVersion: string;
  readonly kind: string;
}

export const typeNames = (info: { group: string; version: string; kind: string }): TypeNames => ({
  apiVersion: apiVersionOf(info),
  kind: info.kind,
});

export function encodeStored(object: KubeObject): Buffer {
  const { apiVersion: _apiVersion, kind: _kind, metadata, ...rest } = object;
  const { resourceVersion: _resourceVersion, ...stored } = metadata;
  return Buffer.from(stringifyJson({ metadata: stored, ...rest }));
}

/** Upstream's typed lists leave out each item's kind; lists of custom resources name it. */
export const itemHead = (names: TypeNames | undefined): string =>
  names === undefined ? '{' : `{"kind":${JSON.stringify(names.kind)},"apiVersion":${JSON.stringify(names.apiVersion)},`;

/** What follows a head: `"metadata":{"resourceVersion":"…",` and then the stored bytes from `tailStart` on. */
export const metadataHead = (revision: bigint): string => `"metadata":{"resourceVersion":"${revision}",`;
export const tailStart = STORED_HEAD.length;

/** The object's whole JSON. */
export const answerBytes = (names: TypeNames, value: Uint8Array, revision: bigint): Buffer =>
  Buffer.concat([Buffer.from(itemHead(names) + metadataHead(revision)), value.subarray(tailStart)]);

/** A private, parsed copy. */
export function decodeStored(names: TypeNames, value: Uint8Array, revision: bigint): KubeObject {
  const { metadata, ...rest } = parseStoredJson(asText(value)) as unknown as Pick<KubeObject, 'metadata'>;
  return {
    apiVersion: names.apiVersion,
    kind: names.kind,
    metadata: { ...metadata, resourceVersion: String(revision) },
    ...rest,
  };
}

/** The labels of a stored value, found without parsing the rest. */
export function storedLabels(value: Uint8Array): Readonly<Record<string, string>> {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  let labels: unknown;
  eachMember(bytes, tailStart - 1, (key, start, end) => {
    if (key === 'labels') labels = parseRange(bytes, { start, end });
  });
  return (labels ?? {}) as Readonly<Record<string, string>>;
}

const asText = (value: Uint8Array): string =>
  Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8');
