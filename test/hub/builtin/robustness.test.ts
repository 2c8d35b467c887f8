import fc from 'fast-check';
import { expect, test } from 'vitest';
import { defaultsFor } from '../../../src/hub/builtin/defaults/defaults-for.ts';
import { builtinDefinitionName, builtinResources } from '../../../src/hub/builtin/tables.ts';
import { validateFor } from '../../../src/hub/builtin/validation/validate-for.ts';
import { decodeProtobuf, encodeProtobuf } from '../../../src/hub/encoding/protobuf.ts';
import { printerFor } from '../../../src/hub/printing/printer-for.ts';
import { decodeGo } from '../../../src/hub/schema/go-decode.ts';
import type { Json, KubeObject } from '../../../src/kube/object.ts';
import { parseApiVersion } from '../../../src/kube/resource.ts';
import { SAMPLES } from '../../support/builtin-samples.ts';

type Holder = { [key: string]: Json };

/** Every place in a body where a value stands. */
function places(value: Json, into: [Holder, string][] = []): [Holder, string][] {
  if (typeof value !== 'object' || value === null) return into;
  for (const [key, child] of Object.entries(value)) {
    into.push([value as Holder, key]);
    places(child, into);
  }
  return into;
}

const values = fc.oneof(
  fc.constantFrom<Json>(null, '', 0, -1, 65536, 'constructor', '__proto__', '100%', '1Gi', [], {}, [{}], [''], true),
  fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>,
);

test('whatever stands in a body that decodes, defaulting, validating, printing and encoding it end well', () => {
  let reached = 0;
  fc.assert(
    fc.property(fc.constantFrom(...SAMPLES), fc.nat(), values, (sample, place, value) => {
      const body = structuredClone(sample.object) as unknown as Json;
      const all = places(body).filter(([, key]) => key !== 'apiVersion' && key !== 'kind');
      const [holder, key] = all[place % all.length] as [Holder, string];
      holder[key] = value;
      const { apiVersion, kind } = sample.object;
      const gvk = { ...parseApiVersion(apiVersion), kind };
      const decoded = decodeGo(body, builtinDefinitionName(gvk) as string);
      if (decoded.typeError !== undefined) return;
      reached++;
      const object = decoded.value as unknown as KubeObject;
      defaultsFor(gvk)?.(object);
      const causes = validateFor(gvk)?.(object, undefined) ?? [];
      expect(causes.every(({ field, message }) => field !== undefined && message !== undefined)).toBe(true);
      const info = builtinResources().find((one) => one.kind === kind && one.group === gvk.group);
      const printer = printerFor(info ?? { ...gvk, resource: '' });
      printer.cells(object, Date.now());
      expect(decodeProtobuf(encodeProtobuf(object)).kind).toBe(kind);
    }),
    { numRuns: 3000, seed: 7 },
  );
  expect(reached).toBeGreaterThan(500);
});
