import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseServerConfig } from '../src/config.ts';
import { silentLogger } from '../src/reconcile/logger.ts';
import { type RunningServer, startServer } from '../src/server.ts';
import { type Answer, ask } from './support/serving.ts';

let server: RunningServer;
let directory: string;
const configFor = () =>
  parseServerConfig({
    port: 0,
    dataDir: directory,
    shutdownGraceSeconds: 1,
    authentication: { tokenFile: join(directory, 'tokens.csv') },
  });

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tmc-server-'));
  await writeFile(
    join(directory, 'tokens.csv'),
    'admin-token,admin,1,"system:masters"\nann-token,ann,2,"devs,testers"\nbob-token,bob,3\n',
  );
  server = await startServer(configFor(), { log: silentLogger });
});
afterAll(async () => {
  await server.close();
  await rm(directory, { recursive: true, force: true });
});

interface Call {
  method?: string;
  body?: unknown;
  headers?: Record<string, string | string[]>;
  cert?: string;
  key?: string;
}

async function call(token: string | undefined, path: string, { method, body, headers = {}, ...tls }: Call = {}) {
  const origin = `https://127.0.0.1:${server.port}`;
  const answer: Answer = await ask({ origin, certificates: server.certificates }, path, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...tls,
  });
  const text = answer.body.toString();
  return { status: answer.status, headers: answer.headers, body: text.startsWith('{') ? JSON.parse(text) : text };
}

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const until = { timeout: 5_000 };

async function makeWorkspace(token: string, parent: string, name: string): Promise<string> {
  const made = await call(token, `/clusters/${parent}/apis/tenancy.kcp.io/v1alpha1/workspaces`, {
    body: { apiVersion: 'tenancy.kcp.io/v1alpha1', kind: 'Workspace', metadata: { name } },
  });
  expect(made.body).toMatchObject({ kind: 'Workspace' });
  const phase = async () =>
    (await call('admin-token', `/clusters/${parent}/apis/tenancy.kcp.io/v1alpha1/workspaces/${name}`)).body.status
      ?.phase;
  await expect.poll(phase, until).toBe('Ready');
  const path = `${parent}:${name}`;
  await expect
    .poll(async () => (await call('admin-token', `/clusters/${path}/api/v1/namespaces`)).status, until)
    .toBe(200);
  return path;
}

/** Lets `user` do `verbs` on `resources` everywhere in the workspace. */
async function grant(workspace: string, name: string, user: string, rule: object): Promise<void> {
  const role = { metadata: { name }, rules: [rule] };
  const binding = {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: user }],
  };
  for (const [resource, body] of [
    ['clusterroles', role],
    ['clusterrolebindings', binding],
  ] as const) {
    expect((await call('admin-token', `/clusters/${workspace}${RBAC}/${resource}`, { body })).status).toBe(201);
  }
}

describe('who calls', () => {
  it("is nobody without a credential, or with a stranger's: 401", async () => {
    for (const token of [undefined, 'stranger', 'a.b.c']) {
      const { status, body } = await call(token, '/clusters/root/api/v1/namespaces');
      expect(status).toBe(401);
      expect(body).toMatchObject({ kind: 'Status', reason: 'Unauthorized', code: 401 });
    }
  });

  it('may be a client certificate of our authority', async () => {
    const pair = await server.certificates.issueClient({
      commonName: 'carol',
      organizations: ['system:masters', 'ops'],
    });
    const { status, body } = await call(undefined, '/clusters/root/apis/authentication.k8s.io/v1/selfsubjectreviews', {
      body: {},
      ...pair,
    });
    expect(status).toBe(201);
    expect(body.status.userInfo).toMatchObject({
      username: 'carol',
      groups: ['system:masters', 'ops', 'system:authenticated'],
    });
  });

  it('is 401 with a certificate of another authority', async () => {
    const { openCertificates } = await import('../src/http/certificates.ts');
    const other = await openCertificates({ directory: join(directory, 'other-pki') });
    const pair = await other.issueClient({ commonName: 'admin', organizations: ['system:masters'] });
    expect((await call(undefined, '/clusters/root/api/v1/namespaces', pair)).status).toBe(401);
  });

  it('is told by SelfSubjectReview, with impersonation where allowed', async () => {
    const review = '/clusters/root/apis/authentication.k8s.io/v1/selfsubjectreviews';
    const ann = await call('ann-token', review, { body: {} });
    expect(ann.body.status.userInfo).toEqual({
      username: 'ann',
      uid: '2',
      groups: ['devs', 'testers', 'system:authenticated'],
    });
    expect(ann.body.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT[\d:]{8}Z$/);
    const as = { 'impersonate-user': 'dave', 'impersonate-group': ['g1', 'g2'], 'impersonate-extra-a%2fb': ['x', 'y'] };
    const dave = await call('admin-token', review, { body: {}, headers: as });
    expect(dave.body.status.userInfo).toEqual({
      username: 'dave',
      groups: ['g1', 'g2', 'system:authenticated'],
      extra: { 'a/b': ['x', 'y'] },
    });
    const refused = await call('ann-token', review, { body: {}, headers: as });
    expect(refused.status).toBe(403);
    expect(refused.body.message).toBe(
      'users "dave" is forbidden: User "ann" cannot impersonate resource "users" in API group "" at the cluster scope',
    );
  });
});

