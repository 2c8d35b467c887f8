/** What is authored in the hub is shown to a real cluster first: its word counts, and nothing of it is noise. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type JoinedClusters, joinClusters, VIEW } from '../support/joined-clusters.ts';
import { waitFor } from '../support/wait-for.ts';

let joined: JoinedClusters<'east'>;
beforeAll(async () => {
  joined = await joinClusters(['east'], { nodes: 1 });
});
afterAll(() => joined?.stop());

const PATH = '/apis/apps/v1/namespaces/default/deployments';
const deployment = (name: string, spec: object = {}, labels: Record<string, string> = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, labels },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'nginx' }], ...spec } },
  },
});
const create = (object: object) => joined.admin.fetch(`${VIEW}${PATH}`, { method: 'POST', body: object });
const messageOf = (answer: { json: unknown }) => (answer.json as { message?: string }).message;
/** What the audit says of the last create. */
function lastValidatedBy(): string | undefined {
  const lines = readFileSync(join(joined.gateway().dataDir, 'audit.log'), 'utf8').trim().split('\n');
  return lines
    .map((line) => (JSON.parse(line) as { annotations: Record<string, string> }).annotations['tmc.kcp.io/validated-by'])
    .findLast((by) => by !== undefined);
}

/** The cluster itself denies such operations on Deployments where the expression holds. */
async function deny(name: string, operation: string, expression: string, message: string): Promise<void> {
  const group = '/apis/admissionregistration.k8s.io/v1';
  const head = (kind: string) => ({ apiVersion: 'admissionregistration.k8s.io/v1', kind, metadata: { name } });
  const rule = { apiGroups: ['apps'], apiVersions: ['v1'], operations: [operation], resources: ['deployments'] };
  const policy = {
    ...head('ValidatingAdmissionPolicy'),
    spec: {
      matchConstraints: { resourceRules: [rule] },
      validations: [{ expression: `!(${expression})`, message }],
    },
  };
  const binding = {
    ...head('ValidatingAdmissionPolicyBinding'),
    spec: { policyName: name, validationActions: ['Deny'] },
  };
  const { east } = joined.clusters;
  await east.fetchOk(`${group}/validatingadmissionpolicies`, { method: 'POST', body: policy });
  await east.fetchOk(`${group}/validatingadmissionpolicybindings`, { method: 'POST', body: binding });
}

