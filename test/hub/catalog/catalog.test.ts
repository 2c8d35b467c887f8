import { describe, expect, test } from 'vitest';
import { createCatalog } from '../../../src/hub/catalog/catalog.ts';
import type { ResourceDefinition } from '../../../src/hub/resource-definition.ts';

const definition = (resource: string): ResourceDefinition =>
  ({ info: { group: 'example.com', version: 'v1', resource, kind: resource } }) as ResourceDefinition;

/** Loads that end when the test says so. */
function slowLoads() {
  const pending: {
    workspace: string;
    answer: (own: readonly ResourceDefinition[]) => void;
    fail: (e: Error) => void;
  }[] = [];
  const load = (workspace: string) =>
    new Promise<readonly ResourceDefinition[]>((answer, fail) => pending.push({ workspace, answer, fail }));
  return { pending, load };
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a workspace of the catalogue', () => {
  test('is loaded once for all who ask at the same time', async () => {
    const { pending, load } = slowLoads();
    const catalog = createCatalog([], load);
    const asked = [catalog.of('w'), catalog.of('w')];
    pending[0]?.answer([definition('widgets')]);
    const [one, two] = await Promise.all(asked);
    expect(one).toBe(two);
    expect(await catalog.of('w')).toBe(one);
    expect(pending).toHaveLength(1);
  });

  test.each(['w', '*', 'other'])(
    'that is loading while %s changes is loaded anew, and nobody fails',
    async (changed) => {
      const { pending, load } = slowLoads();
      const catalog = createCatalog([], load);
      const asked = catalog.of('w');
      catalog.invalidate(changed);
      pending[0]?.answer([definition('old')]);
      await turn();
      pending[1]?.answer([definition('new')]);
      expect((await asked).definitions.map(({ info }) => info.resource)).toEqual(['new']);
    },
  );

  test('that could not be loaded is tried again by the next who asks', async () => {
    const { pending, load } = slowLoads();
    const catalog = createCatalog([], load);
    const failed = catalog.of('w');
    pending[0]?.fail(new Error('store is closed'));
    await expect(failed).rejects.toThrow('store is closed');
    const asked = catalog.of('w');
    pending[1]?.answer([]);
    expect((await asked).definitions).toEqual([]);
  });

  test('is forgotten when it changes', async () => {
    let own = [definition('old')];
    const catalog = createCatalog([], async () => own);
    await catalog.of('w');
    own = [definition('new')];
    catalog.invalidate('w');
    expect((await catalog.of('w')).find('example.com', 'v1', 'new')).toBeDefined();
  });
});
