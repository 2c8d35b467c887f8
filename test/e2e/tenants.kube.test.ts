/**
 * Two workspaces with equal namespaces and names on the same two real clusters, and people who may see one, both or
 * neither (issue 2, "How it will be tried"). The gateway runs as in production: `tmc serve`, `tmc join`.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { kubeconfigText } from '../../src/cli/kubeconfig.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { ApiClient } from '../kube/api-client.ts';
import { startCluster } from '../kube/cluster.ts';
import type { KubeCluster } from '../kube/kube-cluster.ts';
import { linesOf } from '../support/joined-clusters.ts';
import { type KubectlResult, runKubectl } from '../support/kubectl.ts';
import { observeWatch } from '../support/observe-watch.ts';
import { freePort, type RunningGateway, runGateway, runTmc } from '../support/run-gateway.ts';
import { waitFor } from '../support/wait-for.ts';

type Tenant = 'one' | 'two';
const TENANTS: readonly Tenant[] = ['one', 'two'];
const REPLICAS = { one: 4, two: 2 };
const TOKENS = [
  'admin-token,admin,1,"system:masters"',
  'ann-token,ann,2',
  'bob-token,bob,3',
  'nobody-token,nobody,4',
  'carl-token,carl,5',
];
const AUDIT_POLICY =
  'apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata}]\n';

const folder = mkdtempSync(join(tmpdir(), 'tmc-tenants-'));
const viewOf = (tenant: Tenant): string => `/services/tmc/clusters/root:${tenant}`;
let clusters: KubeCluster[];
let gateway: RunningGateway;
let api: ApiClient;

beforeAll(async () => {
  const policy = join(folder, 'audit-policy.yaml');
  writeFileSync(policy, AUDIT_POLICY);
  writeFileSync(join(folder, 'tokens.csv'), `${TOKENS.join('\n')}\n`);
  clusters = await Promise.all(
    ['a', 'b'].map((name) =>
      startCluster({
        name,
        nodes: 2,
        extraApiServerArgs: [`--audit-policy-file=${policy}`, `--audit-log-path=${join(folder, `audit-${name}.log`)}`],
      }),
    ),
  );
  const port = await freePort();
  gateway = await runGateway({
    port,
    serve: { authentication: { tokenFile: join(folder, 'tokens.csv') }, shutdownGraceSeconds: 1 },
  });
  const caPem = readFileSync(join(gateway.dataDir, 'pki', 'ca.crt'), 'utf8');
  const origin = `https://127.0.0.1:${port}`;
  api = new ApiClient({ url: origin, caPem, adminToken: 'admin-token' });
  for (const who of ['admin', 'ann', 'bob', 'nobody']) {
    const text = kubeconfigText({
      origin,
      caPem,
      user: { token: `${who}-token` },
      workspaces: ['root', 'root:one', 'root:two'],
    });
    writeFileSync(join(folder, who), text);
  }
  for (const { name, kubeconfigPath } of clusters) await tmc('join', name, '--kubeconfig', kubeconfigPath);
  for (const tenant of TENANTS) await tmc('workspace', 'create', tenant);
  await waitFor('both clusters in both workspaces', async () => {
    const nodes = await Promise.all(TENANTS.map((tenant) => ok(tenant, 'get', 'nodes', '-o', 'name')));
    return nodes.every((text) => linesOf(text).length === 4);
  });
  await ok('one', 'create', 'clusterrolebinding', 'ann', '--clusterrole=cluster-admin', '--user=ann');
  await ok('two', 'create', 'clusterrolebinding', 'bob', '--clusterrole=cluster-admin', '--user=bob');
  for (const tenant of TENANTS) {
    await ok(tenant, 'create', 'namespace', 'shop');
    await ok(tenant, 'create', 'configmap', 'settings', '-n', 'shop', `--from-literal=tenant=${tenant}`);
    const image = `--image=nginx:${tenant}`;
    await ok(tenant, 'create', 'deployment', 'web', '-n', 'shop', image, `--replicas=${REPLICAS[tenant]}`);
  }
  for (const tenant of TENANTS) await ok(tenant, 'rollout', 'status', 'deployment/web', '-n', 'shop', '--timeout=60s');
}, 180_000);

afterAll(async () => {
  await api?.close();
  await gateway?.stop();
  await Promise.all((clusters ?? []).map((cluster) => cluster.stop()));
  rmSync(folder, { recursive: true, force: true });
});

const tmc = (...args: string[]): Promise<string> => runTmc(...args, '--gateway', join(folder, 'admin'));
const kubectlAs = (who: string, tenant: Tenant, ...args: string[]): Promise<KubectlResult> =>
  runKubectl(['--context', `root:${tenant}`, ...args], { kubeconfig: join(folder, who) });
async function ok(tenant: Tenant, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await kubectlAs('admin', tenant, ...args);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')} in ${tenant} ended with ${code}: ${stderr}`);
  return stdout;
}

interface List {
  readonly metadata: { readonly remainingItemCount?: number };
  readonly items: readonly KubeObject[];
}
const list = (tenant: Tenant, path: string): Promise<List> => api.fetchOk<List>(viewOf(tenant) + path);
const podNames = async (tenant: Tenant): Promise<string[]> =>
  (await list(tenant, '/api/v1/namespaces/shop/pods')).items.map(({ metadata }) => metadata.name as string);
const auditLogs = (): string =>
  ['a', 'b'].map((name) => readFileSync(join(folder, `audit-${name}.log`), 'utf8')).join('');

describe('each of two workspaces with equal names', () => {
  test.each(TENANTS)('%s counts its own pods and no others, at every door', async (tenant) => {
    const pods = await list(tenant, '/api/v1/pods');
    expect(pods.items).toHaveLength(REPLICAS[tenant]);
    const images = pods.items.map(
      (pod) => (pod as unknown as { spec: { containers: { image: string }[] } }).spec.containers[0]?.image,
    );
    expect(new Set(images)).toEqual(new Set([`nginx:${tenant}`]));
    const page = await list(tenant, '/api/v1/namespaces/shop/pods?limit=1');
    expect(page.metadata.remainingItemCount).toBe(REPLICAS[tenant] - 1);
    for (const target of ['a', 'b']) {
      const slice = await api.fetchOk<List>(`/services/tmc/synctargets/${target}/clusters/root:${tenant}/api/v1/pods`);
      expect(slice.items.map(({ metadata }) => metadata.labels?.['tmc.kcp.io/cluster'])).toEqual(
        Array.from({ length: REPLICAS[tenant] / 2 }, () => target),
      );
    }
    expect(linesOf(await ok(tenant, 'get', 'pods', '-A', '--no-headers'))).toHaveLength(REPLICAS[tenant]);
    expect(await ok(tenant, 'get', 'deployment', 'web', '-n', 'shop', '--no-headers')).toContain(
      `${REPLICAS[tenant]}/${REPLICAS[tenant]}`,
    );
    expect(await ok(tenant, 'get', 'configmap', 'settings', '-n', 'shop', '-o', 'jsonpath={.data.tenant}')).toBe(
      tenant,
    );
  });

  test.each(TENANTS)("%s finds nothing of the other's in any list", async (tenant) => {
    const other = tenant === 'one' ? 'two' : 'one';
    const names = await podNames(other);
    const uids = (await list(other, '/api/v1/pods')).items.map(({ metadata }) => metadata.uid);
    const kinds = [
      '/api/v1/pods',
      '/api/v1/events',
      '/apis/events.k8s.io/v1/events',
      '/api/v1/configmaps',
      '/api/v1/secrets',
      '/api/v1/serviceaccounts',
      '/api/v1/namespaces',
      '/api/v1/endpoints',
      '/apis/apps/v1/replicasets',
      '/apis/apps/v1/deployments',
      '/apis/coordination.k8s.io/v1/leases',
    ];
    for (const path of kinds) {
      const { text } = await api.fetch(viewOf(tenant) + path);
      const found = [...names, ...uids, `nginx:${other}`, `root:${other}`].filter((mark) =>
        text.includes(mark as string),
      );
      expect(found, path).toEqual([]);
      expect(text.includes('"namespace":"kcp-'), path).toBe(false);
    }
    const namespaces = (await list(tenant, '/api/v1/namespaces')).items.map(({ metadata }) => metadata.name);
    expect(namespaces).toContain('shop');
    expect(namespaces.filter((name) => name?.startsWith('kcp-'))).toEqual([]);
  });

  test.each(TENANTS)("%s cannot reach a pod of the other's by its name, plain or qualified", async (tenant) => {
    const [pod] = (await list(tenant === 'one' ? 'two' : 'one', '/api/v1/namespaces/shop/pods')).items;
    const { name, labels } = pod?.metadata ?? {};
    for (const shown of [name, `${name}@${labels?.['tmc.kcp.io/cluster']}`]) {
      const path = `${viewOf(tenant)}/api/v1/namespaces/shop/pods/${shown}`;
      for (const [method, suffix] of [
        ['GET', ''],
        ['GET', '/log'],
        ['POST', '/exec?command=id&stdout=true'],
        ['DELETE', ''],
        ['POST', '/eviction'],
      ] as const) {
        const body =
          suffix === '/eviction'
            ? { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: shown, namespace: 'shop' } }
            : undefined;
        const { status, json } = await api.fetch(path + suffix, { method, ...(body === undefined ? {} : { body }) });
        expect({ status, kind: json?.kind }, `${method} ${shown}${suffix}`).toEqual({ status: 404, kind: 'Status' });
      }
    }
    expect(await podNames(tenant === 'one' ? 'two' : 'one')).toContain(name);
  });

  test.each(TENANTS)("%s cannot name the other's namespaces as the clusters call them", async (tenant) => {
    const called = (await (clusters[0] as KubeCluster).kubectl('get', 'namespaces', '-o', 'name')).stdout;
    for (const line of linesOf(called).filter((one) => one.includes('/kcp-'))) {
      const namespace = line.replace('namespace/', '');
      expect((await list(tenant, `/api/v1/namespaces/${namespace}/pods`)).items).toEqual([]);
      expect((await api.fetch(`${viewOf(tenant)}/api/v1/namespaces/${namespace}`)).status).toBe(404);
      expect((await list(tenant, `/api/v1/pods?fieldSelector=metadata.namespace%3D${namespace}`)).items).toEqual([]);
    }
  });

  test("one's watches tell nothing of what two does", async () => {
    const paths = [
      '/api/v1/pods',
      '/apis/apps/v1/deployments',
      '/apis/apps/v1/replicasets',
      '/api/v1/configmaps',
      '/api/v1/events',
    ];
    const watches = await Promise.all(paths.map((path) => observeWatch(api, viewOf('one') + path)));
    await ok('two', 'create', 'deployment', 'noise', '-n', 'shop', '--image=nginx:two', '--replicas=2');
    await ok('two', 'rollout', 'status', 'deployment/noise', '-n', 'shop', '--timeout=60s');
    await ok('two', 'delete', 'deployment', 'noise', '-n', 'shop', '--timeout=60s');
    // What is of its own comes: the watches were not merely silent.
    await ok('one', 'create', 'deployment', 'signal', '-n', 'shop', '--image=nginx:one', '--replicas=2');
    await ok('one', 'rollout', 'status', 'deployment/signal', '-n', 'shop', '--timeout=60s');
    await waitFor('signs of its own', () => watches[0]?.events.some(({ name }) => name.startsWith('signal-')));
    expect(watches.flatMap(({ events }) => events).filter(({ name }) => name.startsWith('noise'))).toEqual([]);
    for (const watch of watches) watch.close();
    await ok('one', 'delete', 'deployment', 'signal', '-n', 'shop', '--timeout=60s');
  });
});

describe('a person with rights in one workspace', () => {
  test('works there and is forbidden in the other, whatever the door', async () => {
    const allowed = await api.fetch(`${viewOf('one')}/api/v1/namespaces/shop/pods`, { token: 'ann-token' });
    expect(allowed.status).toBe(200);
    const [pod] = await podNames('two');
    const doors = [
      '/services/tmc/clusters/root:two',
      '/clusters/root:two',
      '/services/tmc/synctargets/a/clusters/root:two',
    ];
    for (const door of doors) {
      for (const [method, path] of [
        ['GET', '/api/v1/pods'],
        ['GET', `/api/v1/namespaces/shop/pods/${pod}`],
        ['GET', `/api/v1/namespaces/shop/pods/${pod}/log`],
        ['POST', `/api/v1/namespaces/shop/pods/${pod}/exec?command=id`],
        ['DELETE', '/api/v1/namespaces/shop/configmaps/settings'],
        ['GET', '/api/v1/pods?watch=true'],
      ] as const) {
        const { status, json } = await api.fetch(door + path, { method, token: 'ann-token' });
        expect({ status, kind: json?.kind }, `${method} ${door}${path}`).toEqual({ status: 403, kind: 'Status' });
      }
    }
    for (const everything of ['/services/tmc/clusters/*', '/clusters/*']) {
      expect((await api.fetch(`${everything}/api/v1/pods`, { token: 'ann-token' })).status, everything).toBe(403);
    }
    expect((await kubectlAs('ann', 'one', 'get', 'pods', '-n', 'shop')).code).toBe(0);
    expect((await kubectlAs('ann', 'two', 'get', 'pods', '-n', 'shop')).stderr).toContain('Forbidden');
  });

  test('has a token of a ServiceAccount that is nobody in the other', async () => {
    await ok('one', 'create', 'serviceaccount', 'robot', '-n', 'shop');
    await ok(
      'one',
      'create',
      'clusterrolebinding',
      'robot',
      '--clusterrole=cluster-admin',
      '--serviceaccount=shop:robot',
    );
    await ok('two', 'create', 'serviceaccount', 'robot', '-n', 'shop');
    await ok(
      'two',
      'create',
      'clusterrolebinding',
      'robot',
      '--clusterrole=cluster-admin',
      '--serviceaccount=shop:robot',
    );
    const token = (await ok('one', 'create', 'token', 'robot', '-n', 'shop')).trim();
    expect((await api.fetch(`${viewOf('one')}/api/v1/pods`, { token })).status).toBe(200);
    expect([401, 403]).toContain((await api.fetch(`${viewOf('two')}/api/v1/pods`, { token })).status);
  });
});

describe('rights that change while watches go on', () => {
  const kinds = ['/api/v1/pods', '/apis/apps/v1/deployments'];
  const bind = (what: string, ...args: string[]) =>
    ok('one', 'create', what, 'carl', '--clusterrole=view', '--user=carl', ...args);

  test('act on them: what is lost is DELETED, the rest goes on, and without any the watch ends with 403', async () => {
    await ok('one', 'create', 'namespace', 'back');
    await ok('one', 'create', 'deployment', 'store', '-n', 'back', '--image=nginx:one', '--replicas=2');
    await ok('one', 'rollout', 'status', 'deployment/store', '-n', 'back', '--timeout=60s');
    await bind('clusterrolebinding');
    await bind('rolebinding', '-n', 'shop');
    const carl = new ApiClient({
      url: api.url,
      caPem: readFileSync(join(gateway.dataDir, 'pki', 'ca.crt'), 'utf8'),
      adminToken: 'carl-token',
    });
    try {
      const watches = await Promise.all(kinds.map((kind) => observeWatch(carl, viewOf('one') + kind)));
      const others = await Promise.all(kinds.map((kind) => observeWatch(api, viewOf('one') + kind)));
      const hubs = await observeWatch(carl, '/clusters/root:one/apis/apps/v1/deployments');
      const seen = (namespace: string) =>
        watches.map(({ state }) => [...state.keys()].filter((key) => key.startsWith(`${namespace}/`)).length);
      await waitFor('all to be seen', () => String([seen('back'), seen('shop')]) === `2,1,${REPLICAS.one},1`);

      await ok('one', 'delete', 'clusterrolebinding', 'carl');
      await waitFor('what is lost to be gone', () => String(seen('back')) === '0,0');
      await waitFor('the watch at the other door to end', () => hubs.ended);
      expect(hubs.events.at(-1)).toMatchObject({ type: 'ERROR' });
      await ok('one', 'scale', 'deployment', 'store', '-n', 'back', '--replicas=3');
      await ok('one', 'label', 'deployment', 'web', '-n', 'shop', 'seen=yes');
      await waitFor('what is left to go on', () => watches[1]?.state.get('shop/web')?.metadata.labels?.seen === 'yes');
      expect([seen('back'), seen('shop')]).toEqual([
        [0, 0],
        [REPLICAS.one, 1],
      ]);

      await bind('clusterrolebinding');
      await waitFor('what is won back', () => String(seen('back')) === '3,1');
      await ok('one', 'delete', 'clusterrolebinding', 'carl');
      await ok('one', 'delete', 'rolebinding', 'carl', '-n', 'shop');
      await waitFor('the watches to end', () => watches.every(({ ended }) => ended));
      expect([seen('back'), seen('shop')]).toEqual([
        [0, 0],
        [0, 0],
      ]);
      for (const { events } of watches) expect(events.at(-1)).toMatchObject({ type: 'ERROR' });
      for (const { ended, events } of others)
        expect([ended, events.filter(({ type }) => type === 'DELETED')]).toEqual([false, []]);
      for (const watch of others) watch.close();
      expect((await carl.fetch(`${viewOf('one')}/api/v1/pods?watch=true`)).status).toBe(403);
    } finally {
      await carl.close();
      await ok('one', 'delete', 'namespace', 'back', '--timeout=60s');
      await waitFor('the namespace to be gone from the clusters', async () => {
        const all = await Promise.all(clusters.map((cluster) => cluster.fetchOk<List>('/api/v1/namespaces')));
        const locators = all
          .flatMap(({ items }) => items)
          .map(({ metadata }) => metadata.annotations?.['kcp.io/namespace-locator']);
        return !locators.some((locator) => locator?.includes('"back"'));
      });
    }
  });
});

describe('who may nothing', () => {
  const tries = async (): Promise<[string, string][]> => {
    const [pod] = await podNames('one');
    return [
      ['GET', '/api/v1/pods'],
      ['GET', '/api'],
      ['GET', `/api/v1/namespaces/shop/pods/${pod}`],
      ['GET', `/api/v1/namespaces/shop/pods/${pod}/log?sinceSeconds=4711`],
      ['POST', `/api/v1/namespaces/shop/pods/${pod}/exec?command=mark-4711&stdout=true`],
      ['DELETE', `/api/v1/namespaces/shop/pods/${pod}?gracePeriodSeconds=4711`],
      ['GET', '/api/v1/nodes?labelSelector=mark-4711'],
      ['POST', '/apis/apps/v1/namespaces/shop/deployments?fieldManager=mark-4711'],
    ];
  };

  test.each([
    ['a token of a stranger', 'stranger-token', 401, 'Unauthorized'],
    ['a token without rights', 'nobody-token', 403, 'Forbidden'],
    ['no token', null, 401, 'Unauthorized'],
  ])('%s is refused with a Status, and no cluster hears of it', async (_what, token, status, reason) => {
    for (const [method, path] of await tries()) {
      const body =
        method === 'POST' && path.includes('deployments')
          ? { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'mark-4711' } }
          : undefined;
      const answer = await api.fetch<KubeObject & { reason?: string }>(viewOf('one') + path, {
        method,
        token,
        ...(body === undefined ? {} : { body }),
      });
      // Discovery is for everyone who is someone, as in Kubernetes (system:discovery).
      if (path === '/api' && token === 'nobody-token') continue;
      expect(
        { status: answer.status, kind: answer.json?.kind, reason: answer.json?.reason },
        `${method} ${path}`,
      ).toEqual({ status, kind: 'Status', reason });
    }
    expect(auditLogs().match(/mark-4711|Seconds=4711/g)).toBeNull();
  });

  test('while what is allowed does show in the audit log of a cluster', async () => {
    const [pod] = await podNames('one');
    const path = `${viewOf('one')}/api/v1/namespaces/shop/pods/${pod}/log?sinceSeconds=4712`;
    expect((await api.fetch(path)).status).toBe(200);
    await waitFor('the request in an audit log', () => auditLogs().includes('sinceSeconds=4712'));
  });
});

describe('deleting a workspace', () => {
  test("takes its namespaces from the clusters, and leaves the other's pods as they are", async () => {
    const before = (await list('one', '/api/v1/pods')).items.map(({ metadata }) => metadata.uid).sort();
    const watch = await observeWatch(api, `${viewOf('one')}/api/v1/pods`);
    const namespacesOf = async (tenant: Tenant): Promise<string[]> => {
      const all = await Promise.all(clusters.map((cluster) => cluster.fetchOk<List>('/api/v1/namespaces')));
      return all
        .flatMap(({ items }) => items)
        .filter(({ metadata }) => metadata.annotations?.['kcp.io/namespace-locator']?.includes(`root:${tenant}"`))
        .map(({ metadata }) => metadata.name as string);
    };
    expect((await namespacesOf('two')).length).toBeGreaterThanOrEqual(2);
    const kept = await namespacesOf('one');
    await tmc('workspace', 'delete', 'two');
    await waitFor("two's namespaces to be gone at the clusters", async () => (await namespacesOf('two')).length === 0, {
      timeoutMs: 60_000,
    });
    expect(await namespacesOf('one')).toEqual(kept);
    expect((await list('one', '/api/v1/pods')).items.map(({ metadata }) => metadata.uid).sort()).toEqual(before);
    expect(watch.events.filter(({ type }) => type !== 'ADDED')).toEqual([]);
    watch.close();
    expect([403, 404]).toContain((await api.fetch(`${viewOf('two')}/api/v1/pods`, { token: 'bob-token' })).status);
  });
});
