import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ruleFaults, validateRules } from '../../../src/hub/cel/rules.ts';
import type { Json, KubeObject } from '../../../src/kube/object.ts';
import type { Schema, TypeSchema, ValidationRule } from '../../../src/kube/schema.ts';
import type { Status } from '../../../src/kube/status.ts';
import { startCluster } from '../../kube/cluster.ts';
import type { KubeCluster } from '../../kube/kube-cluster.ts';
import { waitFor } from '../../support/wait-for.ts';
import { thingDefinition } from '../thing-definition.ts';
import { BAD_RULES, FIELDS, RULES } from './rule-cases.ts';

const asRule = (rule: string | ValidationRule): ValidationRule => (typeof rule === 'string' ? { rule } : rule);
const ruled = (rule: string | ValidationRule): Schema => ({
  type: 'object',
  properties: FIELDS,
  'x-kubernetes-validations': [asRule(rule)],
});
const rootOf = (properties: Readonly<Record<string, Schema>>): Schema => ({
  type: 'object',
  properties: { spec: { type: 'object', properties } },
});

/** Every rule has a field of its own, so that one kind serves all cases. */
const root = rootOf(Object.fromEntries(RULES.map(({ rule }, at) => [`f${at}`, ruled(rule)])));
const type: TypeSchema = { root, resolve: () => undefined };
const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const path = '/apis/test.io/v1/namespaces/default/things';

let cluster: KubeCluster;
beforeAll(async () => {
  cluster = await startCluster({ name: 'rules', controllers: false });
  const made = await cluster.fetch(definitions, { method: 'POST', body: thingDefinition(root) });
  if (made.status !== 201)
    throw new Error(
      JSON.stringify(
        (made.json as unknown as Status).details?.causes?.map((c) => [c.field?.slice(44), c.message?.slice(0, 300)]),
        null,
        1,
      ),
    );
  await waitFor('the custom resource to be served', async () => (await cluster.fetch(path)).status === 200);
});
afterAll(() => cluster?.stop());

const thing = (name: string, spec: Json) => ({ apiVersion: 'test.io/v1', kind: 'Thing', metadata: { name }, spec });
const causesOf = (answer: { status: number; json: unknown }) =>
  answer.status < 300 ? [] : ((answer.json as Status).details?.causes ?? [answer.json]);

describe('rules say what kube-apiserver says', () => {
  test.each(RULES.map((one, at) => [asRule(one.rule).rule, one, at] as const))('%s', async (_, { value, old }, at) => {
    const field = `f${at}`;
    const name = `x-${at}`;
    const spec = { [field]: value };
    if (old === undefined) {
      const answer = await cluster.fetch(`${path}?dryRun=All`, { method: 'POST', body: thing(name, spec) });
      expect(validateRules(thing(name, spec) as Json, undefined, type)).toEqual(causesOf(answer));
      return;
    }
    const before: KubeObject = await cluster.fetchOk(path, { method: 'POST', body: thing(name, { [field]: old }) });
    const answer = await cluster.fetch(`${path}/${name}?dryRun=All`, { method: 'PUT', body: { ...before, spec } });
    expect(validateRules(thing(name, spec) as Json, thing(name, { [field]: old }) as Json, type)).toEqual(
      causesOf(answer),
    );
  });
});

describe('rules that do not compile are refused as kube-apiserver refuses them', () => {
  test.each(BAD_RULES.map((rule) => [JSON.stringify(rule), rule] as const))('%s', async (_, rule) => {
    const schema = rootOf({ f: ruled(rule) });
    const body = thingDefinition(schema);
    const answer = await cluster.fetch(`${definitions}?dryRun=All`, {
      method: 'POST',
      body: {
        ...body,
        metadata: { name: 'others.test.io' },
        spec: { ...body.spec, names: { plural: 'others', kind: 'Other', listKind: 'OtherList', singular: 'other' } },
      },
    });
    expect(ruleFaults(schema, 'spec.validation.openAPIV3Schema')).toEqual(causesOf(answer));
  });
});
