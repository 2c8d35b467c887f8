import fc from 'fast-check';
import { expect, test } from 'vitest';
import { numberTexts, parseJson, parseStoredJson, stringifyJson, toJsonInteger } from '../../src/kube/exact-json.ts';

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

test('integers of 64 bits keep their digits wherever they stand', () => {
  fc.assert(
    fc.property(int64, fc.string(), (integer, name) => {
      for (const text of [`${integer}`, `[${integer}]`, `{"a":{${JSON.stringify(name)}:[1,${integer}]}}`]) {
        const value = parseJson(text);
        if (text !== `${integer}`) expect(stringifyJson(value)).toBe(text);
        expect(parseStoredJson(stringifyJson(value))).toEqual(value);
      }
    }),
  );
});

test('all other JSON is as JSON.parse and JSON.stringify have it', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value);
      expect(stringifyJson(parseJson(text))).toBe(text);
      expect(stringifyJson(parseStoredJson(text))).toBe(text);
    }),
  );
});

test('strings that look like numbers stay strings, floats and larger integers numbers', () => {
  const text =
    '{"a":"9007199254740993","b":": 9007199254740993","c":9007199254740993.5,"d":18446744073709551616,"e":1.50}';
  expect(parseJson(text)).toEqual({
    a: '9007199254740993',
    b: ': 9007199254740993',
    c: Number('9007199254740993.5'),
    d: 2 ** 64,
    e: 1.5,
  });
});

test('how a number was written is known where it is written differently', () => {
  const value = parseJson('{"whole":1.0,"exponent":1e3,"plain":7,"half":0.5,"big":9007199254740993}') as object;
  expect(numberTexts(value)).toEqual(
    new Map([
      ['whole', '1.0'],
      ['exponent', '1e3'],
    ]),
  );
  expect(numberTexts(parseJson('{"plain":7}') as object)).toBeUndefined();
});

test('prototype keys and invalid text are as in JSON.parse', () => {
  expect(Object.keys(parseJson('{"__proto__":{"x":9007199254740993}}') as object)).toEqual(['__proto__']);
  expect(() => parseJson('{"a":9007199254740993,}')).toThrow(SyntaxError);
  expect(() => parseJson('{"a":01234567890123456}')).toThrow(SyntaxError);
});

test('code that knows nothing of them rounds', () => {
  expect(JSON.stringify({ a: 9007199254740993n })).toBe('{"a":9007199254740992}');
  expect(toJsonInteger(7n)).toBe(7);
  expect(toJsonInteger(2n ** 63n)).toBe(2 ** 63);
});
