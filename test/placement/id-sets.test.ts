import fc from 'fast-check';
import { expect, it } from 'vitest';
import { IdSets } from '../../src/placement/id-sets.ts';

const step = fc.record({ add: fc.boolean(), key: fc.constantFrom('k', 'l'), id: fc.constantFrom('a', 'b', 'c') });

it('sets of ids hold what was added and not deleted, and no key without any', () => {
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const sets = new IdSets();
      const model = new Map<string, Set<string>>([
        ['k', new Set()],
        ['l', new Set()],
      ]);
      for (const { add, key, id } of steps) {
        sets[add ? 'add' : 'delete'](key, id);
        model.get(key)?.[add ? 'add' : 'delete'](id);
      }
      for (const [key, ids] of model) expect([...sets.of(key)].sort()).toEqual([...ids].sort());
      expect([...sets.keys()].sort()).toEqual([...model].filter(([, ids]) => ids.size > 0).map(([key]) => key));
    }),
  );
});
