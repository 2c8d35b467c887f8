/** Rules over one type, with values to hold them against; `old` makes it an update. */
import type { Json } from '../../../src/kube/object.ts';
import type { Schema, ValidationRule } from '../../../src/kube/schema.ts';

export interface RuleCase {
  readonly rule: string | ValidationRule;
  readonly value: Json;
  readonly old?: Json;
}

export const FIELDS: Readonly<Record<string, Schema>> = {
  n: { type: 'integer' },
  m: { type: 'integer' },
  d: { type: 'number' },
  s: { type: 'string', maxLength: 50 },
  t: { type: 'string', maxLength: 50 },
  b: { type: 'boolean' },
  any: { 'x-kubernetes-int-or-string': true },
  when: { type: 'string', format: 'date-time' },
  nums: { type: 'array', maxItems: 10, items: { type: 'integer' } },
  strs: { type: 'array', maxItems: 10, items: { type: 'string', maxLength: 20 } },
  items: {
    type: 'array',
    maxItems: 10,
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['k'],
    items: {
      type: 'object',
      required: ['k'],
      properties: { k: { type: 'string', maxLength: 20 }, v: { type: 'integer' } },
    },
  },
  labels: { type: 'object', maxProperties: 10, additionalProperties: { type: 'string', maxLength: 20 } },
  'odd-name': { type: 'string' },
  in: { type: 'string' },
};

