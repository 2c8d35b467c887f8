/**
 * Takes a List response in chunks as they come from the socket and has its items read where they stand: no tree, no text
 * of the whole list, and each item's bytes are gone over once. What is around the items (kind, metadata) is kept aside and
 * parsed at the end.
 */
import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
} from '../kube/json-bytes.ts';
import { CUT, JsonScanError } from '../kube/object-scan.ts';

export interface ListEnvelope {
  readonly kind: string;
  readonly apiVersion: string;
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue: string;
    readonly remainingItemCount: number | undefined;
  };
  /** A Status instead of a list keeps its members here. */
  readonly raw: Readonly<Record<string, unknown>>;
}

export interface ListScanLimits {
  readonly itemBytes: number;
  readonly envelopeBytes: number;
}

const LIMITS: ListScanLimits = { itemBytes: 32 * 1024 * 1024, envelopeBytes: 1024 * 1024 };

/**
 * Reads the item with which the bytes begin and answers where it ends, or CUT where that is not among them: then it is asked
 * again with more. Whoever keeps bytes copies them. Throws JsonScanError.
 */
export type ReadItem = (bytes: Buffer) => number;

export class ListScanner {
  readonly #limits: ListScanLimits;
  readonly #readItem: ReadItem;
  /** Bytes around the items, in order. */
  #envelope: Buffer[] = [];
  #envelopeBytes = 0;
  /** From the beginning of an item that was cut on, and how much of it must be there before it is worth another attempt. */
  #parts: Buffer[] = [];
  #partBytes = 0;
  #enough = 0;
  #where: 'envelope' | 'between' | 'item' = 'envelope';
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** Text of the string being read at depth 1, to know the member `items`. */
  #word = '';
  #inItems = false;

  constructor(readItem: ReadItem, limits: ListScanLimits = LIMITS) {
    this.#readItem = readItem;
    this.#limits = limits;
  }

  /** Throws JsonScanError. */
  push(input: Uint8Array): void {
    const chunk = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
    if (this.#partBytes === 0) this.#read(chunk);
    else {
      this.#keepPart(chunk);
      if (this.#partBytes >= this.#enough) this.#readParts();
    }
  }

  /** Throws JsonScanError when the text ended too early. */
  finish(): ListEnvelope {
    if (this.#partBytes > 0) this.#readParts();
    if (this.#where !== 'envelope' || this.#depth !== 0 || this.#envelopeBytes === 0) {
      throw new JsonScanError('the list ended in the middle');
    }
    const raw = parseEnvelope(Buffer.concat(this.#envelope).toString('utf8'));
    const metadata = (raw.metadata ?? {}) as Record<string, unknown>;
    const remaining = metadata.remainingItemCount;
    return {
      kind: String(raw.kind ?? ''),
      apiVersion: String(raw.apiVersion ?? ''),
      metadata: {
        resourceVersion: String(metadata.resourceVersion ?? ''),
        continue: String(metadata.continue ?? ''),
        remainingItemCount: typeof remaining === 'number' ? remaining : undefined,
      },
      raw,
    };
  }

  #readParts(): void {
    const all = Buffer.concat(this.#parts, this.#partBytes);
    this.#parts = [];
    this.#partBytes = 0;
    this.#read(all);
  }

  #read(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#where === 'between') at = this.#readBetween(chunk, at);
      else if (this.#where === 'envelope') at = this.#readEnvelope(chunk, at);
      else {
        const rest = chunk.subarray(at);
        const length = this.#readItem(rest);
        if (length === CUT) {
          // Reading a large item anew with every chunk would take the square of its length.
          this.#enough = 2 * rest.length;
          this.#keepPart(rest);
          return;
        }
        at += length;
        this.#where = 'between';
      }
    }
  }

  #keepPart(part: Buffer): void {
    this.#parts.push(part);
    this.#partBytes += part.length;
    if (this.#partBytes > this.#limits.itemBytes) throw new JsonScanError('an item is too large');
  }

  #readBetween(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at] as number;
      if (byte === OPEN_BRACE) {
        this.#where = 'item';
        return at;
      }
      if (byte === CLOSE_BRACKET) {
        this.#where = 'envelope';
        this.#depth = 2;
        this.#inItems = false;
        return at;
      }
      if (byte !== COMMA && byte > 0x20) throw new JsonScanError('an item that is not an object');
    }
    return chunk.length;
  }

  #readEnvelope(chunk: Buffer, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at] as number;
      if (this.#inString) this.#readString(byte);
      else if (byte === QUOTE) {
        this.#inString = true;
        if (this.#depth === 1) this.#word = '';
      } else if (byte === COLON) this.#inItems = this.#depth === 1 && this.#word === 'items';
      else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        this.#depth++;
        if (this.#inItems && this.#depth === 2 && byte === OPEN_BRACKET) {
          this.#keep(chunk.subarray(from, at + 1));
          this.#where = 'between';
          return at + 1;
        }
      } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) this.#depth--;
      else if (byte === COMMA && this.#depth === 1) this.#inItems = false;
      if (this.#depth < 0 || (this.#depth === 0 && byte > 0x20 && byte !== CLOSE_BRACE)) {
        throw new JsonScanError('not a JSON object');
      }
    }
    this.#keep(chunk.subarray(from));
    return chunk.length;
  }

  #readString(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === BACKSLASH) this.#escaped = true;
    else if (byte === QUOTE) {
      this.#inString = false;
      return;
    }
    if (this.#depth === 1 && this.#word.length < 64) this.#word += String.fromCharCode(byte);
  }

  #keep(bytes: Buffer): void {
    this.#envelope.push(Buffer.from(bytes));
    this.#envelopeBytes += bytes.length;
    if (this.#envelopeBytes > this.#limits.envelopeBytes)
      throw new JsonScanError('the list has too much beside its items');
  }
}

function parseEnvelope(text: string): Record<string, unknown> {
  try {
    const raw = JSON.parse(text) as unknown;
    if (typeof raw === 'object' && raw !== null && !Array.isArray(raw)) return raw as Record<string, unknown>;
  } catch (error) {
    throw new JsonScanError(`not a JSON list: ${(error as Error).message}`);
  }
  throw new JsonScanError('not a JSON object');
}
