import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Indenter, indented, wantsPretty } from '../../src/http/pretty.ts';

describe('who gets indented JSON', () => {
  it.each([
    ['/api/v1/pods', 'kubectl/v1.37.1 (linux/amd64)', false],
    ['/api/v1/pods', undefined, false],
    ['/api/v1/pods', 'curl/8.5.0', true],
    ['/api/v1/pods', 'Wget/1.21', true],
    ['/api/v1/pods', 'Mozilla/5.0 (X11)', true],
    ['/api/v1/pods?pretty=false', 'curl/8.5.0', false],
    ['/api/v1/pods?limit=5&pretty=1', 'kubectl', true],
    ['/api/v1/pods?pretty=nonsense', 'curl/8.5.0', false],
    ['/api/v1/pods?pretty=', 'curl/8.5.0', true],
    ['/services/tmc/clusters/root/openapi/v3', 'curl/8.5.0', false],
  ])('%s by %s: %s', (url, userAgent, pretty) => {
    expect(wantsPretty(url, userAgent)).toBe(pretty);
  });
});

describe('indenting', () => {
  it('is that of JSON.stringify, however the text is cut', async () => {
    const cases = fc.tuple(fc.jsonValue(), fc.array(fc.nat({ max: 40 }), { maxLength: 8 }));
    await fc.assert(
      fc.asyncProperty(cases, async ([value, cuts]) => {
        const bytes = Buffer.from(JSON.stringify(value));
        const chunks: Buffer[] = [];
        let from = 0;
        for (const length of cuts) {
          chunks.push(bytes.subarray(from, from + length));
          from += length;
        }
        chunks.push(bytes.subarray(from));
        const out: Buffer[] = [];
        for await (const chunk of indented(iterate(chunks))) out.push(chunk);
        expect(Buffer.concat(out).toString()).toBe(JSON.stringify(value, null, 2));
      }),
    );
  });

  it('keeps numbers as they are written, and drops other white space', () => {
    const text = '{ "a":12345678901234567890,\n"b":[1.0 , {}],"c":[ ] }\n';
    expect(new Indenter().indent(Buffer.from(text)).toString()).toBe(
      '{\n  "a": 12345678901234567890,\n  "b": [\n    1.0,\n    {}\n  ],\n  "c": []\n}',
    );
  });
});

async function* iterate(chunks: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* chunks;
}