describe('a cluster looks at what is authored', () => {
  test('what only it knows to be invalid is refused in its words, before anything was ever placed there', async () => {
    const bad = deployment('bad', { hostAliases: [{ ip: 'nowhere', hostnames: ['a'] }] });
    const direct = await joined.clusters.east.fetch(`${PATH}?dryRun=All`, { method: 'POST', body: bad });
    expect(direct.status).toBe(422);
    const ours = await create(bad);
    expect(ours.json).toEqual(direct.json);
    expect((await joined.admin.fetch(`${VIEW}${PATH}/bad`)).status).toBe(404);
  });

  test('what it takes says nothing of it: no warning, no annotation, no difference to what was applied', async () => {
    const answer = await create(deployment('good'));
    expect(answer.status).toBe(201);
    expect(answer.headers.warning).toBeUndefined();
    const { metadata } = answer.json as { metadata: { annotations?: object } };
    expect(JSON.stringify(metadata)).not.toContain('validated');
    const file = JSON.stringify(deployment('applied'));
    const apply = (...args: string[]) => joined.kubectlWith({ stdin: file }, 'apply', '-f', '-', ...args);
    expect((await apply('--server-side')).code).toBe(0);
    expect((await apply('--server-side', '--dry-run=server')).stderr).toBe('');
    const diff = await joined.kubectlWith({ stdin: file }, 'diff', '--server-side', '-f', '-');
    expect(diff.stdout).not.toContain('validated');
  });

  test("quotas of the cluster's own refuse nothing in the hub, its policies warn", async () => {
    const { east } = joined.clusters;
    const namespace = await waitFor('the namespace of the workspace in the cluster', async () => {
      const list = await east.fetchOk<{ items: { metadata: { name: string } }[] }>('/api/v1/namespaces');
      return list.items.find((one) => one.metadata.name.startsWith('kcp-'))?.metadata.name;
    });
    const quota = {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'none' },
      spec: { hard: { 'count/deployments.apps': '0' } },
    };
    await east.fetchOk(`/api/v1/namespaces/${namespace}/resourcequotas`, { method: 'POST', body: quota });
    await waitFor('the quota to be counted', async () => {
      const direct = `/apis/apps/v1/namespaces/${namespace}/deployments?dryRun=All`;
      return (await east.fetch(direct, { method: 'POST', body: deployment('x') })).text.includes('exceeded quota');
    });
    const within = await create(deployment('within'));
    expect(within.status, within.text).toBe(201);
    expect(within.headers.warning).toBeUndefined();
    await east.fetchOk(`/api/v1/namespaces/${namespace}/resourcequotas/none`, { method: 'DELETE' });

    await deny('no-risk', 'CREATE', "'risk' in object.metadata.?labels.orValue({})", 'too risky');
    await waitFor(
      'the policy to be in force',
      async () =>
        (await east.fetch(`${PATH}?dryRun=All`, { method: 'POST', body: deployment('x', {}, { risk: 'high' }) }))
          .status === 422,
      { timeoutMs: 30_000 },
    );
    const risky = await create(deployment('risky', {}, { risk: 'high' }));
    expect(risky.status, messageOf(risky)).toBe(201);
    expect(String(risky.headers.warning)).toContain('cluster \\"east\\" would refuse this: ');
    expect(String(risky.headers.warning)).toContain('too risky');
  });

  test('a change is shown to what was placed, under the rules for updates', async () => {
    const { east } = joined.clusters;
    expect((await create(deployment('placed'))).status).toBe(201);
    await waitFor(
      'the deployment to be placed',
      async () =>
        (await east.fetchOk<{ items: { metadata: { name: string } }[] }>('/apis/apps/v1/deployments')).items.some(
          ({ metadata }) => metadata.name === 'placed',
        ),
      { timeoutMs: 30_000 },
    );
    await deny('no-growth', 'UPDATE', 'object.spec.replicas > oldObject.spec.replicas + 2', 'grows too fast');
    const scale = (replicas: number) =>
      joined.admin.fetch(`${VIEW}${PATH}/placed?dryRun=All`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/merge-patch+json' },
        body: { spec: { replicas } },
      });
    let replicas = 9;
    await waitFor(
      'the policy to be in force',
      // What was valid is not shown again for a while.
      async () => String((await scale(replicas++)).headers.warning).includes('grows too fast'),
      { timeoutMs: 30_000, intervalMs: 500 },
    );
    const within = await scale(2);
    expect([within.status, within.headers.warning]).toEqual([200, undefined]);
  });

  test('a cluster that hangs does not hold writes up', async () => {
    const { east } = joined.clusters;
    await east.kill('apiserver', 'SIGSTOP');
    try {
      const begun = performance.now();
      const answer = await create(deployment('meanwhile'));
      expect(answer.status).toBe(201);
      expect(performance.now() - begun).toBeLessThan(3_000);
      const again = performance.now();
      expect((await create(deployment('meanwhile-too'))).status).toBe(201);
      expect(performance.now() - again).toBeLessThan(1_000);
    } finally {
      await east.kill('apiserver', 'SIGCONT');
    }
  });

  test('the audit says who looked', async () => {
    let at = 0;
    await waitFor(
      'the cluster to be asked again',
      async () => {
        await create(deployment(`later-${at++}`));
        return lastValidatedBy() === 'east';
      },
      { timeoutMs: 60_000, intervalMs: 1_000 },
    );
  });
});
