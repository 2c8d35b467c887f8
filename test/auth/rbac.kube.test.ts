/** The gateway's authorization against kube-apiserver's own: the same roles, the same questions, the same answers. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseServerConfig } from '../../src/config.ts';
import { silentLogger } from '../../src/reconcile/logger.ts';
import { type RunningServer, startServer } from '../../src/server.ts';
import { ApiClient } from '../kube/api-client.ts';
import { startCluster } from '../kube/cluster.ts';
import type { KubeCluster } from '../kube/kube-cluster.ts';
import { waitFor } from '../support/wait-for.ts';

const SEED = Number(process.env.TMC_TEST_SEED ?? 20_261_120);
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const GROUP = 'rbac.authorization.k8s.io';

const folder = mkdtempSync(join(tmpdir(), 'tmc-rbac-'));
let cluster: KubeCluster;
let server: RunningServer;
let gateway: ApiClient;

beforeAll(async () => {
  cluster = await startCluster({ name: 'oracle' });
  const admin = { name: 'admin', groups: ['system:masters'], extra: {} };
  server = await startServer(parseServerConfig({ port: 0, dataDir: folder, shutdownGraceSeconds: 1 }), {
    log: silentLogger,
    tokens: [{ token: 'admin-token', user: admin }],
  });
  const url = `${server.url}/clusters/root`;
  gateway = new ApiClient({ url, caPem: server.certificates.ca, adminToken: 'admin-token' });
});
afterAll(async () => {
  await gateway?.close();
  await server?.close();
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** mulberry32: the same questions on every run. */
function randomFrom(seed: number) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  const one = <T>(values: readonly T[]): T => values[Math.floor(next() * values.length)] as T;
  const some = <T>(values: readonly T[], most: number): T[] => [
    ...new Set(Array.from({ length: 1 + Math.floor(next() * most) }, () => one(values))),
  ];
  return { next, one, some };
}
const random = randomFrom(SEED);

const VERBS = ['get', 'list', 'create', 'delete', 'escalate', 'bind'];
const GROUPS = ['', 'apps', GROUP];
const RESOURCES = ['pods', 'pods/log', 'secrets', 'deployments', 'deployments/scale', 'roles', 'clusterroles'];
const NAMES = ['one', 'two'];
const NAMESPACES = ['default', 'second'];
const USERS = ['ann', 'bob', 'system:serviceaccount:default:bot'];
const USER_GROUPS = ['devs', 'ops'];
const PATHS = ['/metrics', '/logs/a', '/logs', '/apis/x'];

const randomRule = () =>
  random.next() < 0.15
    ? { nonResourceURLs: random.some([...PATHS, '/logs/*', '*'], 2), verbs: random.some(['get', '*'], 1) }
    : {
        apiGroups: random.some([...GROUPS, '*'], 2),
        resources: random.some([...RESOURCES, '*', '*/scale', '*/log'], 3),
        verbs: random.some([...VERBS, '*'], 3),
        ...(random.next() < 0.3 ? { resourceNames: random.some(NAMES, 2) } : {}),
      };
const randomRules = () => Array.from({ length: 1 + Math.floor(random.next() * 2) }, randomRule);
/** Of a Role: paths are not namespaced. */
const namespacedRules = () => randomRules().filter((rule) => !('nonResourceURLs' in rule));

const randomSubject = () => {
  const kind = random.next();
  if (kind < 0.4) return { kind: 'User', apiGroup: GROUP, name: random.one(USERS) };
  if (kind < 0.7) return { kind: 'Group', apiGroup: GROUP, name: random.one(USER_GROUPS) };
  return { kind: 'ServiceAccount', namespace: random.one(NAMESPACES), name: 'bot' };
};

/** On both sides alike. */
async function onBoth(path: string, body: object): Promise<void> {
  const answers = await Promise.all([cluster, gateway].map((side) => side.fetch(path, { method: 'POST', body })));
  expect(answers.map(({ status, text }) => (status === 201 ? 201 : text))).toEqual([201, 201]);
}

interface Review {
  readonly status: { allowed: boolean; reason?: string };
}