describe('an open watch', () => {
  it('is counted while it lasts', async () => {
    const open = async () => {
      const { text } = await server.metrics.expose();
      return Number(/^tmc_api_long_running_requests\{door="hub",verb="watch"\} (\d+)$/m.exec(text)?.[1] ?? 0);
    };
    const before = await open();
    const watching = call('admin-token', '/clusters/root/api/v1/namespaces?watch=1&timeoutSeconds=1');
    await expect.poll(open, until).toBe(before + 1);
    expect((await watching).status).toBe(200);
    await expect.poll(open, until).toBe(before);
  });
});

describe('where', () => {
  it('malformed is 400, unknown 403 in the words of a denial', async () => {
    expect((await call('ann-token', '/clusters/Root/api/v1/namespaces')).status).toBe(400);
    expect((await call('ann-token', '/clusters/root::a/api/v1/namespaces')).status).toBe(400);
    const unknown = await call('ann-token', '/clusters/root:none/api/v1/namespaces');
    const denied = await call('ann-token', '/clusters/root/api/v1/namespaces');
    expect(unknown).toMatchObject({ status: 403, body: denied.body });
    expect((await call('admin-token', '/clusters/root:none/api/v1/namespaces')).status).toBe(403);
  });

  it('outside any workspace is 404; probes and version are open, metrics are not', async () => {
    expect((await call('admin-token', '/api/v1/namespaces')).status).toBe(404);
    expect((await call(undefined, '/livez')).body).toBe('ok');
    expect((await call(undefined, '/readyz?verbose')).body).toContain('[+]store ok');
    expect((await call(undefined, '/version')).body).toHaveProperty('gitVersion');
    expect((await call(undefined, '/metrics')).status).toBe(401);
    expect((await call('ann-token', '/metrics')).status).toBe(403);
    expect((await call('admin-token', '/metrics')).body).toContain('tmc_api_requests_total{');
  });

  it('everywhere is for administrators', async () => {
    expect((await call('admin-token', '/clusters/*/api/v1/namespaces')).status).toBe(200);
    expect((await call('ann-token', '/clusters/*/api/v1/namespaces')).status).toBe(403);
    expect((await call('admin-token', '/clusters/*/api/v1/namespaces', { body: {} })).status).toBe(405);
  });
});

