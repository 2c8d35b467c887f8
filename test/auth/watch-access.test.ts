/** What the callers of watches are told when roles, bindings and credentials change. */
import { afterEach, expect, test } from 'vitest';
import { authorizeWith, createRbac } from '../../auth/authorize.ts';
import { impersonateWith } from '../../auth/impersonate.ts';
import { type Binding, RBAC_GROUP } from '../../auth/rbac-rules.ts';
import { createWatchAccess } from '../../auth/watch-access.ts';
import type { Admitted, Gates } from '../../src/http/context.ts';
import { type Grant, grants } from '../../src/kube/access.ts';
import { parseRequestInfo } from '../../src/kube/request-info.ts';
import { unauthorized } from '../../src/kube/status.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { MemoryHub } from '../support/memory-hub.ts';

const CLUSTER_BINDINGS = { group: RBAC_GROUP, resource: 'clusterrolebindings' };
const BINDINGS = { group: RBAC_GROUP, resource: 'rolebindings' };
const stop = new AbortController();
afterEach(() => stop.abort());

const view = (user: string, namespace?: string): Binding => ({
  apiVersion: `${RBAC_GROUP}/v1`,
  kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
  metadata: { name: `view-${user}`, ...(namespace === undefined ? {} : { namespace }) },
  subjects: [{ kind: 'User', name: user }],
  roleRef: { apiGroup: RBAC_GROUP, kind: 'ClusterRole', name: 'view' },
});

async function setUp() {
  const { client } = new MemoryHub();
  const stop = new AbortController();
  const clock = new ManualClock();
  const authorizer = createRbac({ hub: client, rootWorkspace: 'root', signal: stop.signal });
  await authorizer.whenReady();
  const expired = new Set<string>();
  const gates: Pick<Gates, 'authenticate' | 'locate' | 'impersonate' | 'authorize'> = {
    authenticate: async (request) => {
      const { user } = request as Admitted;
      if (expired.has(user.name)) throw unauthorized();
      return { ...request, user };
    },
    locate: async (request) => ({ ...request, located: true }),
    impersonate: impersonateWith(authorizer),
    authorize: authorizeWith(authorizer, 'root'),
  };
  const access = createWatchAccess({ authorizer, rootWorkspace: 'root', gates, clock, random: () => 0.5 });
  const follow = (user: string, path: string, workspace = 'root:a', rawHeaders: string[] = []) => {
    const query = new URLSearchParams('watch=true');
    const request = {
      workspace,
      info: parseRequestInfo('GET', path, query),
      query,
      user: { name: rawHeaders[1] ?? user, groups: ['system:authenticated'], extra: {} },
      impersonator: rawHeaders.length === 0 ? undefined : { name: user, groups: [], extra: {} },
      incoming: { rawHeaders },
      door: 'view',
    } as unknown as Admitted;
    const told: (Grant | 'unknown')[] = [];
    const end = access(request).follow({ granted: (grant) => told.push(grant), unknown: () => told.push('unknown') });
    return { told, end };
  };
  return { client, clock, expired, follow };
}

const allowed = (grant: Grant | 'unknown' | undefined): string => {
  if (grant === undefined || grant === 'unknown') return String(grant);
  return grant.everything ? 'everything' : `${[...grant.namespaces].sort().join(',')}; ${grant.denial.code}`;
};
const until = { timeout: 2_000, interval: 5 };

test('who loses a binding keeps the namespaces that other bindings give, then nothing, then all again', async () => {
  const { client, follow } = await setUp();
  await client.create('root:a', CLUSTER_BINDINGS, view('ann'));
  await client.create('root:a', BINDINGS, view('ann', 'x'));
  await client.create('root:a', BINDINGS, view('bob', 'y'));
  const { told } = follow('ann', '/api/v1/pods');
  const now = () => allowed(told.at(-1));
  await expect.poll(now, until).toBe('everything');
  await client.delete({ workspace: 'root:a', ...CLUSTER_BINDINGS, name: 'view-ann' });
  await expect.poll(now, until).toBe('x; 403');
  const last = told.at(-1) as Grant;
  expect([grants(last, 'x'), grants(last, 'y')]).toEqual([true, false]);
  await client.delete({ workspace: 'root:a', ...BINDINGS, namespace: 'x', name: 'view-ann' });
  await expect.poll(now, until).toBe('; 403');
  await client.create('root:a', CLUSTER_BINDINGS, view('ann'));
  await expect.poll(now, until).toBe('everything');
});

