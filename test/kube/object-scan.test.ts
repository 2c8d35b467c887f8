import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LineSplitter, readWatchLine } from '../../src/clusters/reflector-lines.ts';
import { ListScanner } from '../../src/clusters/reflector-list-scan.ts';
import {
  CUT,
  endOfValue,
  JsonScanError,
  scanFirst,
  scanObject,
  skipValue,
  valueAt,
} from '../../src/kube/object-scan.ts';

const chunked = (bytes: Buffer, sizes: readonly number[]): Buffer[] => {
  const chunks: Buffer[] = [];
  for (let at = 0, n = 0; at < bytes.length; n++) {
    const size = sizes.length === 0 ? bytes.length : (sizes[n % sizes.length] as number);
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
};

const scanList = (text: string, sizes: readonly number[]) => {
  const items: unknown[] = [];
  const scanner = new ListScanner((bytes) => {
    const end = endOfValue(bytes, 0);
    if (end !== CUT) items.push(JSON.parse(bytes.subarray(0, end).toString()));
    return end;
  });
  for (const chunk of chunked(Buffer.from(text), sizes)) scanner.push(chunk);
  return { items, envelope: scanner.finish() };
};

describe('ListScanner', () => {
  test('gives every item as JSON.parse would, whatever the chunking and whatever stands in strings', () => {
    const item = fc.dictionary(fc.string(), fc.jsonValue());
    const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(
        fc.array(item, { maxLength: 6 }),
        sizes,
        fc.boolean(),
        fc.boolean(),
        (items, chunks, pretty, last) => {
          const metadata = { resourceVersion: '7', continue: 'items":[', remainingItemCount: 3 };
          const list = last
            ? { kind: 'L', apiVersion: 'v1', items, metadata, x: { items: [{ no: 1 }] } }
            : { x: [{ items: [{}] }], kind: 'L', apiVersion: 'v1', metadata, items };
          const scanned = scanList(JSON.stringify(list, null, pretty ? 2 : 0), chunks);
          expect(scanned.items).toEqual(JSON.parse(JSON.stringify(items)));
          expect(scanned.envelope).toMatchObject({ kind: 'L', metadata });
        },
      ),
    );
  });

  test.each([
    ['', 'ended'],
    ['{"items":[{"a":1}', 'ended'],
    ['{"items":[{"a":"', 'ended'],
    ['{"items":[1]}', 'not an object'],
    ['<html>', 'not a JSON object'],
    ['{"metadata":nope}', 'not a JSON list'],
    ['{}{}', 'not a JSON list'],
  ])('refuses %j', (text, message) => {
    expect(() => scanList(text, [3])).toThrow(message);
  });

  test('takes null for no items', () => {
    expect(scanList('{"kind":"L","metadata":{"resourceVersion":"1"},"items":null}', []).items).toEqual([]);
  });

  test('refuses an item beyond the limit', () => {
    const scanner = new ListScanner(() => CUT, { itemBytes: 10, envelopeBytes: 100 });
    expect(() => scanner.push(Buffer.from('{"items":[{"a":"0123456789'))).toThrow(JsonScanError);
  });
});

describe('scanObject', () => {
  test('finds what selection needs, also escaped', () => {
    const object = {
      spec: { metadata: { name: 'no' } },
      metadata: { name: 'a"b', namespace: 'ü', uid: 'u', resourceVersion: '12', labels: { a: '1', __proto__x: 'y' } },
    };
    const scanned = scanObject(Buffer.from(JSON.stringify(object)));
    expect(scanned).toMatchObject({ name: 'a"b', namespace: 'ü', uid: 'u', resourceVersion: 12n });
    expect({ ...scanned.labels }).toEqual(object.metadata.labels);
  });

  test.each(['{}', '{"metadata":1}', '{"metadata":{"name":"a","resourceVersion":"x"}}', '[]', '{"metadata":{'])(
    'refuses %s',
    (text) => {
      expect(() => scanObject(Buffer.from(text))).toThrow(JsonScanError);
    },
  );

  test('scanFirst reads what stands first, and tells of every cut', () => {
    const first =
      '{ "x\\"": [{}, 1.5], "metadata":{"name":"a","labels":{"a":"}"},"uid":"u"},"spec":{"t":true},"data":"d" }';
    const bytes = Buffer.from(`${first},{"metadata":{}}]`);
    for (let size = 1; size < first.length; size++) expect(scanFirst(bytes.subarray(0, size))).toBeUndefined();
    for (let size = first.length; size <= bytes.length; size++) {
      const scanned = scanFirst(bytes.subarray(0, size));
      expect(scanned).toMatchObject({ name: 'a', uid: 'u' });
      expect(scanned?.bytes.toString()).toBe(first);
      expect([...(scanned?.members.keys() ?? [])]).toEqual(['x\\"', 'metadata', 'spec', 'data']);
    }
  });

  test('valueAt follows a path and answers undefined where it ends', () => {
    const bytes = Buffer.from('{"a":{"b":[1,{"c":2}],"d":"x"},"e":null}');
    expect(valueAt(bytes, ['a', 'd'])).toEqual({ start: 26, end: 29 });
    expect(valueAt(bytes, ['a', 'b', 'c'])).toBeUndefined();
    expect(valueAt(bytes, ['e', 'x'])).toBeUndefined();
  });

  test('skipValue ends where JSON.stringify did', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = Buffer.from(JSON.stringify(value));
        expect(skipValue(Buffer.concat([text, Buffer.from(',')]), 0)).toBe(text.length);
      }),
    );
  });
});

describe('watch lines', () => {
  test('are the same whatever the chunking', () => {
    const text = Buffer.from('{"type":"ADDED","object":{"a":"\\n"}}\n\n{"object":{"b":1},"type":"BOOKMARK"}\n{"ty');
    for (let size = 1; size < text.length; size++) {
      const splitter = new LineSplitter();
      const lines = chunked(text, [size]).flatMap((chunk) => [...splitter.push(chunk)].map(readWatchLine));
      expect(lines.map((line) => [line.type, line.object.toString()])).toEqual([
        ['ADDED', '{"a":"\\n"}'],
        ['BOOKMARK', '{"b":1}'],
      ]);
    }
  });

  test.each(['nonsense', '{"type":"ADDED"}', '{"type":"OTHER","object":{}}', '{"type":"ADDED","object":{}'])(
    'refuses %s',
    (line) => {
      expect(() => readWatchLine(Buffer.from(line))).toThrow(JsonScanError);
    },
  );

  test('refuses a line without end', () => {
    const splitter = new LineSplitter(8);
    expect(() => [...splitter.push(Buffer.from('0123456789'))]).toThrow(JsonScanError);
  });
});
