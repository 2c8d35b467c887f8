import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { builtinType } from '../../../src/hub/builtin/tables.ts';
import type { JsonMap } from '../../../src/hub/patch/json-value.ts';
import { applyStrategicMergePatch } from '../../../src/hub/patch/strategic-merge.ts';
import type { Json } from '../../../src/kube/object.ts';
import type { TypeSchema } from '../../../src/kube/schema.ts';
import { ORIGINAL, STRATEGIC_PATCHES } from './strategic-cases.ts';

const type = builtinType({ group: 'apps', version: 'v1', kind: 'Deployment' }) as TypeSchema;
const original = ORIGINAL as unknown as JsonMap;
const patchNamed = (name: string): Json => STRATEGIC_PATCHES.find(([one]) => one === name)?.[1] ?? null;
const apply = (patch: Json) => applyStrategicMergePatch(original, patch, type) as unknown as typeof ORIGINAL;
const names = (list: readonly { name: string }[]) => list.map(({ name }) => name);

describe('strategic merge patch', () => {
  test('merges list items by key and leaves the others', () => {
    const { containers } = apply(patchNamed('merge list item by key')).spec.template.spec;
    expect(names(containers)).toEqual(['web', 'side']);
    expect(containers[0]).toEqual({ ...ORIGINAL.spec.template.spec.containers[0], image: 'nginx:2' });
  });

  test('deletes and replaces by directive', () => {
    expect(names(apply(patchNamed('delete a list item')).spec.template.spec.containers)).toEqual(['web']);
    expect(names(apply(patchNamed('replace a list')).spec.template.spec.containers)).toEqual(['only']);
    expect(apply(patchNamed('replace a map')).spec.strategy).toEqual({ type: 'Recreate' });
    expect(apply(patchNamed('retainKeys')).spec.strategy).toEqual({ type: 'Recreate' });
  });

  test('orders items as the patch asks', () => {
    expect(names(apply(patchNamed('element order')).spec.template.spec.containers)).toEqual(['side', 'web']);
    expect(apply(patchNamed('primitive order')).metadata.finalizers).toEqual(['x.io/b', 'x.io/c', 'x.io/d', 'x.io/a']);
    expect(apply(patchNamed('primitive list deletion')).metadata.finalizers).toEqual(['x.io/a', 'x.io/c']);
  });

  test.each([
    ['item without its key', 500, 'does not contain declared merge key: name'],
    ['unknown directive', 500, 'unknown patch type: zap'],
    ['retainKeys that lacks what is set', 400, 'invalid patch format of retainKeys'],
    ['order that the patch does not follow', 500, "doesn't match $setElementOrder list"],
    ['merge directive in a list', 500, 'merging lists cannot yet be specified in the patch'],
    ['not an object', 400, 'cannot unmarshal array into Go value of type map[string]interface {}'],
  ])('%s is refused', (name, code, message) => {
    expect(() => apply(patchNamed(name))).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });

  test('never changes its inputs, and twice is once', () => {
    const container = fc.record(
      {
        name: fc.constantFrom('web', 'side', 'new'),
        image: fc.constantFrom('a', 'b'),
        args: fc.array(fc.constantFrom('x', 'y'), { maxLength: 2 }),
      },
      { requiredKeys: ['name'] },
    );
    const patches = fc.record(
      {
        spec: fc.record(
          {
            replicas: fc.option(fc.nat(5)),
            template: fc.record({
              spec: fc.record({
                containers: fc.uniqueArray(container, { selector: ({ name }) => name, minLength: 1 }),
              }),
            }),
          },
          { requiredKeys: [] },
        ),
        metadata: fc.record({
          labels: fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.option(fc.constantFrom('1', '2'))),
        }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(patches, (patch) => {
        const before = JSON.stringify([original, patch]);
        const once = applyStrategicMergePatch(original, patch as Json, type);
        expect(JSON.stringify([original, patch])).toBe(before);
        expect(applyStrategicMergePatch(once, patch as Json, type)).toEqual(once);
      }),
      { seed: 20261120, numRuns: 300 },
    );
  });
});
