import { describe, expect, test } from 'vitest';
import { builtinType } from '../../../src/hub/builtin/tables.ts';
import { keepTimestampsIfUnchanged, managerName } from '../../../src/hub/patch/managed-fields.ts';
import { type ApplyType, recordUpdate, serverSideApply } from '../../../src/hub/patch/server-side-apply.ts';
import { zeroObject } from '../../../src/hub/schema/go-decode.ts';
import type { KubeObject } from '../../../src/kube/object.ts';
import type { Schema, TypeSchema } from '../../../src/kube/schema.ts';

const schema = builtinType({ group: 'apps', version: 'v1', kind: 'Deployment' }) as TypeSchema;
const deploymentType: ApplyType = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  schema,
  empty: zeroObject('apps/v1', 'Deployment', 'io.k8s.api.apps.v1.Deployment'),
};

const deployment = (spec: object, metadata: object = {}): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', ...metadata },
  spec,
});

const apply = (live: KubeObject | undefined, applied: KubeObject, manager: string, force = false, now = 1) =>
  serverSideApply({
    type: deploymentType,
    live,
    applied,
    manager,
    force,
    now: `2026-01-01T00:00:0${now}Z`,
    resetFields: ['status'],
  });

const stored = (object: KubeObject): KubeObject => ({ ...object, metadata: { ...object.metadata, uid: 'u' } });

const template = (...containers: object[]) => ({ metadata: { labels: { a: 'b' } }, spec: { containers } });

describe('server-side apply', () => {
  test('owns exactly what was applied', () => {
    const { object } = apply(
      undefined,
      deployment({ replicas: 2, template: template({ name: 'c', image: 'i' }) }),
      'me',
    );
    expect(object.metadata.managedFields).toEqual([
      {
        manager: 'me',
        operation: 'Apply',
        apiVersion: 'apps/v1',
        time: '2026-01-01T00:00:01Z',
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:spec': {
            'f:replicas': {},
            'f:template': {
              'f:metadata': { 'f:labels': { 'f:a': {} } },
              'f:spec': { 'f:containers': { 'k:{"name":"c"}': { '.': {}, 'f:image': {}, 'f:name': {} } } },
            },
          },
        },
      },
    ]);
  });

  test('a conflict names the manager and the field, and force takes the field over', () => {
    const live = stored(
      recordUpdate({
        type: deploymentType,
        before: undefined,
        after: deployment({ replicas: 1 }),
        manager: 'hand',
        now: '2026-01-01T00:00:00Z',
      }),
    );
    expect(() => apply(live, deployment({ replicas: 2 }), 'me')).toThrow(
      expect.objectContaining({
        code: 409,
        message: 'Apply failed with 1 conflict: conflict with "hand" using apps/v1: .spec.replicas',
        status: expect.objectContaining({
          details: {
            causes: [
              {
                reason: 'FieldManagerConflict',
                message: 'conflict with "hand" using apps/v1',
                field: '.spec.replicas',
              },
            ],
          },
        }),
      }),
    );
    const { object } = apply(live, deployment({ replicas: 2 }), 'me', true);
    expect(object.spec).toMatchObject({ replicas: 2 });
    expect(object.metadata.managedFields?.map((entry) => entry.manager)).toEqual(['me']);
  });

  test('fields from before any tracking conflict with before-first-apply', () => {
    const live = deployment({ replicas: 1 }, { uid: 'u' });
    expect(() => apply(live, deployment({ replicas: 2 }), 'me')).toThrow(
      '"before-first-apply" using apps/v1: .spec.replicas',
    );
  });

  test('a field no longer applied goes, unless somebody else applies it too', () => {
    const first = stored(apply(undefined, deployment({ replicas: 2, paused: true }), 'a').object);
    const both = stored(apply(first, deployment({ replicas: 2 }), 'b').object);
    const dropped = apply(both, deployment({}), 'a');
    expect(dropped.object.spec).toMatchObject({ replicas: 2 });
    expect(dropped.object.spec).not.toHaveProperty('paused');
    expect(dropped.object.metadata.managedFields?.map((entry) => entry.manager)).toEqual(['b', 'a']);
    expect(apply(stored(dropped.object), deployment({}), 'b').object.spec).not.toHaveProperty('replicas');
  });

  test('applying the same again changes nothing, not even a time', () => {
    const first = stored(apply(undefined, deployment({ replicas: 2 }), 'a').object);
    const again = apply(first, deployment({ replicas: 2 }), 'a', false, 9);
    expect(again.changed).toBe(false);
    expect(again.object).toEqual(first);
  });

  test('inputs stay as they were', () => {
    const live = stored(apply(undefined, deployment({ template: template({ name: 'c', image: 'i' }) }), 'a').object);
    const frozen = structuredClone(live);
    apply(live, deployment({ template: template({ name: 'd', image: 'i' }) }), 'b');
    expect(live).toEqual(frozen);
  });

  test.each([
    [deployment({}, { managedFields: [] }), 400, 'metadata.managedFields must be nil'],
    [{ ...deployment({}), kind: 'Pod' }, 400, 'invalid object type: apps/v1, Kind=Pod'],
    [
      deployment({ no: 1 }),
      500,
      'failed to create typed patch object (/web; apps/v1, Kind=Deployment): .spec.no: field not declared in schema',
    ],
    [
      deployment({ template: template({ name: 'a' }, { name: 'a' }) }),
      500,
      'failed to create typed patch object (/web; apps/v1, Kind=Deployment): .spec.template.spec.containers: duplicate entries for key [name="a"]',
    ],
  ])('case %# is refused', (applied, code, message) => {
    expect(() => apply(undefined, applied, 'me')).toThrow(expect.objectContaining({ code, message }));
  });

  test('names of prototype members are fields like any other', () => {
    const labels = JSON.parse('{"__proto__":"x","constructor":"y"}') as Record<string, string>;
    const { object } = apply(undefined, deployment({}, { labels }), 'me');
    expect(Object.keys(object.metadata.labels ?? {})).toEqual(['__proto__', 'constructor']);
    expect(object.metadata.managedFields?.[0]?.fieldsV1).toEqual({
      'f:metadata': { 'f:labels': { 'f:__proto__': {}, 'f:constructor': {} } },
      'f:spec': {},
    });
  });
});