test('a change is asked about in its own workspace alone, and by those who still follow', async () => {
  const { client, follow } = await setUp();
  await client.create('root:a', CLUSTER_BINDINGS, view('ann'));
  await client.create('root:b', CLUSTER_BINDINGS, view('ann'));
  const [here, gone, other] = [
    follow('ann', '/api/v1/pods'),
    follow('ann', '/api/v1/pods'),
    follow('ann', '/api/v1/pods', 'root:b'),
  ];
  await expect
    .poll(() => [here, gone, other].map(({ told }) => allowed(told[0])), until)
    .toEqual(Array(3).fill('everything'));
  gone.end();
  await client.delete({ workspace: 'root:a', ...CLUSTER_BINDINGS, name: 'view-ann' });
  await expect.poll(() => allowed(here.told.at(-1)), until).toBe('; 403');
  for (const { told } of [gone, other]) expect(told.map(allowed)).not.toContain('; 403');
});

test('a namespaced watch has no namespaces left; one by impersonation ends with the right to impersonate', async () => {
  const { client, follow } = await setUp();
  await client.create('root:a', BINDINGS, view('ann', 'x'));
  const inX = follow('ann', '/api/v1/namespaces/x/pods');
  await expect.poll(() => allowed(inX.told.at(-1)), until).toBe('everything');
  const admin = { ...view('root'), roleRef: { apiGroup: RBAC_GROUP, kind: 'ClusterRole', name: 'cluster-admin' } };
  await client.create('root:a', CLUSTER_BINDINGS, admin);
  const asAnn = follow('root', '/api/v1/namespaces/x/pods', 'root:a', ['impersonate-user', 'ann']);
  await expect.poll(() => allowed(asAnn.told.at(-1)), until).toBe('everything');
  await client.delete({ workspace: 'root:a', ...CLUSTER_BINDINGS, name: 'view-root' });
  await expect.poll(() => allowed(asAnn.told.at(-1)), until).toBe('; 403');
  expect(allowed(inX.told.at(-1))).toBe('everything');
  await client.delete({ workspace: 'root:a', ...BINDINGS, namespace: 'x', name: 'view-ann' });
  await expect.poll(() => allowed(inX.told.at(-1)), until).toBe('; 403');
});

test('a wildcard watch is judged where the tree begins', async () => {
  const { client, follow } = await setUp();
  const admin = { ...view('ann'), roleRef: { apiGroup: RBAC_GROUP, kind: 'ClusterRole', name: 'cluster-admin' } };
  await client.create('root', CLUSTER_BINDINGS, admin);
  const { told } = follow('ann', '/api/v1/pods', '*');
  await expect.poll(() => allowed(told.at(-1)), until).toBe('everything');
  await client.delete({ workspace: 'root', ...CLUSTER_BINDINGS, name: 'view-ann' });
  await expect.poll(() => allowed(told.at(-1)), until).toBe('; 403');
});

test('a credential that has expired is noticed within a minute, once', async () => {
  const { clock, expired, follow } = await setUp();
  const { told } = follow('ann', '/api/v1/pods');
  clock.advance(61_000);
  await new Promise(setImmediate);
  expired.add('ann');
  for (let minute = 0; minute < 3; minute++) {
    clock.advance(61_000);
    await new Promise(setImmediate);
  }
  expect(told.filter((each) => each === 'unknown')).toHaveLength(1);
  expect(clock.waiting()).toEqual([]);
});

test('thousands of watches are asked in slices: others run in between', async () => {
  const { client, follow } = await setUp();
  await client.create('root:a', CLUSTER_BINDINGS, view('ann'));
  const watches = Array.from({ length: 5_000 }, () => follow('ann', '/api/v1/pods'));
  const all = (wanted: string) => () => watches.every(({ told }) => allowed(told.at(-1)) === wanted);
  await expect.poll(all('everything'), { timeout: 10_000 }).toBe(true);
  const seen = new Set<number>();
  const beat = setInterval(() => seen.add(watches.filter(({ told }) => allowed(told.at(-1)) === '; 403').length), 1);
  await client.delete({ workspace: 'root:a', ...CLUSTER_BINDINGS, name: 'view-ann' });
  await expect.poll(all('; 403'), { timeout: 10_000 }).toBe(true);
  clearInterval(beat);
  expect([...seen].filter((count) => count > 0 && count < 5_000).length).toBeGreaterThan(2);
});