describe('a workspace', () => {
  it('belongs to whoever made it, and to nobody else', async () => {
    await grant('root', 'makers', 'ann', { apiGroups: ['tenancy.kcp.io'], resources: ['workspaces'], verbs: ['*'] });
    const make = () => call('ann-token', '/clusters/root/apis/tenancy.kcp.io/v1alpha1/workspaces');
    await expect.poll(async () => (await make()).status, until).toBe(200);
    const path = await makeWorkspace('ann-token', 'root', 'anns');
    await expect
      .poll(async () => (await call('ann-token', `/clusters/${path}/api/v1/namespaces`)).status, until)
      .toBe(200);
    expect((await call('bob-token', `/clusters/${path}/api/v1/namespaces`)).status).toBe(403);
    expect((await call('ann-token', '/clusters/root/api/v1/namespaces')).status).toBe(403);
    const object = await call('ann-token', '/clusters/root/apis/tenancy.kcp.io/v1alpha1/workspaces/anns');
    expect(object.body.spec).toMatchObject({ cluster: path, URL: `${server.url}/clusters/${path}` });
    expect(JSON.parse(object.body.metadata.annotations['experimental.tenancy.kcp.io/owner']).username).toBe('ann');
  });

  it('keeps its owner, whoever edits the object', async () => {
    await makeWorkspace('admin-token', 'root', 'kept');
    const path = '/clusters/root/apis/tenancy.kcp.io/v1alpha1/workspaces/kept';
    const patched = await call('ann-token', path, {
      method: 'PATCH',
      body: { metadata: { annotations: { 'experimental.tenancy.kcp.io/owner': '{"username":"ann"}' } } },
      headers: { 'content-type': 'application/merge-patch+json' },
    });
    expect(JSON.parse(patched.body.metadata.annotations['experimental.tenancy.kcp.io/owner']).username).toBe('admin');
  });

  it('is emptied when deleted, with those below it, and can be made anew', async () => {
    const parent = await makeWorkspace('admin-token', 'root', 'gone');
    const child = await makeWorkspace('admin-token', parent, 'below');
    const held = { metadata: { name: 'held', finalizers: ['example.com/hold'] }, data: { a: '1' } };
    const maps = `/clusters/${child}/api/v1/namespaces/default/configmaps`;
    expect((await call('admin-token', maps, { body: held })).status).toBe(201);
    const object = '/clusters/root/apis/tenancy.kcp.io/v1alpha1/workspaces/gone';
    expect((await call('admin-token', object, { method: 'DELETE' })).status).toBe(200);
    await expect.poll(async () => (await call('admin-token', maps)).status, until).toBe(503);
    const retry = await call('admin-token', maps);
    expect(retry.headers['retry-after']).toBe('1');
    const stored = () =>
      server.hub.client.get({
        workspace: child,
        group: '',
        resource: 'configmaps',
        namespace: 'default',
        name: 'held',
      });
    await expect.poll(async () => (await stored())?.metadata.deletionTimestamp, until).toBeDefined();
    expect((await call('admin-token', object)).status).toBe(200);
    const { metadata, ...rest } = (await stored()) ?? { metadata: {}, apiVersion: '', kind: '' };
    const { finalizers: _held, ...released } = metadata;
    await server.hub.client.update(child, { group: '', resource: 'configmaps' }, { ...rest, metadata: released });
    await expect.poll(async () => (await call('admin-token', object)).status, { timeout: 10_000 }).toBe(404);
    await makeWorkspace('admin-token', 'root', 'gone');
    expect((await call('admin-token', `/clusters/${child}/api/v1/namespaces`)).status).toBe(403);
    const maps2 = await call('admin-token', `/clusters/${parent}/api/v1/namespaces/default/configmaps`);
    expect(maps2.body.items).toEqual([]);
  });
});

describe('a service account', () => {
  it('gets tokens that hold in its workspace only, and while it lives', async () => {
    const home = await makeWorkspace('admin-token', 'root', 'home');
    const other = await makeWorkspace('admin-token', 'root', 'other');
    for (const workspace of [home, other]) {
      await grant(workspace, 'reader', 'system:serviceaccount:default:bot', {
        apiGroups: [''],
        resources: ['*'],
        verbs: ['get', 'list'],
      });
      const body = { metadata: { name: 'bot' } };
      expect(
        (await call('admin-token', `/clusters/${workspace}/api/v1/namespaces/default/serviceaccounts`, { body }))
          .status,
      ).toBe(201);
    }
    const account = `/clusters/${home}/api/v1/namespaces/default/serviceaccounts/bot`;
    const made = await call('admin-token', `${account}/token`, { body: { spec: { expirationSeconds: 700 } } });
    expect(made.status).toBe(201);
    const token = made.body.status.token as string;
    const maps = (workspace: string) => `/clusters/${workspace}/api/v1/namespaces/default/configmaps`;
    await expect.poll(async () => (await call(token, maps(home))).status, until).toBe(200);
    expect((await call(token, maps(other))).status).toBe(401);
    expect((await call(token, maps('root'))).status).toBe(401);
    const review = { body: { spec: { token } } };
    const reviews = (workspace: string) => `/clusters/${workspace}/apis/authentication.k8s.io/v1/tokenreviews`;
    expect((await call('admin-token', reviews(home), review)).body.status).toMatchObject({
      authenticated: true,
      user: { username: 'system:serviceaccount:default:bot' },
    });
    expect((await call('admin-token', reviews(other), review)).body.status.authenticated).toBe(false);
    const foreign = await call('admin-token', `${account}/token`, { body: { spec: { audiences: ['vault'] } } });
    expect((await call(foreign.body.status.token, maps(home))).status).toBe(401);
    expect((await call('admin-token', `${account}/token`, { body: { spec: { expirationSeconds: 5 } } })).status).toBe(
      422,
    );
    expect((await call('admin-token', account, { method: 'DELETE' })).status).toBe(200);
    expect((await call(token, maps(home))).status).toBe(401);
  });
});

