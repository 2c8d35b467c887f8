import { describe, expect, test } from 'vitest';
import { encodeVersion, toSourceVersion } from '../../src/aggregate/resource-version.ts';
import { type Destination, translateBody } from '../../src/aggregate/translate-down.ts';
import { CLUSTER_LABEL } from '../../src/hub/kinds/workload.ts';
import type { ApiRequest } from '../../src/kube/api.ts';
import { parseRequestInfo } from '../../src/kube/request-info.ts';
import { fakeResource, PODS } from '../support/fake-cluster.ts';

const east: Destination = {
  version: (text) => toSourceVersion(text, 1),
  clusterName: 'east',
  namespace: (namespace) => `kcp-${namespace}`,
  uid: (uid) => (uid === 'hub-uid' ? 'copy-uid' : undefined),
};

function translate(method: string, body: unknown, type = 'application/json', resource = PODS, to = east): unknown {
  const request = {
    method,
    info: parseRequestInfo(method, '/api/v1/namespaces/default/pods/x', new URLSearchParams()),
    headers: { 'content-type': type },
    body: Buffer.from(JSON.stringify(body)),
  } as unknown as ApiRequest;
  return JSON.parse(Buffer.from(translateBody(request, resource, to).body).toString());
}

const version = String(encodeVersion(1, 7n));

describe('a body on its way to a cluster', () => {
  test('carries the cluster own names, versions and owners, and not the label of the view', () => {
    const metadata = {
      name: 'x@east',
      namespace: 'default',
      resourceVersion: version,
      labels: { a: 'b', [CLUSTER_LABEL]: 'east' },
      ownerReferences: [{ apiVersion: 'v1', kind: 'X', name: 'o@east', uid: 'hub-uid' }],
    };
    expect(translate('PUT', { metadata, spec: { namespace: 'default' } })).toEqual({
      metadata: {
        name: 'x',
        namespace: 'kcp-default',
        resourceVersion: '7',
        labels: { a: 'b' },
        ownerReferences: [{ apiVersion: 'v1', kind: 'X', name: 'o', uid: 'copy-uid' }],
      },
      spec: { namespace: 'default' },
    });
  });

  test('translates nested namespaces where the kind has them', () => {
    const bindings = fakeResource('RoleBinding', 'rolebindings', { group: 'rbac.authorization.k8s.io' });
    const body = {
      metadata: { name: 'x' },
      subjects: [
        { kind: 'ServiceAccount', name: 'a', namespace: 'default' },
        { kind: 'User', name: 'b' },
      ],
    };
    expect(translate('PUT', body, 'application/json', bindings)).toMatchObject({
      subjects: [{ namespace: 'kcp-default' }, { kind: 'User', name: 'b' }],
    });
  });

  test('translates preconditions of a delete', () => {
    expect(translate('DELETE', { preconditions: { resourceVersion: version, uid: 'u' } })).toEqual({
      preconditions: { resourceVersion: '7', uid: 'u' },
    });
  });

  test('translates what a JSON patch tests and replaces', () => {
    const patch = [
      { op: 'test', path: '/metadata/resourceVersion', value: version },
      { op: 'test', path: '/metadata/name', value: 'x@east' },
      { op: 'add', path: `/metadata/labels/${CLUSTER_LABEL.replace('/', '~1')}`, value: 'east' },
      { op: 'replace', path: '/spec/x', value: 'default' },
    ];
    expect(translate('PATCH', patch, 'application/json-patch+json')).toEqual([
      { op: 'test', path: '/metadata/resourceVersion', value: '7' },
      { op: 'test', path: '/metadata/name', value: 'x' },
      { op: 'replace', path: '/spec/x', value: 'default' },
    ]);
  });

  test('a merge patch may remove what an object has', () => {
    expect(
      translate('PATCH', { metadata: { labels: null, annotations: { a: null } } }, 'application/merge-patch+json'),
    ).toEqual({
      metadata: { labels: null, annotations: { a: null } },
    });
  });

  test.each(['[1]', '"x"', 'null', '1'])('%s passes on as it is: the cluster says what is wrong with it', (text) => {
    expect(translate('PUT', JSON.parse(text))).toEqual(JSON.parse(text));
  });

  test('of the hub keeps namespaces and labels', () => {
    const toHub: Destination = {
      version: (text) => toSourceVersion(text, 0),
      clusterName: undefined,
      namespace: () => 'no',
      uid: () => 'no',
    };
    const metadata = { name: 'x', namespace: 'default', resourceVersion: String(encodeVersion(0, 9n)) };
    expect(translate('PUT', { metadata }, 'application/json', PODS, toHub)).toEqual({
      metadata: { name: 'x', namespace: 'default', resourceVersion: '9' },
    });
  });
});
