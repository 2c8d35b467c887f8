import { describe, expect, test } from 'vitest';
import { bodyFormat, decodeBody, MAX_BODY_BYTES } from '../../../src/hub/schema/decode-body.ts';
import { settleStrictErrors, strictErrors } from '../../../src/hub/schema/field-validation.ts';
import { decodeGo } from '../../../src/hub/schema/go-decode.ts';
import { refuseBody } from '../../../src/hub/write/refusal.ts';

const json = (text: string) => decodeBody(Buffer.from(text), 'json', { kind: 'Pod', strict: true });
const yaml = (text: string) => decodeBody(Buffer.from(text), 'yaml', { strict: true });

describe('JSON bodies', () => {
  test('repeated keys are told by path, each once, and the last one counts', () => {
    const { value, duplicates } = json('{"a":{"b":1,"b":2,"b":3},"l":[{},{"x":"{\\"","x":"}"}]}');
    expect(value).toEqual({ a: { b: 3 }, l: [{}, { x: '}' }] });
    expect(duplicates).toEqual(['duplicate field "a.b"', 'duplicate field "l[1].x"']);
  });

  test.each([
    ['', "couldn't get version/kind; json parse error: unexpected end of JSON input (<empty>)"],
    ['{', "couldn't get version/kind; json parse error: unexpected end of JSON input ({)"],
    [
      '{"a":1,}',
      `couldn't get version/kind; json parse error: invalid character '}' looking for beginning of object key string ({"a":1,})`,
    ],
    ['x', "couldn't get version/kind; json parse error: invalid character 'x' looking for beginning of value (78)"],
    ['['.repeat(2_000), "couldn't get version/kind; json parse error: invalid character '[' exceeded max depth"],
  ])('%s', (text, message) => {
    expect(() => json(text)).toThrow(expect.objectContaining({ code: 400, message: expect.stringContaining(message) }));
  });

  test('what is no UTF-8 is read as U+FFFD in JSON and refused in YAML; bodies above the limit are refused', () => {
    expect(decodeBody(Buffer.from([0x22, 0xff, 0x22]), 'json').value).toBe('\ufffd');
    expect(() => decodeBody(Buffer.from([0x22, 0xff, 0x22]), 'yaml')).toThrow(expect.objectContaining({ code: 400 }));
    expect(() => decodeBody(Buffer.from('\ufeff{}'), 'json')).toThrow(expect.objectContaining({ code: 400 }));
    expect(() => decodeBody(Buffer.alloc(MAX_BODY_BYTES + 1), 'json')).toThrow(expect.objectContaining({ code: 413 }));
  });

  test('prototype names are keys like any other', () => {
    const { value } = json('{"__proto__":{"a":1},"constructor":2}');
    expect(Object.keys(value as object)).toEqual(['__proto__', 'constructor']);
    expect(({} as { a?: unknown }).a).toBeUndefined();
  });
});

describe('YAML bodies', () => {
  test('are read as go-yaml reads them', () => {
    const text = 'a: yes\nb: 0644\nc: 22:22\nd: 2020-01-01\ne: "yes"\nf: ~\ng: &x {h: 1}\ni:\n  <<: *x\n  j: 2\n1: k\n';
    expect(yaml(text).value).toEqual({
      a: true,
      b: 420,
      c: '22:22',
      d: '2020-01-01',
      e: 'yes',
      f: null,
      g: { h: 1 },
      i: { h: 1, j: 2 },
      1: 'k',
    });
  });

  test('repeated keys are told by line', () => {
    expect(yaml('a: 1\nb:\n  c: 1\n  c: 2\n').duplicates).toEqual([
      'yaml: unmarshal errors:\n  line 4: key "c" already set in map',
    ]);
  });

  test('JSON is YAML, and only the first document counts', () => {
    expect(yaml('{"a": 1}').value).toEqual({ a: 1 });
    expect(yaml('{a: 1, b: [x]}').value).toEqual({ a: 1, b: ['x'] });
    expect(yaml('a: 1\n---\nb: 2\n').value).toEqual({ a: 1 });
  });

  test('alias bombs and malformed text are refused', () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefghi'
        .split('')
        .map((name, at) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghi'[at]}`).join(',')}]`),
    ].join('\n');
    expect(() => yaml(bomb)).toThrow(expect.objectContaining({ code: 400 }));
    expect(() => yaml('a: [1')).toThrow(expect.objectContaining({ code: 400 }));
  });

  test.each([
    [undefined, 'json'],
    ['application/json; charset=utf-8', 'json'],
    ['application/merge-patch+json', 'json'],
    ['application/yaml', 'yaml'],
    ['application/apply-patch+yaml', 'yaml'],
    ['application/vnd.kubernetes.protobuf', undefined],
  ])('content type %s is %s', (type, format) => {
    expect(bodyFormat(type)).toBe(format);
  });
});

describe('field validation', () => {
  const errors = strictErrors(['duplicate field "a.x"', 'duplicate field "b"'], ['unknown field "a"']);
  test('nothing is said of repeated keys within unknown fields', () => {
    expect(errors).toEqual(['duplicate field "b"', 'unknown field "a"']);
  });
  test('Ignore is silent, Warn warns, Strict refuses', () => {
    const refuse = refuseBody({ group: '', version: 'v1', kind: 'Pod' });
    expect(settleStrictErrors(errors, 'Ignore', refuse)).toEqual([]);
    expect(settleStrictErrors(errors, 'Warn', refuse)).toEqual(errors);
    expect(() => settleStrictErrors(errors, 'Strict', refuse)).toThrow(
      'Pod in version "v1" cannot be handled as a Pod: strict decoding error: duplicate field "b", unknown field "a"',
    );
  });
});

describe('decoding into Go structs', () => {
  const pod = (spec: object) => decodeGo({ apiVersion: 'v1', kind: 'Pod', spec } as never, 'io.k8s.api.core.v1.Pod');
  test('drops unknown and empty fields, keeps pointers, adds structs, rewrites quantities', () => {
    const container = {
      name: 'c',
      image: '',
      args: [],
      zzz: 1,
      securityContext: {},
      resources: { limits: { cpu: '1000m' } },
    };
    const { value, unknown, typeError } = pod({
      containers: [container],
      nodeName: '',
      terminationGracePeriodSeconds: 0,
    });
    expect(value).toEqual({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {},
      spec: {
        containers: [{ name: 'c', securityContext: {}, resources: { limits: { cpu: '1' } } }],
        terminationGracePeriodSeconds: 0,
      },
      status: {},
    });
    expect(unknown).toEqual(['unknown field "spec.containers[0].zzz"']);
    expect(typeError).toBeUndefined();
  });
  test.each([
    [
      { containers: {} },
      'json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container',
    ],
    [{ priority: 'x' }, 'json: cannot unmarshal string into Go struct field PodSpec.spec.priority of type int32'],
    [
      { restartPolicy: 1 },
      'json: cannot unmarshal number into Go struct field PodSpec.spec.restartPolicy of type v1.RestartPolicy',
    ],
    [
      { overhead: { cpu: 'x' } },
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
  ])('%j', (spec, message) => {
    expect(pod(spec).typeError).toBe(message);
  });
});