describe('custom resources', () => {
  const root: Schema = {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        properties: {
          set: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' },
          atomic: {
            type: 'object',
            'x-kubernetes-map-type': 'atomic',
            properties: { a: { type: 'string' }, b: { type: 'string' } },
          },
          free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        },
      },
    },
  };
  const type: ApplyType = { apiVersion: 'x.io/v1', kind: 'X', schema: { root, resolve: () => undefined } };
  const x = (spec: object): KubeObject => ({ apiVersion: 'x.io/v1', kind: 'X', metadata: { name: 'x' }, spec });
  const run = (live: KubeObject | undefined, applied: KubeObject, manager: string, as = type) =>
    stored(serverSideApply({ type: as, live, applied, manager, force: true, now: '2026-01-01T00:00:00Z' }).object);

  test('sets merge, atomic maps do not, unknown fields merge by name', () => {
    const first = run(undefined, x({ set: ['a', 'b'], atomic: { a: '1' }, free: { p: { q: 1 } } }), 'one');
    const second = run(first, x({ set: ['b', 'c'], atomic: { b: '2' }, free: { p: { r: 2 } } }), 'two');
    expect(second.spec).toEqual({ set: ['a', 'b', 'c'], atomic: { b: '2' }, free: { p: { q: 1, r: 2 } } });
    expect(run(second, x({}), 'one').spec).toEqual({ set: ['b', 'c'], atomic: { b: '2' }, free: { p: { r: 2 } } });
  });

  test('an entry of another served version counts, one of a version that is gone is dropped', () => {
    const first = run(undefined, x({ set: ['a'] }), 'one');
    const v2 = { ...type, apiVersion: 'x.io/v2' };
    const xs = { ...x({ set: ['b'] }), apiVersion: 'x.io/v2' };
    const asV2 = { ...first, apiVersion: 'x.io/v2' };
    const managers = (versions: ApplyType['versions']) =>
      run(asV2, xs, 'two', { ...v2, ...(versions ? { versions } : {}) }).metadata.managedFields?.map(
        (one) => one.manager,
      );
    expect(managers(() => type.schema)).toEqual(['one', 'two']);
    expect(managers(undefined)).toEqual(['two']);
  });

  test('ownership of fields below what became atomic is of the whole', () => {
    const first = run(undefined, x({ set: ['a'] }), 'one');
    const atomic = { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'atomic' } as const;
    const changed: ApplyType = {
      ...type,
      schema: {
        root: { type: 'object', properties: { spec: { type: 'object', properties: { set: atomic } } } },
        resolve: () => undefined,
      },
    };
    const second = run(first, x({ set: ['b'] }), 'two', changed);
    expect(second.metadata.managedFields).toHaveLength(1);
    expect(second.spec).toEqual({ set: ['b'] });
  });
});

describe('managedFields', () => {
  test('times alone do not make a change', () => {
    const before = stored(apply(undefined, deployment({ replicas: 1 }), 'a').object);
    const after = structuredClone(before);
    Object.assign(after.metadata.managedFields?.[0] ?? {}, { time: '2027-01-01T00:00:00Z' });
    expect(keepTimestampsIfUnchanged(after, before)).toEqual(before);
    expect(keepTimestampsIfUnchanged({ ...after, spec: {} }, before)).toEqual({ ...after, spec: {} });
  });

  test.each([
    ['given', 'kubectl/v1', 'given'],
    ['', 'kubectl/v1.37 (linux)', 'kubectl'],
    [undefined, `\u0007${'é'.repeat(100)}/1`, 'é'.repeat(64)],
    [undefined, undefined, ''],
  ])('manager of %j and %j', (given, agent, name) => {
    expect(managerName(given, agent)).toBe(name);
  });
});