export const RULES: readonly RuleCase[] = [
  { rule: 'self.n >= self.m', value: { n: 1, m: 2 } },
  { rule: 'self.n >= self.m', value: { n: 2, m: 2 } },
  { rule: { rule: 'self.n >= self.m', message: 'too few' }, value: { n: 1, m: 2 } },
  {
    rule: { rule: 'self.n >= self.m', message: 'no', fieldPath: '.n', reason: 'FieldValueForbidden' },
    value: { n: 1, m: 2 },
  },
  { rule: { rule: 'has(self.n)', reason: 'FieldValueRequired', fieldPath: '.n', message: 'needed' }, value: {} },
  { rule: { rule: 'self.n > 5', messageExpression: '"want more than " + self.s' }, value: { n: 1 } },
  { rule: { rule: 'self.n > 5', messageExpression: '"%d of %s".format([self.n, self.s])' }, value: { n: 1, s: 'x' } },
  { rule: { rule: 'self.n > 5', message: 'fallback', messageExpression: 'self.s' }, value: { n: 1 } },
  { rule: 'self.n == oldSelf.n', value: { n: 1 }, old: { n: 2 } },
  { rule: 'self.n == oldSelf.n', value: { n: 1 } },
  {
    rule: { rule: '!oldSelf.hasValue() || self.n >= oldSelf.value().n', optionalOldSelf: true },
    value: { n: 1 },
    old: { n: 2 },
  },
  { rule: { rule: 'oldSelf.hasValue()', optionalOldSelf: true }, value: { n: 1 } },
  {
    rule: 'self.items.all(i, i.v > 0)',
    value: {
      items: [
        { k: 'a', v: 1 },
        { k: 'b', v: 0 },
      ],
    },
  },
  { rule: 'self.items.exists(i, i.k == "a")', value: { items: [{ k: 'a' }] } },
  {
    rule: 'self.items.exists_one(i, i.v > 0)',
    value: {
      items: [
        { k: 'a', v: 1 },
        { k: 'b', v: 2 },
      ],
    },
  },
  {
    rule: 'self.items.map(i, i.v).sum() == 3',
    value: {
      items: [
        { k: 'a', v: 1 },
        { k: 'b', v: 2 },
      ],
    },
  },
  {
    rule: 'self.items.filter(i, i.v > 1).size() == 1',
    value: {
      items: [
        { k: 'a', v: 1 },
        { k: 'b', v: 2 },
      ],
    },
  },
  {
    rule: 'self.nums.isSorted() && self.nums.min() == 1 && self.nums.max() == 3 && self.nums.indexOf(2) == 1',
    value: { nums: [1, 2, 3] },
  },
  { rule: 'self.nums.isSorted()', value: { nums: [3, 1] } },
  { rule: 'self.nums.min() > 0', value: { nums: [] } },
  { rule: 'self.labels.all(k, self.labels[k].matches("^a+$"))', value: { labels: { x: 'aa', y: 'b' } } },
  { rule: '"x" in self.labels && self.labels.x == "1"', value: { labels: { x: '1' } } },
  { rule: 'self.labels["none"] == "1"', value: { labels: { x: '1' } } },
  { rule: 'self.strs.join(",") == "a,b" && "a,b".split(",") == self.strs', value: { strs: ['a', 'b'] } },
  {
    rule: 'self.s.startsWith("a") && self.s.endsWith("z") && self.s.contains("m") && self.s.size() == 3',
    value: { s: 'amz' },
  },
  {
    rule: 'self.s.lowerAscii() == "ab" && self.s.upperAscii() == "AB" && self.s.replace("A", "x") == "xb"',
    value: { s: 'Ab' },
  },
  {
    rule: 'self.s.substring(1) == "b" && self.s.charAt(0) == "A" && self.s.indexOf("b") == 1 && self.s.trim() == self.s',
    value: { s: 'Ab' },
  },
  { rule: 'self.s.find("[0-9]+") == "12" && self.s.findAll("[0-9]") == ["1", "2"]', value: { s: 'a12b' } },
  { rule: 'self.s.matches(self.t)', value: { s: 'x', t: '(' } },
  { rule: 'quantity(self.s).isGreaterThan(quantity("1Gi"))', value: { s: '512Mi' } },
  {
    rule: 'quantity(self.s).add(quantity("1")).compareTo(quantity("2")) == 0 && isQuantity("1k") && !isQuantity("x")',
    value: { s: '1000m' },
  },
  { rule: 'sign(quantity(self.s)) == 1', value: { s: 'nonsense' } },
  {
    rule: 'ip(self.s).family() == 4 && ip(self.s).isLoopback() && isIP("::1") && !isIP("1.2")',
    value: { s: '127.0.0.1' },
  },
  {
    rule: 'cidr(self.s).containsIP("10.1.2.3") && cidr(self.s).prefixLength() == 8 && !cidr(self.s).containsCIDR("11.0.0.0/16")',
    value: { s: '10.0.0.0/8' },
  },
  {
    rule: 'url(self.s).getHost() == "x.io:80" && url(self.s).getHostname() == "x.io" && url(self.s).getPort() == "80" && url(self.s).getScheme() == "https" && url(self.s).getEscapedPath() == "/a%20b" && url(self.s).getQuery() == {"q": ["1", "2"]}',
    value: { s: 'https://x.io:80/a%20b?q=1&q=2' },
  },
  { rule: 'isURL(self.s)', value: { s: 'not a url' } },
  {
    rule: 'semver("1.2.3").isLessThan(semver("1.10.0")) && isSemver("1.0.0") && semver("2.1.0").major() == 2',
    value: {},
  },
  {
    rule: 'self.when < timestamp("2021-01-01T00:00:00Z") && self.when.getFullYear() == 2020',
    value: { when: '2020-05-05T00:00:00Z' },
  },
  { rule: 'duration(self.s) > duration("30m")', value: { s: '1h' } },
  { rule: 'duration(self.s) > duration("30m")', value: { s: '10m' } },
  { rule: 'self.any == 5 || self.any == "5"', value: { any: 5 } },
  { rule: 'type(self.any) == int ? self.any > 1 : self.any == "x"', value: { any: 'x' } },
  { rule: 'self.d > 1.5', value: { d: 2 } },
  { rule: 'self.d > 1.5', value: { d: 1.25 } },
  { rule: 'double(self.n) / 2.0 == 0.5', value: { n: 1 } },
  { rule: 'self.n / 0 == 1', value: { n: 1 } },
  { rule: 'self.b', value: { b: false } },
  { rule: '!self.b || has(self.s)', value: { b: true } },
  { rule: 'self.odd__dash__name == "x" && self.__in__ == "y"', value: { 'odd-name': 'x', in: 'y' } },
  { rule: 'self.?s.orValue("none") == "none"', value: {} },
  { rule: 'self.s == "x"', value: {} },
  {
    rule: 'sets.contains(self.strs, ["a"]) && sets.intersects(self.nums, [1, 9]) && sets.equivalent([1, 2], [2, 1])',
    value: { strs: ['a'], nums: [1] },
  },
  { rule: 'self.n in [1, 2, 3] && !(self.s in ["a"])', value: { n: 2, s: 'b' } },
  { rule: 'self.nums + [4] == [1, 4] && {"a": 1}.a == 1 && self == self', value: { nums: [1] } },
  { rule: 'self.nums.all(x, x % 2 == 0) ? self.n > 0 : self.n < 0', value: { nums: [2, 4], n: -1 } },
];

/** Rules that do not compile. */
export const BAD_RULES: readonly (string | ValidationRule)[] = [
  'self.foo == 1',
  'foo == 1',
  'self.n == "a"',
  'self.n + 1',
  'self.s.matches("(")',
  'self.n.foo()',
  'size(self.n) > 0',
  'self.items.all(i, i.zz > 0)',
  { rule: 'self.n > 0', messageExpression: 'self.n' },
  { rule: 'self.n > 0', messageExpression: 'self.zz' },
  { rule: 'self.n > 0', optionalOldSelf: true },
];
