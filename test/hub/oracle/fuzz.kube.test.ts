/**
 * Random sequences of requests to the hub and to a kube-apiserver. `TMC_FUZZ_RUNS` for more of them, `TMC_FUZZ_SEED` for
 * others or for those that failed; what is found becomes a case in `cases/`.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compareSequence, type Difference, type Sides } from './compare.ts';
import { GADGET_DEFINITION, RANDOM_KINDS } from './random-objects.ts';
import { randomSequence } from './random-sequence.ts';
import { askPatiently, hubSide, kubeSide } from './sides.ts';
import { get, patch, post } from './step.ts';

const RUNS = Number(process.env.TMC_FUZZ_RUNS ?? 150);
const SEED = Number(process.env.TMC_FUZZ_SEED ?? 1);

let sides: Sides;
beforeAll(async () => {
  sides = { hub: await hubSide(), kube: await kubeSide('oracle-fuzz') };
  const gadgets = RANDOM_KINDS.find(({ custom }) => custom)?.path.replace('{ns}', 'default') as string;
  const gadget = (set: string) => ({
    apiVersion: 'fuzz.example.com/v1',
    kind: 'Gadget',
    metadata: { name: 'probe' },
    spec: { set: [set] },
  });
  for (const side of [sides.hub, sides.kube]) {
    await side.ask(post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', GADGET_DEFINITION));
    await askPatiently(side, get(gadgets, { until: 200 }));
    // Merging goes by the schema a moment later.
    await side.ask(patch('apply', `${gadgets}/probe?fieldManager=x`, gadget('a')));
    await askPatiently(
      side,
      patch('apply', `${gadgets}/probe?fieldManager=y`, gadget('b'), { untilText: '["a","b"]' }),
    );
  }
});
afterAll(async () => {
  await sides?.hub.close();
  await sides?.kube.close();
});

/** Of several values of a wrong type Go tells the first in its own order of fields. */
const isTolerated = ({ hub, kube }: Difference): boolean =>
  [hub, kube].every((side) => JSON.stringify(side)?.includes('json: cannot unmarshal'));

test(
  'random sequences of requests are answered as kube-apiserver does',
  async () => {
    console.info(`${RUNS} random sequences, seed ${SEED}`);
    let namespace = 0;
    await fc.assert(
      fc.asyncProperty(randomSequence(true), async (sequence) => {
        const differences = await compareSequence(sides, sequence, `fuzz-${++namespace}`);
        expect(differences.filter((found) => !isTolerated(found))).toEqual([]);
      }),
      { numRuns: RUNS, seed: SEED },
    );
  },
  60_000 + RUNS * 1_000,
);
