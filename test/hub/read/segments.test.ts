import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Segment, Segments } from '../../../src/hub/read/segments.ts';

const storedValue = (name: string, size: number): Buffer =>
  Buffer.from(`{"metadata":{"name":"${name}"},"data":"${'x'.repeat(size)}"}`);
const entryOf = (name: string, revision: number, size: number) => ({
  key: `/w/-/things/ns/${name}`,
  revision: BigInt(revision),
  value: storedValue(name, size),
});
const shown = (segments: readonly Segment[]) =>
  segments.flatMap(({ entries }) => entries.map(({ key, revision, value }) => [key, revision, value.toString()]));
const json = (segments: readonly Segment[]): { metadata: { name: string; resourceVersion: string } }[] =>
  JSON.parse(
    `[${Buffer.concat(segments.map((one) => one.encoded('{')))
      .toString()
      .slice(1)}]`,
  );

test('any sequence of writes leaves what a map would hold, in key order, as bytes and as entries', () => {
  const step = fc.record({
    name: fc.integer({ min: 0, max: 60 }).map((n) => `n${n}`),
    size: fc.constantFrom(10, 20_000, 150_000, undefined),
    encode: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const segments = new Segments([]);
      const model = new Map<string, ReturnType<typeof entryOf>>();
      for (const [at, { name, size, encode }] of steps.entries()) {
        const entry = entryOf(name, at + 1, size ?? 0);
        if (size === undefined) {
          segments.delete(entry.key);
          model.delete(name);
        } else {
          segments.put(entry);
          model.set(name, entry);
        }
        if (encode) for (const one of segments.take()) one.encoded('{');
      }
      const wanted = [...model.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
      expect(shown(segments.take())).toEqual(
        wanted.map(({ key, revision, value }) => [key, revision, value.toString()]),
      );
      expect(json(segments.take()).map(({ metadata }) => metadata.resourceVersion)).toEqual(
        wanted.map(({ revision }) => String(revision)),
      );
      const bytes = wanted.reduce((sum, { value }) => sum + value.length, 0);
      expect(segments.bytes).toBeGreaterThanOrEqual(bytes - 13 * wanted.length);
    }),
    { numRuns: 60 },
  );
});

test('what was taken stays as it was while the range changes', () => {
  const segments = new Segments(Array.from({ length: 50 }, (_, at) => entryOf(`n${at + 10}`, at + 1, 30_000)));
  const taken = segments.take();
  const before = shown(taken);
  segments.put(entryOf('n12', 100, 5));
  segments.delete('/w/-/things/ns/n30');
  segments.put(entryOf('a', 101, 5));
  expect(shown(taken)).toEqual(before);
  expect(json(taken)).toHaveLength(50);
  expect(
    json(segments.take())
      .map(({ metadata }) => metadata.name)
      .slice(0, 2),
  ).toEqual(['a', 'n10']);
});

test('deletions leave no crumbs', () => {
  const segments = new Segments(Array.from({ length: 400 }, (_, at) => entryOf(`n${at + 1000}`, at + 1, 10_000)));
  for (let at = 0; at < 400; at++) if (at % 40 !== 0) segments.delete(`/w/-/things/ns/n${at + 1000}`);
  expect(segments.take().length).toBeLessThan(4);
  expect(json(segments.take())).toHaveLength(10);
});
