/** Reads protobuf's wire format from a bounded range of bytes; throws MalformedProtobuf instead of reading past it. */
export class MalformedProtobuf extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'MalformedProtobuf';
  }
}

export const VARINT = 0;
export const FIXED64 = 1;
export const DELIMITED = 2;
export const FIXED32 = 5;

export class ProtobufReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  /** The next field's number and wire type. */
  tag(): { field: number; wireType: number } {
    const tag = this.varint();
    const field = Number(tag >> 3n);
    if (field < 1 || field > 0x1fffffff) throw new MalformedProtobuf(`illegal field number ${field}`);
    return { field, wireType: Number(tag & 7n) };
  }

  /** Up to 64 bits, unsigned. */
  varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (this.#at >= this.#end) throw new MalformedProtobuf('unexpected EOF');
      const byte = this.#bytes[this.#at++] as number;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new MalformedProtobuf('integer overflow');
  }

  bytes(): Uint8Array {
    return this.#take(Number(this.varint()));
  }

  /** A reader over the nested message that comes next. */
  message(): ProtobufReader {
    const length = Number(this.varint());
    const start = this.#at;
    this.#take(length);
    return new ProtobufReader(this.#bytes, start, start + length);
  }

  double(): number {
    const bytes = this.#take(8);
    return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true);
  }

  float(): number {
    const bytes = this.#take(4);
    return new DataView(bytes.buffer, bytes.byteOffset, 4).getFloat32(0, true);
  }

  /** Steps over a field that is not known. */
  skip(wireType: number): void {
    if (wireType === VARINT) this.varint();
    else if (wireType === FIXED64) this.#take(8);
    else if (wireType === DELIMITED) this.bytes();
    else if (wireType === FIXED32) this.#take(4);
    else throw new MalformedProtobuf(`illegal wireType ${wireType}`);
  }

  #take(length: number): Uint8Array {
    if (length > this.#end - this.#at) throw new MalformedProtobuf('unexpected EOF');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }
}
