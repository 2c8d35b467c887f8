import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApplyType, recordUpdate, serverSideApply } from '../../../src/hub/patch/server-side-apply.ts';
import { validate } from '../../../src/hub/schema/validate.ts';
import type { Json, KubeObject, ManagedFieldsEntry } from '../../../src/kube/object.ts';
import type { Schema } from '../../../src/kube/schema.ts';
import { type ApiError, invalid, type Status } from '../../../src/kube/status.ts';
import { startCluster } from '../../kube/cluster.ts';
import type { KubeCluster } from '../../kube/kube-cluster.ts';
import { waitFor } from '../../support/wait-for.ts';
import { thingDefinition } from '../thing-definition.ts';

/** One field of every way to merge; no defaults, so that what the server stores is what merging made. */
const string: Schema = { type: 'string' };
const SPEC: Schema = {
  type: 'object',
  properties: {
    scalar: { type: 'integer' },
    granular: { type: 'object', additionalProperties: string },
    atomicMap: { type: 'object', additionalProperties: string, 'x-kubernetes-map-type': 'atomic' },
    struct: {
      type: 'object',
      properties: { a: string, b: string, inner: { type: 'object', properties: { c: string } } },
    },
    atomicList: { type: 'array', items: string },
    set: { type: 'array', items: string, 'x-kubernetes-list-type': 'set' },
    list: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k'],
      items: {
        type: 'object',
        required: ['k'],
        properties: {
          k: string,
          v: { type: 'integer' },
          tags: { type: 'array', items: string, 'x-kubernetes-list-type': 'set' },
        },
      },
    },
    free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  },
};
const ROOT: Schema = { type: 'object', properties: { spec: SPEC } };
const type: ApplyType = { apiVersion: 'test.io/v1', kind: 'Thing', schema: { root: ROOT, resolve: () => undefined } };
const path = '/apis/test.io/v1/namespaces/default/things';

let cluster: KubeCluster;
beforeAll(async () => {
  cluster = await startCluster({ name: 'fuzz', controllers: false });
  await cluster.fetchOk('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    method: 'POST',
    body: thingDefinition(ROOT),
  });
  await waitFor('the custom resource to be served', async () => (await cluster.fetch(path)).status === 200);
  // The OpenAPI document that merging goes by follows later.
  const merges = async () =>
    (await apply('probe', { set: ['a'] }, 'x', false)).status < 300 &&
    (await apply('probe', { set: ['b'] }, 'y', false)).text.includes('["a","b"]');
  await waitFor('the custom resource to merge by its schema', merges);
});
afterAll(() => cluster?.stop());

const apply = (name: string, spec: Json, manager: string, force: boolean) =>
  cluster.fetch(`${path}/${name}?fieldManager=${manager}&force=${force}`, {
    method: 'PATCH',
    body: JSON.stringify(thing(name, spec)),
    headers: { 'content-type': 'application/apply-patch+yaml' },
  });

const thing = (name: string, spec: Json): KubeObject => ({
  apiVersion: 'test.io/v1',
  kind: 'Thing',
  metadata: { name, namespace: 'default' },
  spec,
});

const word = fc.constantFrom('a', 'b', 'c', 'd');
const words = fc.dictionary(word, fc.constantFrom('1', '2'), { maxKeys: 3 });
const unique = fc.uniqueArray(word, { maxLength: 4 });
const optional = { requiredKeys: [] as [] };
const item = fc.record({ k: word, v: fc.nat(2), tags: unique }, { requiredKeys: ['k'] });
const specs = fc.record(
  {
    scalar: fc.nat(2),
    granular: words,
    atomicMap: words,
    struct: fc.record({ a: word, b: word, inner: fc.record({ c: word }, optional) }, optional),
    atomicList: fc.array(word, { maxLength: 3 }),
    set: unique,
    list: fc.uniqueArray(item, { selector: ({ k }) => k, maxLength: 4 }),
    free: fc.dictionary(word, fc.oneof(fc.nat(2), words, unique), { maxKeys: 2 }),
  },
  optional,
);
const manager = fc.constantFrom('m1', 'm2', 'm3');
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ verb: fc.constant('apply' as const), manager, spec: specs, force: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ verb: fc.constant('put' as const), manager, spec: specs, force: fc.constant(false) }),
  },
);
const sequences = fc.sample(fc.array(step, { minLength: 3, maxLength: 7 }), { seed: 20261120, numRuns: 120 });

const timeless = (entries: readonly ManagedFieldsEntry[] | undefined) =>
  (entries ?? [])
    .map(({ time, ...entry }) => ({ ...entry, timed: time !== undefined }))
    .sort((a, b) => (`${a.manager}${a.operation}` < `${b.manager}${b.operation}` ? -1 : 1));

/** Several faults come in no order upstream. */
const sortedWords = (message: string) => message.split(/[ ,[\]]+/).sort();

/** Conflicts of several managers come in no order upstream. */
const conflictsOf = ({ code, reason, message, details }: Status) => ({
  code,
  reason,
  ...(reason === 'Conflict'
    ? { causes: [...(details?.causes ?? [])].map((cause) => JSON.stringify(cause)).sort() }
    : { message }),
});

describe('random writes by several managers end as on kube-apiserver', () => {
  test.each(sequences.map((steps, at) => [at, steps] as const))('sequence %i', async (at, steps) => {
    const name = `x-${at}`;
    let before: KubeObject | undefined;
    for (const [position, { verb, manager: who, spec, force }] of steps.entries()) {
      const what = `step ${position} of ${JSON.stringify(steps)}`;
      const now = `${new Date().toISOString().slice(0, 19)}Z`;
      if (verb === 'put') {
        if (before === undefined) continue;
        const after = { ...before, spec: spec as Json };
        const ours = recordUpdate({ type, before, after, manager: who, now });
        const stored: KubeObject = await cluster.fetchOk(`${path}/${name}?fieldManager=${who}`, {
          method: 'PUT',
          body: after,
        });
        expect(timeless(ours.metadata.managedFields), what).toEqual(timeless(stored.metadata.managedFields));
        before = stored;
        continue;
      }
      const answer = await apply(name, spec as Json, who, force);
      const input = { type, live: before, applied: thing(name, spec as Json), manager: who, force, now };
      if (answer.status === 422) {
        // What merging leaves empty is null, which this schema does not allow.
        const merged = serverSideApply(input).object as unknown as Json;
        const causes = validate(merged, before as unknown as Json | undefined, type.schema);
        const { message } = invalid({ group: 'test.io', kind: 'Thing' }, name, causes);
        expect(sortedWords(message), what).toEqual(sortedWords((answer.json as unknown as Status).message ?? ''));
        continue;
      }
      if (answer.status >= 300) {
        let error: ApiError | undefined;
        try {
          serverSideApply(input);
        } catch (caught) {
          error = caught as ApiError;
        }
        expect(error && conflictsOf(error.status), what).toEqual(conflictsOf(answer.json as unknown as Status));
        continue;
      }
      const { object } = serverSideApply(input);
      expect(object.spec, what).toEqual(answer.json.spec);
      expect(timeless(object.metadata.managedFields), what).toEqual(timeless(answer.json.metadata.managedFields));
      before = answer.json;
    }
  });
});