const questions = (count: number) =>
  Array.from({ length: count }, () => {
    const [resource, subresource] = random.one(RESOURCES).split('/') as [string, string | undefined];
    const attributes =
      random.next() < 0.15
        ? { nonResourceAttributes: { path: random.one(PATHS), verb: random.one(['get', 'post']) } }
        : {
            resourceAttributes: {
              verb: random.one(VERBS),
              group: random.one(GROUPS),
              resource,
              ...(subresource === undefined ? {} : { subresource }),
              ...(random.next() < 0.5 ? { name: random.one(NAMES) } : {}),
              ...(random.next() < 0.7 ? { namespace: random.one(NAMESPACES) } : {}),
            },
          };
    return { user: random.one(USERS), groups: random.next() < 0.5 ? [random.one(USER_GROUPS)] : [], ...attributes };
  });

/** Without the rights on kinds that only we have. */
const common = (message: string | undefined) => message?.replace(/\n\{APIGroups:\["[a-z]+\.kcp\.io"\][^\n]*/g, '');

describe(`authorization (seed ${SEED})`, () => {
  beforeAll(async () => {
    await onBoth('/api/v1/namespaces', { metadata: { name: 'second' } });
    for (let i = 0; i < 12; i++) {
      const labels = i % 4 === 0 ? { 'test/aggregate': 'yes' } : {};
      await onBoth(`${RBAC}/clusterroles`, { metadata: { name: `c${i}`, labels }, rules: randomRules() });
    }
    for (const namespace of NAMESPACES) {
      for (let i = 0; i < 4; i++)
        await onBoth(`${RBAC}/namespaces/${namespace}/roles`, {
          metadata: { name: `r${i}` },
          rules: namespacedRules(),
        });
      for (let i = 0; i < 6; i++) {
        const roleRef =
          random.next() < 0.5 ? { kind: 'Role', name: `r${i}` } : { kind: 'ClusterRole', name: `c${i * 3}` };
        const body = {
          metadata: { name: `b${i}` },
          roleRef: { apiGroup: GROUP, ...roleRef },
          subjects: [randomSubject()],
        };
        await onBoth(`${RBAC}/namespaces/${namespace}/rolebindings`, body);
      }
    }
    for (let i = 0; i < 6; i++) {
      const roleRef = { apiGroup: GROUP, kind: 'ClusterRole', name: `c${i * 2 + (i === 5 ? 90 : 0)}` };
      await onBoth(`${RBAC}/clusterrolebindings`, {
        metadata: { name: `b${i}` },
        roleRef,
        subjects: [randomSubject()],
      });
    }
    const last = { user: 'last', resourceAttributes: { verb: 'get', resource: 'pods' } };
    const body = {
      metadata: { name: 'last' },
      roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: 'view' },
      subjects: [{ kind: 'User', apiGroup: GROUP, name: 'last' }],
    };
    await onBoth(`${RBAC}/clusterrolebindings`, body);
    for (const side of [cluster, gateway])
      await waitFor('the last binding to count', async () => (await ask(side, last)).allowed);
  });

  const ask = async (side: ApiClient, spec: object) => {
    const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec };
    return (await side.fetchOk<Review>('/apis/authorization.k8s.io/v1/subjectaccessreviews', { method: 'POST', body }))
      .status;
  };
  /** Which of several bindings is named, and in which order missing roles are, is chance in kube-apiserver. */
  const comparable = ({ allowed, reason = '' }: Review['status']) =>
    allowed ? { allowed } : { allowed, missing: [...new Set(reason.match(/\S+ "[^"]+" not found/g) ?? [])].sort() };

  it('decides 600 questions alike', async () => {
    const asked = questions(600);
    let granted = 0;
    for (const spec of asked) {
      const [theirs, ours] = await Promise.all([ask(cluster, spec), ask(gateway, spec)]);
      expect({ spec, ...comparable(ours) }).toEqual({ spec, ...comparable(theirs) });
      if (theirs.allowed) granted++;
    }
    // Both answers must be there in number, or the comparison says little.
    expect(granted).toBeGreaterThan(60);
    expect(granted).toBeLessThan(540);
  });

  it.each([
    ['GET', '/api/v1/namespaces/default/secrets'],
    ['GET', '/api/v1/namespaces/default/secrets/x'],
    ['GET', '/apis/apps/v1/deployments?watch=1'],
    ['DELETE', '/apis/apps/v1/namespaces/default/deployments/x'],
    ['PATCH', '/apis/apps/v1/namespaces/default/deployments/x/scale'],
    ['POST', '/api/v1/namespaces/default/pods/x/exec?command=a'],
    ['GET', '/api/v1/namespaces/default/pods/x/exec?command=a'],
    ['DELETE', '/api/v1/namespaces/default/configmaps'],
    ['GET', '/api/v1/namespaces/default/configmaps?fieldSelector=metadata.name%3Dx'],
    ['GET', '/nowhere'],
    ['GET', '/metrics'],
  ])('refuses %s %s in the same words', async (method, path) => {
    const headers = { 'impersonate-user': 'stranger', 'content-type': 'application/merge-patch+json' };
    const [theirs, ours] = await Promise.all([cluster, gateway].map((side) => side.fetch(path, { method, headers })));
    expect(theirs?.status).toBe(403);
    expect(ours?.json).toEqual(theirs?.json);
  });

  it('lets nobody grant what they do not hold, in the same words', async () => {
    const rights = {
      metadata: { name: 'grantor' },
      rules: [
        { apiGroups: [GROUP], resources: ['roles', 'clusterroles', 'rolebindings'], verbs: ['create'] },
        { apiGroups: ['', 'apps'], resources: ['pods', 'deployments'], verbs: ['get', 'list'] },
      ],
    };
    await onBoth(`${RBAC}/clusterroles`, rights);
    const binding = {
      metadata: { name: 'grantor' },
      roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: 'grantor' },
      subjects: [{ kind: 'User', apiGroup: GROUP, name: 'gwen' }],
    };
    await onBoth(`${RBAC}/clusterrolebindings`, binding);
    for (const side of [cluster, gateway]) {
      await waitFor(
        'the binding to count',
        async () =>
          (
            await ask(side, {
              user: 'gwen',
              resourceAttributes: { verb: 'create', group: GROUP, resource: 'roles', namespace: 'default' },
            })
          ).allowed,
      );
    }
    const headers = { 'impersonate-user': 'gwen', 'impersonate-group': 'writers' };
    const attempts = [
      ...Array.from({ length: 30 }, () => ({
        path: `${RBAC}/namespaces/default/roles`,
        body: { metadata: { name: 'try' }, rules: namespacedRules() },
      })),
      ...Array.from({ length: 20 }, () => ({
        path: `${RBAC}/clusterroles`,
        body: { metadata: { name: 'try' }, rules: randomRules() },
      })),
      ...['c0', 'view', 'grantor', 'none', 'cluster-admin'].map((name) => ({
        path: `${RBAC}/namespaces/default/rolebindings`,
        body: {
          metadata: { name: 'try' },
          roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name },
          subjects: [randomSubject()],
        },
      })),
      {
        path: `${RBAC}/clusterroles`,
        body: {
          metadata: { name: 'try' },
          aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] },
          rules: [],
        },
      },
    ];
    const codes = new Set<number>();
    for (const { path, body } of attempts) {
      const send = (side: ApiClient) =>
        side.fetch<{ message?: string }>(`${path}?dryRun=All`, { method: 'POST', body, headers });
      const [theirs, ours] = await Promise.all([send(cluster), send(gateway)]);
      codes.add(theirs.status);
      expect({ body, status: ours.status, message: common(ours.json.message) }).toEqual({
        body,
        status: theirs.status,
        message: common(theirs.json.message),
      });
    }
    expect([...codes].sort()).toEqual(expect.arrayContaining([201, 403]));
  });

  it('tells the rules of a user alike, but for those of kinds that only one side has', async () => {
    const headers = { 'impersonate-user': 'last' };
    const body = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectRulesReview',
      spec: { namespace: 'default' },
    };
    type Rules = {
      status: {
        resourceRules: { apiGroups: string[]; resources: string[]; verbs: string[] }[];
        nonResourceRules: object[];
      };
    };
    const rights = async (side: ApiClient) => {
      const { status } = await side.fetchOk<Rules>('/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', {
        method: 'POST',
        body,
        headers,
      });
      return status.resourceRules
        .flatMap(({ apiGroups, resources, verbs }) =>
          apiGroups.flatMap((group) =>
            resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group}/${resource}`)),
          ),
        )
        .filter((right) => !/kcp\.io/.test(right))
        .sort();
    };
    expect([...new Set(await rights(gateway))]).toEqual([...new Set(await rights(cluster))]);
  });
});
