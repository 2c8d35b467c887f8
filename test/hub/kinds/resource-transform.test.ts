import { describe, expect, it } from 'vitest';
import { RESOURCE_TRANSFORM } from '../../../src/hub/kinds/resource-transform.ts';

const fields = (spec: object): (string | undefined)[] =>
  (
    RESOURCE_TRANSFORM.validate?.(
      { apiVersion: 'tmc.kcp.io/v1alpha1', kind: 'ResourceTransform', metadata: {}, spec },
      undefined,
    ) ?? []
  ).map(({ field }) => field);
const resources = [{ group: 'apps', resource: 'deployments' }];
const step = (one: object): object => ({ resources, transforms: [one] });
const AT = 'spec.transforms[0]';

describe('a ResourceTransform', () => {
  it.each([
    [{ operation: 'Set', path: '/metadata/labels/env', value: 'a' }],
    [{ operation: 'Set', path: '/metadata/annotations', value: { a: 'b' } }],
    [{ operation: 'Replace', path: '/spec/template/spec/containers/0/image', value: 'nginx' }],
    [{ operation: 'Replace', path: '/data/a', value: null }],
    [{ operation: 'Delete', path: '/spec/paused' }],
    [{ operation: 'Template', path: '/spec/template/metadata/labels/env', template: '{{ .cluster.name }}' }],
  ])('may say %j', (one) => expect(fields(step(one))).toEqual([]));

  it.each([
    [{ operation: 'Set', path: 'spec', value: 1 }, `${AT}.path`],
    [{ operation: 'Set', path: '', value: {} }, `${AT}.path`],
    [{ operation: 'Set', path: '/metadata', value: {} }, `${AT}.path`],
    [{ operation: 'Set', path: '/metadata/name', value: 'x' }, `${AT}.path`],
    [{ operation: 'Replace', path: '/metadata/namespace', value: 'x' }, `${AT}.path`],
    [{ operation: 'Delete', path: '/metadata/uid' }, `${AT}.path`],
    [{ operation: 'Set', path: '/metadata/ownerReferences', value: [] }, `${AT}.path`],
    [{ operation: 'Set', path: '/metadata/labels/a/b', value: 'x' }, `${AT}.path`],
    [{ operation: 'Set', path: '/kind', value: 'Pod' }, `${AT}.path`],
    [{ operation: 'Delete', path: '/status' }, `${AT}.path`],
    [{ operation: 'Set', path: '/metadata/labels/internal.workload.kcp.io~1cluster', value: 'x' }, `${AT}.path`],
    [{ operation: 'Set', path: '/metadata/annotations', value: { 'kcp.io/namespace-locator': '{}' } }, `${AT}.path`],
    [{ operation: 'Set', path: '/metadata/labels/n', value: 1 }, `${AT}.value`],
    [{ operation: 'Set', path: '/metadata/labels', value: 'text' }, `${AT}.value`],
    [{ operation: 'Set', path: '/spec/replicas' }, `${AT}.value`],
    [{ operation: 'Delete', path: '/spec/replicas', value: 1 }, `${AT}.value`],
    [{ operation: 'Template', path: '/spec/a' }, `${AT}.template`],
    [{ operation: 'Template', path: '/spec/a', template: '{{ .nothing }}' }, `${AT}.template`],
    [{ operation: 'Set', path: '/spec/a', value: 1, template: 'x' }, `${AT}.template`],
  ])('may not say %j', (one, field) => expect(fields(step(one))).toEqual([field]));

  it('names its resources, never access rules, and says what is to be done', () => {
    const transforms = [{ operation: 'Delete', path: '/spec/a' }];
    expect(fields({ resources: [], transforms })).toEqual(['spec.resources']);
    expect(fields({ resources, transforms: [] })).toEqual(['spec.transforms']);
    const guarded = [{ group: 'rbac.authorization.k8s.io', resource: 'rolebindings' }];
    expect(fields({ resources: guarded, transforms })).toEqual(['spec.resources[0].group']);
    const selector = { matchExpressions: [{ key: 'a', operator: 'In', values: [] }] };
    expect(fields({ resources, transforms, selector })).toEqual(['spec.selector']);
  });
});
