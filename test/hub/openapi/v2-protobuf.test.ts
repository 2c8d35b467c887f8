import { expect, test } from 'vitest';
import { builtinResources, builtinType } from '../../../src/hub/builtin/tables.ts';
import { openApiV2Document } from '../../../src/hub/openapi/v2.ts';
import { encodeOpenApiV2 } from '../../../src/hub/openapi/v2-protobuf.ts';

type Fields = Map<number, Uint8Array[]>;

/** Length-delimited fields of one message; enough to walk a Document. */
function fieldsOf(bytes: Uint8Array): Fields {
  const fields: Fields = new Map();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] as number;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    if (tag % 8 === 0) varint();
    else {
      expect(tag % 8).toBe(2);
      const length = varint();
      const field = Math.floor(tag / 8);
      fields.set(field, [...(fields.get(field) ?? []), bytes.subarray(at, at + length)]);
      at += length;
    }
  }
  expect(at).toBe(bytes.length);
  return fields;
}
const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
const one = (fields: Fields, field: number): Uint8Array => fields.get(field)?.[0] as Uint8Array;

test('definitions, paths and extensions of the document are in its protobuf form', () => {
  const types = builtinResources().map((info) => ({ info, schema: builtinType(info), custom: false }));
  const json = openApiV2Document(types);
  const document = fieldsOf(encodeOpenApiV2(json));
  expect(text(one(document, 1))).toBe('2.0');
  const definitions = (fieldsOf(one(document, 9)).get(1) ?? []).map(fieldsOf);
  expect(definitions.map((entry) => text(one(entry, 1)))).toEqual(Object.keys(json.definitions));
  const deployment = definitions.find((entry) => text(one(entry, 1)) === 'io.k8s.api.apps.v1.Deployment') as Fields;
  const extension = fieldsOf(one(fieldsOf(one(deployment, 2)), 31));
  expect(text(one(extension, 1))).toBe('x-kubernetes-group-version-kind');
  expect(JSON.parse(text(one(fieldsOf(one(extension, 2)), 2)))).toEqual([
    { group: 'apps', version: 'v1', kind: 'Deployment' },
  ]);
  const paths = (fieldsOf(one(document, 8)).get(2) ?? []).map(fieldsOf);
  expect(paths.map((entry) => text(one(entry, 1)))).toEqual(Object.keys(json.paths));
});
