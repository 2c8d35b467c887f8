import { expect, test } from 'vitest';
import { checkPathSegments } from '../../src/aggregate/path-segments.ts';
import { parseRequestInfo } from '../../src/kube/request-info.ts';

const check = (path: string) => checkPathSegments(parseRequestInfo('GET', path, new URLSearchParams()));

test.each([
  '/api/v1/namespaces/default/pods/x%2Flog',
  '/api/v1/namespaces/default/pods/..%2F..%2F..%2Fsecrets',
  '/api/v1/namespaces/default/pods/..',
  '/api/v1/namespaces/default/pods/%2e%2e/log',
  '/api/v1/namespaces/default/pods/x%252Flog',
  '/api/v1/namespaces/..%2Fkube-system/pods/x',
  '/api/v1/namespaces/default/pods/x/%2e%2e',
  '/api/v1/namespaces/default/pods/x/proxy/%2e%2e/y',
  '/api/v1/namespaces/default/pods/x/proxy/a%2F..%2F..%2Fy',
  '/api/v1/namespaces/default/pods/x/proxy/a%5C..%5Cy',
])('%s is 400: a cluster could read it as another path than was authorized', (path) => {
  expect(() => check(path)).toThrow(expect.objectContaining({ code: 400 }));
});

test.each([
  '/api/v1/pods',
  '/api/v1/namespaces/default/pods/web@east',
  '/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node',
  '/api/v1/namespaces/default/pods/https:x:443/proxy/a.b/..c/d%2Fe',
])('%s passes', (path) => {
  expect(() => check(path)).not.toThrow();
});
