/**
 * Protobuf wire format (protobuf.dev/programming-guides/encoding), written from the end of the buffer to its start: the
 * length in front of a nested message is then known when it is written, and nothing is copied. Callers write fields,
 * and the elements of lists, in reverse order.
 */
const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;

const utf8 = new TextEncoder();

export class ProtobufWriter {
  #buffer = new Uint8Array(4096);
  #start = this.#buffer.length;

  /** Everything written so far; the writer must not be used afterwards. */
  finish(): Uint8Array {
    return this.#buffer.subarray(this.#start);
  }

  /** Bytes without tag or length, such as a magic number. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#start -= bytes.length;
    this.#buffer.set(bytes, this.#start);
  }

  bytes(field: number, value: Uint8Array): void {
    this.raw(value);
    this.#varint(value.length);
    this.#tag(field, DELIMITED);
  }

  string(field: number, value: string): void {
    this.bytes(field, utf8.encode(value));
  }

  /** int32, int64 and bool; negative numbers take ten bytes, as the format wants. */
  integer(field: number, value: number | bigint): void {
    this.#varint(value);
    this.#tag(field, VARINT);
  }

  bool(field: number, value: boolean): void {
    this.integer(field, value ? 1 : 0);
  }

  double(field: number, value: number): void {
    this.#reserve(8);
    this.#start -= 8;
    new DataView(this.#buffer.buffer).setFloat64(this.#start, value, true);
    this.#tag(field, FIXED64);
  }

  /** `write` writes the nested message's fields, last one first. */
  message(field: number, write: () => void): void {
    const end = this.#buffer.length - this.#start;
    write();
    this.#varint(this.#buffer.length - this.#start - end);
    this.#tag(field, DELIMITED);
  }

  #tag(field: number, wireType: number): void {
    this.#varint(field * 8 + wireType);
  }

  #varint(value: number | bigint): void {
    this.#reserve(10);
    if (typeof value === 'number' && value >= 0 && value <= 0x7fffffff) {
      this.#small(value);
      return;
    }
    const groups: number[] = [];
    let rest = BigInt.asUintN(64, BigInt(value));
    do {
      groups.push(Number(rest & 0x7fn));
      rest >>= 7n;
    } while (rest > 0n);
    this.#groups(groups);
  }

  #small(value: number): void {
    const length = value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : value < 0x10000000 ? 4 : 5;
    this.#start -= length;
    let rest = value;
    for (let index = 0; index < length - 1; index++) {
      this.#buffer[this.#start + index] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#buffer[this.#start + length - 1] = rest;
  }

  #groups(groups: readonly number[]): void {
    this.#start -= groups.length;
    groups.forEach((group, index) => {
      this.#buffer[this.#start + index] = index < groups.length - 1 ? group | 0x80 : group;
    });
  }

  #reserve(count: number): void {
    if (this.#start >= count) return;
    const used = this.#buffer.length - this.#start;
    const larger = new Uint8Array(Math.max(this.#buffer.length * 2, used + count));
    larger.set(this.#buffer.subarray(this.#start), larger.length - used);
    this.#start = larger.length - used;
    this.#buffer = larger;
  }
}
