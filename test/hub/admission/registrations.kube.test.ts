/** What is registered is checked as kube-apiserver checks it: the same requests to both. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compareSequence, type Sides } from '../oracle/compare.ts';
import { hubSide, kubeSide } from '../oracle/sides.ts';
import { REGISTRATION_CASES } from './registration-cases.ts';

let sides: Sides;
beforeAll(async () => {
  sides = { hub: await hubSide(), kube: await kubeSide('registrations') };
});
afterAll(async () => {
  await sides?.hub.close();
  await sides?.kube.close();
});

describe('webhook configurations and policies are checked as in kube-apiserver', () => {
  test.each(REGISTRATION_CASES.map((one, at) => [one.name, one, at] as const))('%s', async (_, one, at) => {
    expect(await compareSequence(sides, one, `registrations-${at}`)).toEqual([]);
  });
});
