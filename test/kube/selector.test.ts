import { describe, expect, test } from 'vitest';
import {
  formatFieldSelector,
  formatLabelSelector,
  fromLabelSelector,
  matchesFields,
  matchesLabels,
  parseFieldSelector,
  parseLabelSelector,
} from '../../src/kube/selector.ts';

describe('label selector', () => {
  test.each<[string, Record<string, string> | undefined, boolean]>([
    ['', undefined, true],
    ['  ', { a: 'b' }, true],
    ['a=b', { a: 'b' }, true],
    ['a==b', { a: 'c' }, false],
    ['a!=b', {}, true],
    ['a!=b', { a: 'b' }, false],
    ['a', { a: '' }, true],
    ['!a', { a: '' }, false],
    ['a in (b,c)', { a: 'c' }, true],
    ['a in ()', { a: '' }, true],
    ['a notin (b, c)', {}, true],
    ['a notin (b, c)', { a: 'b' }, false],
    ['n>3', { n: '4' }, true],
    ['n>3', { n: '3' }, false],
    ['n<3,n>0', { n: '1' }, true],
    ['n>3', { n: 'four' }, false],
    ['n>3', { n: '99999999999999999999' }, false],
    ['in in (in,notin)', { in: 'notin' }, true],
    ['a=', { a: '' }, true],
    ['a=,b', { a: '', b: '1' }, true],
    ['constructor', {}, false],
    ['example.com/x=y', { 'example.com/x': 'y' }, true],
  ])('%j over %j is %s', (text, labels, expected) => {
    expect(matchesLabels(parseLabelSelector(text), labels)).toBe(expected);
  });

  test.each([
    ['a in b', "unable to parse requirement: found 'b' expected: '('"],
    ['a in (b', "unable to parse requirement: found '', expected: ',' or ')'"],
    ['a,', "found '', expected: identifier after ','"],
    [',a', "found ',', expected: !, identifier, or 'end of string'"],
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ['a=b c', "found 'c', expected: ',' or 'end of string'"],
    ['!', "unable to parse requirement: found '', expected: identifier"],
    [
      'n>x',
      "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer",
    ],
    [
      'a=-b',
      'unable to parse requirement: values[0][a]: Invalid value: "-b": a valid label must be an empty string or consist of' +
        " alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue'," +
        "  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
    ],
    [
      '-a',
      'unable to parse requirement: <nil>: Invalid value: "-a": name part must consist of alphanumeric characters, \'-\',' +
        " '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc'," +
        " regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
    ],
  ])('%j is refused as upstream does', (text, message) => {
    expect(() => parseLabelSelector(text)).toThrow(expect.objectContaining({ message, code: 400 }));
  });

  test.each(['a=b', 'a in (b,c),d', '!a,b!=c', 'n>3', 'n<3', 'a notin (x)'])('%j survives formatting', (text) => {
    const parsed = parseLabelSelector(text);
    expect(parseLabelSelector(formatLabelSelector(parsed))).toEqual(parsed);
  });

  test('a LabelSelector object means its labels and expressions together', () => {
    const selector = fromLabelSelector({
      matchLabels: { app: 'web' },
      matchExpressions: [
        { key: 'tier', operator: 'In', values: ['a', 'b'] },
        { key: 'gone', operator: 'DoesNotExist' },
      ],
    });
    expect(formatLabelSelector(selector)).toBe('app=web,!gone,tier in (a,b)');
    expect(matchesLabels(fromLabelSelector({}), { any: 'thing' })).toBe(true);
    expect(() => fromLabelSelector({ matchExpressions: [{ key: 'a', operator: 'Near' }] })).toThrow(
      '"Near" is not a valid label selector operator',
    );
    expect(() => fromLabelSelector({ matchExpressions: [{ key: 'a', operator: 'In' }] })).toThrow(
      "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty",
    );
  });

  test('a hostile selector of 100 KB is parsed quickly', () => {
    const start = performance.now();
    expect(() => parseLabelSelector(`a=${'-'.repeat(100_000)}`)).toThrow();
    expect(() => parseLabelSelector(`${'a.'.repeat(50_000)}-/x`)).toThrow();
    expect(performance.now() - start).toBeLessThan(1000);
  });
});

describe('field selector', () => {
  const fields = new Map([
    ['metadata.name', 'web'],
    ['odd', 'a,b=c\\'],
  ]);
  test.each<[string, boolean]>([
    ['', true],
    ['metadata.name=web', true],
    ['metadata.name==web', true],
    ['metadata.name!=web', false],
    ['missing=', true],
    ['missing!=', false],
    ['odd=a\\,b\\=c\\\\', true],
    ['metadata.name=web,odd!=x', true],
  ])('%j is %s', (text, expected) => {
    const selector = parseFieldSelector(text);
    expect(matchesFields(selector, (field) => fields.get(field))).toBe(expected);
    expect(parseFieldSelector(formatFieldSelector(selector))).toEqual(selector);
  });

  test.each([
    ['name', "invalid selector: 'name'; can't understand 'name'"],
    ['a=b\\x', 'invalid field selector: invalid escape sequence: \\x'],
    ['a=b\\', 'invalid field selector: invalid escape sequence: \\'],
    ['a=b=c', 'invalid field selector: unescaped character in value: 61'],
  ])('%j is refused as upstream does', (text, message) => {
    expect(() => parseFieldSelector(text)).toThrow(expect.objectContaining({ message, code: 400 }));
  });
});