describe('rights', () => {
  const access = (resourceAttributes: object) => ({
    body: { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes } },
  });
  const reviews = (workspace: string, kind: string) => `/clusters/${workspace}/apis/authorization.k8s.io/v1/${kind}`;

  it('are what the reviews say', async () => {
    const path = await makeWorkspace('admin-token', 'root', 'rights');
    await grant(path, 'pods', 'bob', { apiGroups: [''], resources: ['configmaps'], verbs: ['list'] });
    const maps = `/clusters/${path}/api/v1/namespaces/default/configmaps`;
    await expect.poll(async () => (await call('bob-token', maps)).status, until).toBe(200);
    const may = async (attributes: object) =>
      (await call('bob-token', reviews(path, 'selfsubjectaccessreviews'), access(attributes))).body.status;
    expect(await may({ verb: 'list', resource: 'configmaps', namespace: 'default' })).toMatchObject({
      allowed: true,
      reason: 'RBAC: allowed by ClusterRoleBinding "pods" of ClusterRole "pods" to User "bob"',
    });
    expect(await may({ verb: 'delete', resource: 'configmaps', namespace: 'default' })).toEqual({ allowed: false });
    const rules = await call('bob-token', reviews(path, 'selfsubjectrulesreviews'), {
      body: { spec: { namespace: 'default' } },
    });
    expect(rules.body.status.resourceRules).toContainEqual({
      verbs: ['list'],
      apiGroups: [''],
      resources: ['configmaps'],
    });
    const other = { spec: { user: 'bob', resourceAttributes: { verb: 'list', resource: 'configmaps' } } };
    expect(
      (await call('admin-token', reviews(path, 'subjectaccessreviews'), { body: other })).body.status.allowed,
    ).toBe(true);
    expect((await call('bob-token', reviews(path, 'subjectaccessreviews'), { body: other })).status).toBe(403);
  });

  it('cannot be given by those who do not hold them', async () => {
    const path = await makeWorkspace('admin-token', 'root', 'escalation');
    const rule = {
      apiGroups: ['rbac.authorization.k8s.io'],
      resources: ['roles', 'rolebindings'],
      verbs: ['create', 'get'],
    };
    await grant(path, 'grantor', 'bob', rule);
    const roles = `/clusters/${path}${RBAC}/namespaces/default/roles`;
    await expect.poll(async () => (await call('bob-token', `${roles}/none`)).status, until).toBe(404);
    const secrets = { apiGroups: [''], resources: ['secrets'], verbs: ['get', 'list'] };
    const refused = await call('bob-token', roles, { body: { metadata: { name: 'r' }, rules: [secrets] } });
    expect(refused.status).toBe(403);
    expect(refused.body.message).toBe(
      'roles.rbac.authorization.k8s.io "r" is forbidden: user "bob" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}',
    );
    expect((await call('bob-token', roles, { body: { metadata: { name: 'r' }, rules: [rule] } })).status).toBe(201);
    const binding = {
      metadata: { name: 'b' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'bob' }],
    };
    expect(
      (await call('bob-token', `/clusters/${path}${RBAC}/namespaces/default/rolebindings`, { body: binding })).status,
    ).toBe(403);
  });

  it("of a workspace's owner end at its border, even by impersonation", async () => {
    const path = await makeWorkspace('ann-token', 'root', 'border');
    await expect
      .poll(async () => (await call('ann-token', `/clusters/${path}/api/v1/namespaces`)).status, until)
      .toBe(200);
    const as = { 'impersonate-user': 'x', 'impersonate-group': 'system:masters' };
    expect((await call('ann-token', `/clusters/${path}/api/v1/namespaces`, { headers: as })).status).toBe(403);
  });
});

describe('the data directory', () => {
  it('has keys that only the owner can read, and an audit line for each request, denied ones too', async () => {
    for (const file of ['pki/ca.key', 'pki/server.key', 'pki/sa.key', 'encryption.key', 'audit.log']) {
      expect((await stat(join(directory, file))).mode & 0o077).toBe(0);
    }
    const { headers } = await call('bob-token', '/clusters/root/api/v1/secrets');
    const find = async () => {
      const lines = (await readFile(join(directory, 'audit.log'), 'utf8'))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line));
      return lines.find((line) => line.auditID === headers['audit-id']);
    };
    await expect.poll(find, until).toMatchObject({
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: 'Metadata',
      verb: 'list',
      user: { username: 'bob' },
      objectRef: { resource: 'secrets', apiVersion: 'v1' },
      responseStatus: { code: 403 },
      annotations: { 'authorization.k8s.io/decision': 'forbid', 'tmc.kcp.io/workspace': 'root' },
    });
    expect(await readFile(join(directory, 'audit.log'), 'utf8')).not.toContain('bob-token');
  });

  it('makes a restart go on where it was, certificates and tokens included', async () => {
    const made = await call('admin-token', '/clusters/root/api/v1/namespaces/default/serviceaccounts/default/token', {
      body: {},
    });
    const before = server.certificates.ca;
    await server.close();
    server = await startServer(configFor(), { log: silentLogger });
    expect(server.certificates.ca).toBe(before);
    const { status } = await call(made.body.status.token, '/clusters/root/api');
    expect(status).toBe(200);
  });
});
