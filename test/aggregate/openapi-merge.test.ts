import { describe, expect, it } from 'vitest';
import { mergeOpenApiV3, mergeSchema } from '../../src/aggregate/openapi-merge.ts';
import { isV2Protobuf, mergeV2Json, mergeV2Protobuf } from '../../src/aggregate/openapi-v2-merge.ts';
import { builtinResources, builtinType } from '../../src/hub/builtin/tables.ts';
import { openApiV2Document } from '../../src/hub/openapi/v2.ts';
import { encodeOpenApiV2 } from '../../src/hub/openapi/v2-protobuf.ts';

const types = (resource: string) =>
  builtinResources()
    .filter((info) => info.resource === resource)
    .map((info) => ({ info, schema: builtinType(info), custom: false }));

describe('merging schemas', () => {
  it('keeps fields of both, the newer wording, and descriptions from whoever has them', () => {
    const newer = { type: 'object', properties: { a: { type: 'string' }, b: { type: 'integer', description: 'new' } } };
    const older = {
      description: 'a thing',
      type: 'object',
      properties: { a: { type: 'string', description: 'first' }, b: { type: 'string' }, c: { type: 'boolean' } },
    };
    expect(mergeSchema(newer, older)).toEqual({
      description: 'a thing',
      type: 'object',
      properties: {
        a: { type: 'string', description: 'first' },
        b: { type: 'integer', description: 'new' },
        c: { type: 'boolean' },
      },
    });
  });

  it('unites paths with their methods, and does not change what it was given', () => {
    const newer = {
      paths: { '/a': { get: 1 } },
      components: { schemas: { A: { properties: { x: {} } } }, securitySchemes: { t: 1 } },
    };
    const older = {
      openapi: '3.0.0',
      paths: { '/a': { get: 2, put: 2 }, '/b': { get: 2 } },
      components: { schemas: { A: { properties: { y: {} } }, B: {} } },
    };
    const before = structuredClone([newer, older]);
    expect(mergeOpenApiV3([newer, older])).toEqual({
      openapi: '3.0.0',
      paths: { '/a': { get: 1, put: 2 }, '/b': { get: 2 } },
      components: { schemas: { A: { properties: { x: {}, y: {} } }, B: {} }, securitySchemes: { t: 1 } },
    });
    expect([newer, older]).toEqual(before);
  });

  it('survives prototype keys', () => {
    const hostile = JSON.parse(
      '{"components":{"schemas":{"__proto__":{"type":"object"}}},"paths":{"__proto__":{"get":1}}}',
    );
    const merged = mergeOpenApiV3([hostile, { paths: {}, components: { schemas: { A: {} } } }]);
    expect(Object.keys(merged.components?.schemas ?? {})).toEqual(['__proto__', 'A']);
    expect(({} as Record<string, unknown>).type).toBeUndefined();
  });
});

describe('merging OpenAPI v2 as bytes', () => {
  const encoded = (...resources: string[]) => encodeOpenApiV2(openApiV2Document(resources.flatMap(types)));

  it('adds exactly what the first has not', () => {
    const merged = mergeV2Protobuf([
      encoded('configmaps'),
      encoded('configmaps', 'deployments'),
      encoded('deployments'),
    ]);
    const together = openApiV2Document(['configmaps', 'deployments'].flatMap(types));
    const names = Object.keys(together.definitions);
    for (const name of [...names, ...Object.keys(together.paths)]) {
      const field = Buffer.concat([Buffer.from([10, name.length]), Buffer.from(name)]);
      expect(merged.indexOf(field), name).toBeGreaterThanOrEqual(0);
      // Length-prefixed names are not parts of longer ones; each stands once.
      expect(merged.indexOf(field, merged.indexOf(field) + 1), name).toBe(-1);
    }
  });

  it('passes a single document through untouched', () => {
    const one = encoded('pods');
    expect(Buffer.compare(mergeV2Protobuf([one]), one)).toBe(0);
  });

  it('tells what is no document', () => {
    expect(isV2Protobuf(encoded('pods'))).toBe(true);
    expect(isV2Protobuf(Buffer.from('<html>login</html>'))).toBe(false);
    expect(isV2Protobuf(encoded('pods').subarray(0, 500))).toBe(false);
    expect(isV2Protobuf(Buffer.alloc(0))).toBe(false);
  });

  it('merges parsed documents the same way', () => {
    const first = { swagger: '2.0', paths: { '/a': 1 }, definitions: { A: 1 } };
    const second = { swagger: '2.0', paths: { '/a': 2, '/b': 2 }, definitions: { B: 2 } };
    expect(mergeV2Json([first, second])).toEqual({
      swagger: '2.0',
      paths: { '/a': 1, '/b': 2 },
      definitions: { A: 1, B: 2 },
    });
  });
});
