/** Indented JSON for people (apiserver `isPrettyPrint`): who asks with `pretty`, or comes with curl, wget or a browser. */

const PEOPLE = /^(?:curl|Wget|Mozilla\/5\.0)/;

/** OpenAPI documents are written by another hand upstream and stay as they are. */
export function wantsPretty(url: string, userAgent: string | undefined): boolean {
  const mayAsk = url.includes('pretty');
  const isPerson = userAgent !== undefined && PEOPLE.test(userAgent);
  if (!mayAsk && !isPerson) return false;
  const [path = '', query = ''] = url.split('?', 2);
  if (path.includes('/openapi/')) return false;
  const asked = mayAsk ? (new URLSearchParams(query).get('pretty') ?? '') : '';
  return asked === '' ? isPerson : /^(?:1|t|T|true|TRUE|True)$/.test(asked);
}

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const isOpening = (byte: number): boolean => byte === 0x7b || byte === 0x5b;
const isClosing = (byte: number): boolean => byte === 0x7d || byte === 0x5d;
const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

const COLON_SPACE = Buffer.from(': ');
const breaks: Buffer[] = [];
/** A line break with the indentation of a depth. */
const breakAt = (depth: number): Buffer => {
  breaks[depth] ??= Buffer.from(`\n${'  '.repeat(depth)}`);
  return breaks[depth] as Buffer;
};

/** Indents by two, chunk by chunk, as Go's `json.Indent` does; values keep their bytes. */
export class Indenter {
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** An opening whose first member has not come: nothing but its closing keeps it on one line. */
  #opened = false;

  indent(chunk: Uint8Array): Buffer {
    const out: Uint8Array[] = [];
    /** Bytes from here up to the present one are passed on as they are. */
    let from = 0;
    const passTo = (to: number, next: number): void => {
      if (to > from) out.push(chunk.subarray(from, to));
      from = next;
    };
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] as number;
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === BACKSLASH) this.#escaped = true;
        else if (byte === QUOTE) this.#inString = false;
        continue;
      }
      if (isSpace(byte)) {
        passTo(at, at + 1);
        continue;
      }
      if (isClosing(byte)) {
        this.#depth--;
        passTo(at, at);
        if (!this.#opened) out.push(breakAt(this.#depth));
        this.#opened = false;
        continue;
      }
      if (this.#opened) {
        passTo(at, at);
        out.push(breakAt(this.#depth));
        this.#opened = false;
      }
      if (byte === QUOTE) this.#inString = true;
      else if (isOpening(byte)) {
        this.#depth++;
        this.#opened = true;
      } else if (byte === COMMA) {
        passTo(at + 1, at + 1);
        out.push(breakAt(this.#depth));
      } else if (byte === COLON) {
        passTo(at, at + 1);
        out.push(COLON_SPACE);
      }
    }
    passTo(chunk.length, chunk.length);
    return Buffer.concat(out);
  }
}

/** The same of a stream. */
export async function* indented(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const indenter = new Indenter();
  for await (const chunk of source) yield indenter.indent(chunk);
}
