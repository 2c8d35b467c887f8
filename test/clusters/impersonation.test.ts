import { expect, it } from 'vitest';
import { impersonationHeaders } from '../../src/clusters/impersonation.ts';

it('sends user, uid, groups and extra', () => {
  const user = { name: 'jo', uid: 'u-1', groups: ['dev', 'system:authenticated'], extra: { 'acme.com/Team %': ['a'] } };
  expect(impersonationHeaders(user)).toEqual({
    'impersonate-user': 'jo',
    'impersonate-uid': 'u-1',
    'impersonate-group': ['dev', 'system:authenticated'],
    'impersonate-extra-acme.com%2Fteam%20%25': ['a'],
  });
});

it('never turns a workspace’s name into the cluster’s own', () => {
  const user = {
    name: 'system:serviceaccount:kube-system:admin',
    groups: ['system:masters', 'system:serviceaccounts', 'ops'],
    extra: {},
  };
  expect(impersonationHeaders(user)).toEqual({
    'impersonate-user': 'tmc:system:serviceaccount:kube-system:admin',
    'impersonate-group': ['tmc:system:masters', 'tmc:system:serviceaccounts', 'ops'],
  });
});
