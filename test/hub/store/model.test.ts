import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openSqliteStore } from '../../../src/hub/store/sqlite.ts';
import { CompactedError, type StoreChange, type StoreOperation } from '../../../src/hub/store/store.ts';

/** The store as it should be: every state that there ever was. */
class Model {
  readonly snapshots = new Map<bigint, Map<string, { value: string; revision: bigint }>>();
  now = new Map<string, { value: string; revision: bigint }>();
  revision = 1n;
  constructor() {
    this.snapshots.set(1n, new Map());
  }
  commit(operations: readonly StoreOperation[]): boolean {
    for (const { key, expected } of operations)
      if (expected !== undefined && (this.now.get(key)?.revision ?? 0n) !== expected) return false;
    const effective = operations.filter(({ key, value }) => value !== undefined || this.now.has(key));
    if (effective.length === 0) return true;
    this.revision += BigInt(effective.length);
    const next = new Map(this.now);
    for (const { key, value } of effective) {
      if (value === undefined) next.delete(key);
      else next.set(key, { value: Buffer.from(value).toString(), revision: this.revision });
    }
    this.now = next;
    this.snapshots.set(this.revision, next);
    return true;
  }
  list(prefix: string, at = this.revision) {
    const state = this.snapshots.get(at) as Map<string, { value: string; revision: bigint }>;
    return [...state].filter(([key]) => key.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1));
  }
}

const KEYS = ['a', 'b', 'c'].flatMap((ws) => ['x', 'y', 'z'].map((name) => `/${ws}/-/configmaps/default/${name}`));
const keyOf = fc.constantFrom(...KEYS);
type Step =
  | { do: 'commit'; writes: { key: string; value: string | undefined; guard: 'none' | 'right' | 'wrong' }[] }
  | { do: 'list'; prefix: string; back: number; limit: number }
  | { do: 'compact'; back: number };
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('commit' as const),
        writes: fc.uniqueArray(
          fc.record({
            key: keyOf,
            value: fc.option(fc.string({ maxLength: 5 }), { nil: undefined }),
            guard: fc.constantFrom('none' as const, 'right' as const, 'wrong' as const),
          }),
          { minLength: 1, maxLength: 3, selector: (write) => write.key },
        ),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constant('list' as const),
        prefix: fc.constantFrom('/', '/a/', '/b/-/configmaps/', '/c/-/configmaps/default/'),
        back: fc.nat(5),
        limit: fc.integer({ min: 1, max: 4 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('compact' as const), back: fc.nat(3) }) },
  ),
  { maxLength: 40 },
);

test('any sequence of writes, pinned pages, compactions and a watch agrees with a model', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      const store = openSqliteStore(':memory:');
      const model = new Model();
      let horizon = 1n;
      try {
        for (const step of sequence) {
          const revisions = [...model.snapshots.keys()];
          const back = (count: number) => revisions[Math.max(0, revisions.length - 1 - count)] as bigint;
          if (step.do === 'commit') {
            const operations = step.writes.map(({ key, value, guard }): StoreOperation => {
              const revision = model.now.get(key)?.revision ?? 0n;
              return {
                key,
                value: value === undefined ? undefined : Buffer.from(value),
                ...(guard === 'none' ? {} : { expected: guard === 'right' ? revision : revision + 7n }),
              };
            });
            const result = await store.commit(operations);
            expect(result.ok).toBe(model.commit(operations));
            if (result.ok) expect(result.revision).toBe(model.revision);
          } else if (step.do === 'compact') {
            const target = back(step.back);
            await store.compact(target);
            if (target > horizon) horizon = target;
          } else {
            const at = back(step.back);
            const found: [string, { value: string; revision: bigint }][] = [];
            const read = async () => {
              for (let after: string | undefined; ; ) {
                const page = await store.list(step.prefix, { at, limit: step.limit, ...(after ? { after } : {}) });
                const expected = model.list(step.prefix, at);
                found.push(
                  ...page.entries.map(({ key, value, revision }): (typeof found)[number] => [
                    key,
                    { value: Buffer.from(value).toString(), revision },
                  ]),
                );
                expect(page.remaining).toBe(expected.length - found.length);
                after = page.entries.at(-1)?.key;
                if (page.remaining === 0 || after === undefined) return;
              }
            };
            if (at < horizon) await expect(read()).rejects.toThrow(CompactedError);
            else {
              await read();
              expect(found).toEqual(model.list(step.prefix, at));
            }
          }
          expect(await store.revision()).toBe(model.revision);
        }
        expect(await replay(store, horizon, model)).toEqual(model.list('/'));
      } finally {
        await store.close();
      }
    }),
    { numRuns: 150 },
  );
});

/** Applies the watch from the horizon to the state there: must give the present state. */
async function replay(store: ReturnType<typeof openSqliteStore>, since: bigint, model: Model) {
  const state = new Map(model.snapshots.get(since));
  const stop = new AbortController();
  const changes: StoreChange[] = [];
  if (since < model.revision)
    for await (const batch of store.watch(since, stop.signal)) {
      changes.push(...batch);
      if (batch.at(-1)?.revision === model.revision) stop.abort();
    }
  for (const change of changes) {
    expect(change.previousRevision).toBe(state.get(change.key)?.revision ?? 0n);
    expect(change.previous && Buffer.from(change.previous).toString()).toBe(state.get(change.key)?.value);
    if (change.type === 'delete') state.delete(change.key);
    else state.set(change.key, { value: Buffer.from(change.value).toString(), revision: change.revision });
  }
  return [...state].sort(([a], [b]) => (a < b ? -1 : 1));
}
