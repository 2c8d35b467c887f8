/**
 * resourceVersions of a view: `sourceVersion × 2^14 + slot` (DESIGN §4). Slot 0 is the hub; a cluster's slot is given
 * once and kept, so any replica computes the source's own version back without state.
 */
import { badRequest } from '../kube/status.ts';

export const SLOT_BITS = 14n;
export const MAX_SLOT = (1 << 14) - 1;
export const HUB_SLOT = 0;
/** No cluster's: `moments.ts`. */
export const MOMENT_SLOT = MAX_SLOT;
/** No cluster's: of what stands for objects in several clusters (`fold.ts`). Its versions name no place in a history. */
export const FOLD_SLOT = MAX_SLOT - 1;
/** Clients parse into int64. */
const MAX_VERSION = 2n ** 63n - 1n;
const MAX_SOURCE_VERSION = MAX_VERSION >> SLOT_BITS;

export interface SourceVersion {
  readonly slot: number;
  readonly version: bigint;
}

/** Throws RangeError where the result would not be a positive int64: such a cluster cannot be shown. */
export function encodeVersion(slot: number, version: bigint): bigint {
  if (!Number.isInteger(slot) || slot < 0 || slot > MAX_SLOT) throw new RangeError(`slot ${slot} is out of range`);
  if (version < 0n || version > MAX_SOURCE_VERSION) throw new RangeError(`resource version ${version} is out of range`);
  return (version << SLOT_BITS) | BigInt(slot);
}

export const decodeVersion = (encoded: bigint): SourceVersion => ({
  slot: Number(encoded & BigInt(MAX_SLOT)),
  version: encoded >> SLOT_BITS,
});

/**
 * The source's own version as text, for a precondition that goes to `slot`. A version of another source can never be
 * current there, and is answered as 1, which no object of a running cluster has: the source refuses with its Conflict.
 * Throws ApiError 400 where the text is no version.
 */
export function toSourceVersion(text: string, slot: number): string {
  if (text === '' || text === '0') return text;
  const decoded = decodeVersion(parseVersionText(text));
  return String(decoded.slot === slot && decoded.version > 0n ? decoded.version : 1n);
}

/** Throws ApiError 400 with the text of upstream's storage layer (etcd3 `ParseResourceVersion`). */
export function parseVersionText(text: string): bigint {
  if (!/^[0-9]+$/.test(text) || text.length > 19 || BigInt(text) > MAX_VERSION) {
    throw badRequest(
      `Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  }
  return BigInt(text);
}
