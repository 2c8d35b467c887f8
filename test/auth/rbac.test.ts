import { describe, expect, it } from 'vitest';
import { type Attributes, denial, resourceAttributes } from '../../auth/attributes.ts';
import { createRbac, decide } from '../../auth/authorize.ts';
import { compilePolicy, type PolicySource } from '../../auth/rbac-policy.ts';
import { type Binding, type PolicyRule, RBAC_GROUP, type Role } from '../../auth/rbac-rules.ts';
import type { HubClient } from '../../src/hub/client.ts';
import type { UserInfo } from '../../src/kube/api.ts';
import { MemoryHub } from '../support/memory-hub.ts';

const user = (name: string, ...groups: string[]): UserInfo => ({ name, groups, extra: {} });
const ann = user('ann', 'system:authenticated');

const clusterRole = (name: string, rules: PolicyRule[], labels: Record<string, string> = {}): Role => ({
  apiVersion: `${RBAC_GROUP}/v1`,
  kind: 'ClusterRole',
  metadata: { name, labels },
  rules,
});
const role = (namespace: string, name: string, rules: PolicyRule[]): Role => ({
  ...clusterRole(name, rules),
  kind: 'Role',
  metadata: { name, namespace },
});
const bind = (to: { kind: string; name: string; namespace?: string }, ref: string, namespace?: string): Binding => {
  const [kind, name] = ref.split('/') as [string, string];
  return {
    apiVersion: `${RBAC_GROUP}/v1`,
    kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
    metadata: { name: `b-${name}`, ...(namespace === undefined ? {} : { namespace }) },
    subjects: [to],
    roleRef: { apiGroup: RBAC_GROUP, kind, name },
  };
};
const ANN = { kind: 'User', name: 'ann' };
const policy = (source: Partial<PolicySource>) =>
  compilePolicy({ clusterRoles: [], clusterRoleBindings: [], roles: [], roleBindings: [], ...source });
const ask = (verb: string, of: Parameters<typeof resourceAttributes>[2], who = ann) =>
  resourceAttributes(who, verb, of);
const path = (verb: string, url: string, who = ann): Attributes => ({
  ...ask(verb, {}, who),
  isResource: false,
  path: url,
});

