import { describe, expect, test } from 'vitest';
import { Budget } from '../../../src/hub/cel/budget.ts';
import { newEnvironment } from '../../../src/hub/cel/environment.ts';
import { compileExpression } from '../../../src/hub/cel/expression.ts';
import { ruleFaults, validateRules } from '../../../src/hub/cel/rules.ts';
import type { Json } from '../../../src/kube/object.ts';
import type { Schema, TypeSchema, ValidationRule } from '../../../src/kube/schema.ts';
import { BAD_RULES, FIELDS } from './rule-cases.ts';

const typeOf = (...rules: ValidationRule[]): TypeSchema => ({
  root: {
    type: 'object',
    properties: { spec: { type: 'object', properties: FIELDS, 'x-kubernetes-validations': rules } },
  },
  resolve: () => undefined,
});
const say = (rule: string | ValidationRule, spec: Json, old?: Json) =>
  validateRules(
    { spec },
    old === undefined ? undefined : { spec: old },
    typeOf(typeof rule === 'string' ? { rule } : rule),
  ).map(({ field, message }) => `${field}: ${message}`);

describe('rules', () => {
  test.each<[string | ValidationRule, Json, string[]]>([
    ['self.n > 0', { n: 1 }, []],
    ['self.n > 0', { n: 0 }, ['spec: Invalid value: failed rule: self.n > 0']],
    [
      { rule: 'self.n > 0', message: 'no', fieldPath: '.n', reason: 'FieldValueForbidden' },
      { n: 0 },
      ['spec.n: Forbidden: no'],
    ],
    [{ rule: 'self.n > 0', messageExpression: '"got " + string(self.n)' }, { n: 0 }, ['spec: Invalid value: got 0']],
    ['self.n > 0', {}, ['spec: Invalid value: "object": no such key: n evaluating rule: self.n > 0']],
    ['quantity(self.s) == quantity("1k")', { s: '1000' }, []],
    ['cidr("10.0.0.0/8").masked().ip() == ip("10.0.0.0") && ip("fe80::1").isLinkLocalUnicast()', {}, []],
    ['"%s %d %x %.2f".format(["a", 1, 255, 1.5]) == "a 1 ff 1.50"', {}, []],
    [
      'self.nums.distinct().size() == 2 && self.nums.slice(0, 1) == [1] && self.nums.sort() == [1, 1, 2]',
      { nums: [1, 2, 1] },
      [],
    ],
  ])('%j over %j', (rule, spec, expected) => {
    expect(say(rule, spec)).toEqual(expected);
  });

  test('transition rules need an old value, others a change', () => {
    expect(say('self.n >= oldSelf.n', { n: 1 })).toEqual([]);
    expect(say('self.n >= oldSelf.n', { n: 1 }, { n: 2 })).toHaveLength(1);
    expect(say('self.n > 5', { n: 1 }, { n: 1 })).toEqual([]);
    expect(say('self.n > 5', { n: 1 }, { n: 2 })).toHaveLength(1);
  });

  test('list items are compared with their old selves by key', () => {
    const items = { ...FIELDS.items?.items, 'x-kubernetes-validations': [{ rule: 'self.v >= oldSelf.v' }] } as Schema;
    const root: Schema = { type: 'object', properties: { items: { ...FIELDS.items, items } } };
    const before = {
      items: [
        { k: 'a', v: 1 },
        { k: 'b', v: 5 },
      ],
    };
    const after = {
      items: [
        { k: 'b', v: 4 },
        { k: 'c', v: 0 },
        { k: 'a', v: 1 },
      ],
    };
    expect(validateRules(after, before, { root, resolve: () => undefined }).map(({ field }) => field)).toEqual([
      'items[0]',
    ]);
  });

  test.each(BAD_RULES.map((rule) => [JSON.stringify(rule), rule] as const))('%s has faults', (_, rule) => {
    const { root } = typeOf(typeof rule === 'string' ? { rule } : rule);
    expect(ruleFaults(root, 'x')).toHaveLength(1);
  });

  test('oldSelf cannot be had within lists without keys', () => {
    const nums = {
      type: 'array',
      items: { type: 'integer', 'x-kubernetes-validations': [{ rule: 'self == oldSelf' }] },
    } as Schema;
    expect(ruleFaults({ type: 'object', properties: { nums } }, 'x')).toEqual([
      expect.objectContaining({
        field: 'x.properties[nums].items.x-kubernetes-validations[0].rule',
        message: expect.stringContaining('uncorrelatable portion of the schema within x.properties[nums]'),
      }),
    ]);
  });
});

describe('budgets', () => {
  const items = Array.from({ length: 3_000 }, (_, at) => ({ k: `${at}`, v: 1 }));
  test.each([
    'self.items.all(a, self.items.all(b, self.items.all(c, a.v + b.v + c.v > 0)))',
    'self.items.exists(a, self.items.exists(b, b == a && b.v == 2))',
    'self.items.map(a, self.items.map(b, self.items)).size() == 0 || self.items.all(a, a in self.items)',
    '("a".matches("(a*)*b") || true) && self.items.all(a, self.items.map(b, string(b.v) + a.k).join(",").size() > 0)',
  ])('%s is cut off in time', (rule) => {
    const start = performance.now();
    expect(say(rule, { items })[0]).toContain('running out of cost budget');
    expect(performance.now() - start).toBeLessThan(3_000);
  });

  test('an expression over free variables', () => {
    const env = newEnvironment().registerVariable('object', 'dyn');
    const compiled = compileExpression('object.spec.replicas <= 5 && object.metadata.name.matches("^w")', env);
    if (!('expression' in compiled)) throw new Error(compiled.fault);
    const object = new Map<string, unknown>([
      ['spec', new Map([['replicas', 3n]])],
      ['metadata', new Map([['name', 'web']])],
    ]);
    expect(compiled.expression.run({ object }, new Budget())).toBe(true);
    expect(() => compiled.expression.run({ object }, new Budget({ steps: 2, milliseconds: 1_000 }))).toThrow(
      'cost budget',
    );
  });
});
