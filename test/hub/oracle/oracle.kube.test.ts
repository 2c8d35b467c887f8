/** The same requests to the hub and to a kube-apiserver: status, headers that matter and body must be the same. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SEQUENCES } from './cases/all.ts';
import { compareSequence, type Sides } from './compare.ts';
import { isKnown, KNOWN_DIFFERENCES, staleEntries } from './known-differences.ts';
import { hubSide, kubeSide } from './sides.ts';

let sides: Sides;
beforeAll(async () => {
  sides = { hub: await hubSide(), kube: await kubeSide('oracle') };
});
afterAll(async () => {
  await sides?.hub.close();
  await sides?.kube.close();
});

describe('the hub answers as kube-apiserver does', () => {
  test.each(SEQUENCES.map((sequence, at) => [sequence.name, sequence, at] as const))('%s', async (_, sequence, at) => {
    const differences = await compareSequence(sides, sequence, `oracle-${at}`);
    expect(differences.filter((found) => !isKnown(found))).toEqual([]);
    expect(staleEntries(sequence.name, differences), 'listed as different, but not so').toEqual([]);
  });
});

test('every known difference names a sequence and a step that exist', () => {
  const named = KNOWN_DIFFERENCES.flatMap(({ at }) =>
    Object.entries(at).flatMap(([name, steps]) => Object.keys(steps).map((step) => ({ name, step: Number(step) }))),
  );
  const exists = (of: { name: string; step: number }) =>
    SEQUENCES.some(({ name, steps }) => name === of.name && of.step < steps.length);
  expect(named.filter((one) => !exists(one))).toEqual([]);
});

test('sequences have names of their own', () => {
  const names = SEQUENCES.map(({ name }) => name);
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
});