describe('a rule', () => {
  const rules: PolicyRule[] = [
    { apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get', 'list'] },
    { apiGroups: ['apps'], resources: ['*/scale'], verbs: ['update'] },
    { apiGroups: [''], resources: ['secrets'], resourceNames: ['one'], verbs: ['get'] },
    { apiGroups: ['x.io'], resources: ['*'], verbs: ['*'] },
    { nonResourceURLs: ['/metrics', '/logs/*'], verbs: ['get'] },
  ];
  const given = policy({ clusterRoles: [clusterRole('r', rules)], clusterRoleBindings: [bind(ANN, 'ClusterRole/r')] });

  it.each<[string, Attributes, boolean]>([
    ['verb and resource', ask('list', { resource: 'pods' }), true],
    ['another verb', ask('delete', { resource: 'pods' }), false],
    ['another group', ask('get', { group: 'metrics.k8s.io', resource: 'pods' }), false],
    ['a named subresource', ask('get', { resource: 'pods', subresource: 'log' }), true],
    [
      'a subresource that a bare resource does not include',
      ask('get', { resource: 'pods', subresource: 'exec' }),
      false,
    ],
    ["any resource's scale", ask('update', { group: 'apps', resource: 'statefulsets', subresource: 'scale' }), true],
    ['scale itself as a resource', ask('update', { group: 'apps', resource: 'scale' }), false],
    ['the listed name', ask('get', { resource: 'secrets', name: 'one' }), true],
    ['another name', ask('get', { resource: 'secrets', name: 'two' }), false],
    ['a list, where names are listed', ask('get', { resource: 'secrets' }), false],
    ['stars', ask('anything', { group: 'x.io', resource: 'ys', subresource: 'z' }), true],
    ['an exact path', path('get', '/metrics'), true],
    ['below a path with a star', path('get', '/logs/a/b'), true],
    ['below a path without one', path('get', '/metrics/slis'), false],
    ['a path with another verb', path('post', '/metrics'), false],
  ])('decides %s', (_what, attributes, allowed) => {
    expect(decide(given, attributes).allowed).toBe(allowed);
  });
});

describe('a binding', () => {
  const readPods: PolicyRule[] = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }];

  it('in a namespace grants there only, with a Role or a ClusterRole', () => {
    const given = policy({
      clusterRoles: [clusterRole('reader', readPods)],
      roles: [role('a', 'local', readPods)],
      roleBindings: [bind(ANN, 'Role/local', 'a'), bind(ANN, 'ClusterRole/reader', 'b'), bind(ANN, 'Role/local', 'c')],
    });
    const allowed = (namespace: string) => decide(given, ask('get', { resource: 'pods', namespace })).allowed;
    expect({ a: allowed('a'), b: allowed('b'), all: allowed('') }).toEqual({ a: true, b: true, all: false });
    expect(decide(given, ask('get', { resource: 'pods', namespace: 'c' }))).toEqual({
      allowed: false,
      reason: 'RBAC: role.rbac.authorization.k8s.io "local" not found',
    });
  });

  it('names users, groups and service accounts, the latter in its own namespace by default', () => {
    const given = policy({
      clusterRoles: [clusterRole('reader', readPods)],
      clusterRoleBindings: [bind({ kind: 'Group', name: 'devs' }, 'ClusterRole/reader')],
      roleBindings: [bind({ kind: 'ServiceAccount', name: 'bot' }, 'ClusterRole/reader', 'ci')],
    });
    const allowed = (who: UserInfo, namespace: string) =>
      decide(given, ask('get', { resource: 'pods', namespace }, who)).allowed;
    expect(allowed(user('bob', 'devs'), 'any')).toBe(true);
    expect(allowed(user('devs'), 'any')).toBe(false);
    expect(allowed(user('system:serviceaccount:ci:bot'), 'ci')).toBe(true);
    expect(allowed(user('system:serviceaccount:other:bot'), 'ci')).toBe(false);
  });

  it('is named in the reason', () => {
    const given = policy({
      clusterRoles: [clusterRole('reader', readPods)],
      clusterRoleBindings: [bind(ANN, 'ClusterRole/reader')],
    });
    expect(decide(given, ask('get', { resource: 'pods' })).reason).toBe(
      'RBAC: allowed by ClusterRoleBinding "b-reader" of ClusterRole "reader" to User "ann"',
    );
  });
});

describe('built-in roles', () => {
  const given = policy({
    clusterRoles: [
      clusterRole('crontabs', [{ apiGroups: ['stable.example.com'], resources: ['crontabs'], verbs: ['get'] }], {
        'rbac.authorization.k8s.io/aggregate-to-view': 'true',
      }),
    ],
    roleBindings: [
      bind({ kind: 'User', name: 'v' }, 'ClusterRole/view', 'x'),
      bind({ kind: 'User', name: 'e' }, 'ClusterRole/edit', 'x'),
      bind({ kind: 'User', name: 'a' }, 'ClusterRole/admin', 'x'),
    ],
  });
  const may = (name: string, verb: string, group: string, resource: string) =>
    decide(given, ask(verb, { group, resource, namespace: 'x' }, user(name))).allowed;

  it('aggregate upwards: view ⊂ edit ⊂ admin, with custom roles that join in', () => {
    const table = ['v', 'e', 'a'].map((name) => [
      may(name, 'get', 'apps', 'deployments'),
      may(name, 'get', 'stable.example.com', 'crontabs'),
      may(name, 'get', '', 'secrets'),
      may(name, 'patch', 'apps', 'deployments'),
      may(name, 'create', RBAC_GROUP, 'roles'),
      may(name, 'create', '', 'nodes'),
    ]);
    expect(table).toEqual([
      [true, true, false, false, false, false],
      [true, true, true, true, false, false],
      [true, true, true, true, true, false],
    ]);
  });

  it('open discovery to the authenticated and probes to all', () => {
    expect(decide(given, path('get', '/apis/apps/v1')).allowed).toBe(true);
    expect(decide(given, path('get', '/apis', user('x', 'system:unauthenticated'))).allowed).toBe(false);
    expect(decide(given, path('get', '/livez', user('x', 'system:unauthenticated'))).allowed).toBe(true);
    expect(
      decide(given, ask('create', { group: 'authorization.k8s.io', resource: 'selfsubjectaccessreviews' })).allowed,
    ).toBe(true);
  });
});

