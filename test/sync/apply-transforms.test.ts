import { describe, expect, it } from 'vitest';
import type { ResourceTransform } from '../../src/hub/kinds/resource-transform.ts';
import type { TransformStep } from '../../src/hub/kinds/transform-step.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { applyTransforms, concerns, inOrder, TransformError } from '../../src/sync/apply-transforms.ts';

const values = {
  cluster: { name: 'east', labels: { tier: 'gold' } },
  workspace: 'root',
  object: { name: 'web', namespace: 'default', labels: {}, annotations: {} },
};

const transform = (spec: Partial<ResourceTransform['spec']>, name = 'one'): ResourceTransform => ({
  apiVersion: 'tmc.kcp.io/v1alpha1',
  kind: 'ResourceTransform',
  metadata: { name },
  spec: { resources: [{ group: 'apps', resource: 'deployments' }], transforms: [], ...spec },
});

function applied(content: object, ...transforms: TransformStep[]): Record<string, unknown> {
  const draft = { apiVersion: 'v1', kind: 'Thing', metadata: {}, ...structuredClone(content) } as KubeObject;
  applyTransforms(draft, [transform({ transforms })], values);
  const { apiVersion: _version, kind: _kind, metadata, ...rest } = draft;
  return Object.keys(metadata).length === 0 ? rest : { metadata, ...rest };
}

describe('applyTransforms', () => {
  const list = { spec: { list: [{ a: 1 }, { a: 2 }] } };
  it.each<[string, object, TransformStep, object]>([
    ['Set makes parents', {}, { operation: 'Set', path: '/spec/a/b', value: 1 }, { spec: { a: { b: 1 } } }],
    [
      'Set replaces',
      { spec: { a: 1 } },
      { operation: 'Set', path: '/spec/a', value: { b: [] } },
      { spec: { a: { b: [] } } },
    ],
    ['Set takes null for absent', { spec: null }, { operation: 'Set', path: '/spec/a', value: 1 }, { spec: { a: 1 } }],
    [
      'Set reaches into a list',
      list,
      { operation: 'Set', path: '/spec/list/1/b', value: 3 },
      { spec: { list: [{ a: 1 }, { a: 2, b: 3 }] } },
    ],
    [
      'Set appends',
      { spec: { list: [1] } },
      { operation: 'Set', path: '/spec/list/-', value: 2 },
      { spec: { list: [1, 2] } },
    ],
    ['Replace replaces', { spec: { a: 1 } }, { operation: 'Replace', path: '/spec/a', value: 2 }, { spec: { a: 2 } }],
    ['Delete removes a field', { spec: { a: 1, b: 2 } }, { operation: 'Delete', path: '/spec/a' }, { spec: { b: 2 } }],
    ['Delete removes an element', list, { operation: 'Delete', path: '/spec/list/0' }, { spec: { list: [{ a: 2 }] } }],
    ['Delete minds no absence', { spec: {} }, { operation: 'Delete', path: '/spec/a/b/c' }, { spec: {} }],
    ['Delete leaves what is inherited', { spec: {} }, { operation: 'Delete', path: '/spec/constructor' }, { spec: {} }],
    [
      'Template sets text',
      {},
      {
        operation: 'Template',
        path: '/metadata/labels/env',
        template: '{{ .cluster.labels.tier }}-{{ .cluster.name }}',
      },
      { metadata: { labels: { env: 'gold-east' } } },
    ],
  ])('%s', (_name, before, step, after) => expect(applied(before, step)).toEqual(after));

  it.each<[string, object, TransformStep, string]>([
    ['Replace of nothing', { spec: {} }, { operation: 'Replace', path: '/spec/a', value: 1 }, 'there is no a'],
    ['Replace below nothing', {}, { operation: 'Replace', path: '/spec/a', value: 1 }, 'there is no spec'],
    ['through a scalar', { spec: { a: 1 } }, { operation: 'Set', path: '/spec/a/b', value: 1 }, 'a has no fields'],
    ['beyond a list', list, { operation: 'Set', path: '/spec/list/2', value: 1 }, 'the list has no element 2'],
    [
      'below an element that is not there',
      list,
      { operation: 'Set', path: '/spec/list/7/a', value: 1 },
      'there is no 7',
    ],
    [
      'a list by name',
      list,
      { operation: 'Set', path: '/spec/list/first', value: 1 },
      'a list of 2 has no element "first"',
    ],
    [
      'a label that the cluster has not',
      {},
      { operation: 'Template', path: '/spec/a', template: '{{ .cluster.labels.x }}' },
      'has no value here',
    ],
  ])('says which transform cannot do what: %s', (_name, before, step, why) => {
    expect(() => applied(before, step)).toThrow(TransformError);
    expect(() => applied(before, step)).toThrow(`ResourceTransform "one" cannot ${step.operation} ${step.path}: `);
    expect(() => applied(before, step)).toThrow(why);
  });

  it('takes no harm from prototype keys', () => {
    const result = applied({ data: {} }, { operation: 'Set', path: '/data/__proto__/polluted', value: 'x' });
    expect(JSON.stringify(result)).toBe('{"data":{"__proto__":{"polluted":"x"}}}');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('never hands out its own value', () => {
    const value = { a: [1] };
    const result = applied({}, { operation: 'Set', path: '/spec', value }) as { spec: { a: number[] } };
    result.spec.a.push(2);
    expect(value).toEqual({ a: [1] });
  });
});

describe('inOrder', () => {
  it('puts lower priority first, equal ones by name, so that the highest has the last word', () => {
    const all = [
      transform({ priority: 5 }, 'b'),
      transform({}, 'z'),
      transform({ priority: 5 }, 'a'),
      transform({ priority: -1 }, 'm'),
    ];
    expect(inOrder(all).map(({ metadata }) => metadata.name)).toEqual(['m', 'z', 'a', 'b']);
  });
});

describe('concerns', () => {
  const subject = {
    resource: { group: 'apps', resource: 'deployments' },
    namespace: 'shop',
    labels: { app: 'web' },
    cluster: { name: 'east', labels: { region: 'eu' } },
  };
  it.each<[Partial<ResourceTransform['spec']>, boolean]>([
    [{}, true],
    [{ resources: [{ group: '', resource: 'deployments' }] }, false],
    [{ namespaces: ['shop'] }, true],
    [{ namespaces: ['other'] }, false],
    [{ namespaces: [] }, false],
    [{ selector: { matchLabels: { app: 'web' } } }, true],
    [{ selector: { matchLabels: { app: 'api' } } }, false],
    [{ selector: {} }, true],
    [{ clusters: ['east', 'west'] }, true],
    [{ clusters: ['west'] }, false],
    [{ clusterSelector: { matchExpressions: [{ key: 'region', operator: 'In', values: ['eu'] }] } }, true],
    [{ clusterSelector: { matchLabels: { region: 'us' } } }, false],
    [{ clusters: ['east'], clusterSelector: { matchLabels: { region: 'us' } } }, false],
  ])('%j: %s', (spec, expected) => expect(concerns(transform(spec), subject)).toBe(expected));
});