describe('a denial', () => {
  it.each<[Attributes, string]>([
    [
      ask('list', { resource: 'pods', namespace: 'y' }),
      'pods is forbidden: User "ann" cannot list resource "pods" in API group "" in the namespace "y"',
    ],
    [
      ask('create', { resource: 'pods', subresource: 'exec', name: 'p', namespace: 'y' }),
      'pods "p" is forbidden: User "ann" cannot create resource "pods/exec" in API group "" in the namespace "y"',
    ],
    [
      ask('get', { group: 'apps', resource: 'deployments', name: 'd' }),
      'deployments.apps "d" is forbidden: User "ann" cannot get resource "deployments" in API group "apps" at the cluster scope',
    ],
    [path('get', '/x'), 'forbidden: User "ann" cannot get path "/x"'],
    [
      ask('get', { resource: 'pods' }, user('<b>&')),
      'pods is forbidden: User "&lt;b&gt;&amp;" cannot get resource "pods" in API group "" at the cluster scope',
    ],
  ])("has upstream's words (%#)", (attributes, message) => {
    expect(denial(attributes).status).toMatchObject({ code: 403, reason: 'Forbidden', message });
  });
});

describe('the policy of a workspace', () => {
  const bindings = { group: RBAC_GROUP, resource: 'clusterrolebindings' };
  const until = { timeout: 2_000 };

  /** Counts lists, and can break the watches. */
  function observed() {
    const { client } = new MemoryHub();
    const state = { lists: 0, cut: new AbortController() };
    const hub: HubClient = {
      ...client,
      list: (...call) => {
        state.lists++;
        return client.list(...call);
      },
      async *watch(workspace, resource, options, signal) {
        yield* client.watch(workspace, resource, options, AbortSignal.any([signal, state.cut.signal]));
        if (!signal.aborted) throw new Error('broken by the test');
      },
    };
    return { hub, state };
  }

  it('is its own, kept while nothing changes, and follows its bindings', async () => {
    const { hub, state } = observed();
    const stop = new AbortController();
    const rbac = createRbac({ hub, rootWorkspace: 'root', signal: stop.signal });
    await rbac.whenReady();
    const may = async (workspace: string) =>
      (await rbac.authorize(workspace, ask('get', { resource: 'nodes' }))).allowed;
    await hub.create('root:a', bindings, bind(ANN, 'ClusterRole/cluster-admin'));
    await expect.poll(() => may('root:a'), until).toBe(true);
    expect(await may('root:b')).toBe(false);
    expect(await may('root')).toBe(false);
    const listsOfOneQuestion = async () => {
      const before = state.lists;
      await may('root:a');
      return state.lists - before;
    };
    await expect.poll(listsOfOneQuestion, until).toBe(0);
    await hub.delete({ workspace: 'root:a', ...bindings, name: 'b-cluster-admin' });
    await expect.poll(() => may('root:a'), until).toBe(false);
    stop.abort();
  });

  it('is never stale after the watch has broken', async () => {
    const { hub, state } = observed();
    const stop = new AbortController();
    const rbac = createRbac({ hub, rootWorkspace: 'root', signal: stop.signal });
    await rbac.whenReady();
    const may = async () => (await rbac.authorize('root:a', ask('get', { resource: 'nodes' }))).allowed;
    expect(await may()).toBe(false);
    state.cut.abort();
    await new Promise((resolve) => setImmediate(resolve));
    await hub.create('root:a', bindings, bind(ANN, 'ClusterRole/cluster-admin'));
    expect(await may()).toBe(true);
    stop.abort();
  });

  it('lets system:masters do anything', async () => {
    const { hub } = observed();
    const rbac = createRbac({ hub, rootWorkspace: 'root', signal: AbortSignal.abort() });
    expect(await rbac.authorize('root:a', ask('x', { resource: 'y' }, user('root', 'system:masters')))).toMatchObject({
      allowed: true,
    });
  });
});
