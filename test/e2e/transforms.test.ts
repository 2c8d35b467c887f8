/** What a workspace holds, counted, and copies that differ by cluster: kubectl on `tmc dev` with its embedded clusters. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findKubectl, type KubectlResult, runKubectl } from '../support/kubectl.ts';
import { type RunningGateway, runGateway } from '../support/run-gateway.ts';
import { waitFor } from '../support/wait-for.ts';

const TRANSFORM = `
apiVersion: tmc.kcp.io/v1alpha1
kind: ResourceTransform
metadata: {name: env}
spec:
  resources: [{group: apps, resource: deployments}]
  selector: {matchLabels: {app: web}}
  transforms:
  - {operation: Template, path: /spec/template/metadata/labels/env, template: "on-{{ .cluster.name }}"}
  - operation: Template
    path: /metadata/annotations/region
    template: '{{ index .cluster.labels "topology.kubernetes.io/region" }}'
`;
const PROTECTED = TRANSFORM.replaceAll('/metadata/annotations/region', '/metadata/namespace');

describe.skipIf(findKubectl() === undefined)('AggregatedView and ResourceTransform (skipped without kubectl)', () => {
  let gateway: RunningGateway;
  beforeAll(async () => {
    gateway = await runGateway();
  }, 60_000);
  afterAll(() => gateway?.stop());

  const kubectl = (args: readonly string[], stdin?: string): Promise<KubectlResult> =>
    runKubectl(args, { kubeconfig: gateway.kubeconfig, ...(stdin === undefined ? {} : { stdin }) });
  const ok = async (args: readonly string[], stdin?: string): Promise<string> => {
    const { code, stdout, stderr } = await kubectl(args, stdin);
    expect(stderr + stdout, `kubectl ${args.join(' ')}`).toSatisfy(() => code === 0);
    return stdout;
  };
  const count = async (...args: string[]): Promise<number> =>
    (JSON.parse(await ok(['get', ...args, '-o', 'json'])) as { items: unknown[] }).items.length;

  test('the counts are those of the lists', async () => {
    await ok(['rollout', 'status', 'deployment/hello', '--timeout=30s']);
    const [view] = (JSON.parse(await ok(['get', 'aggregatedviews', '-o', 'json'])) as { items: { status: Status }[] })
      .items;
    expect(view?.status).toMatchObject({
      syncTargets: ['east', 'west'],
      healthStatus: { healthy: 2, degraded: 0, unhealthy: 0, unknown: 0 },
      health: 'Healthy',
    });
    const counts = view?.status.resourceCount ?? {};
    for (const [as, resource] of [
      ['deployments', 'deployments'],
      ['pods', 'pods'],
      ['services', 'services'],
      ['configMaps', 'configmaps'],
      ['secrets', 'secrets'],
      ['nodes', 'nodes'],
    ] as const)
      expect(counts[as], as).toBe(await count(resource, '-A'));
    expect(counts.pods).toBe(2);
  });

  test('one line for people, from both doors, and nothing to write', async () => {
    const [header, row, ...more] = (await ok(['get', 'aggregatedview'])).trim().split('\n');
    expect(header).toMatch(/^NAME\s+WORKSPACE\s+HEALTH\s+HEALTHY\s+DEGRADED\s+UNHEALTHY\s+DEPLOYMENTS\s+PODS/);
    expect(row).toMatch(/^workspace\s+root:dev\s+Healthy\s+2\s+0\s+0\s+1\s+2/);
    expect(more).toEqual([]);
    const hub = `--server=https://127.0.0.1:${gateway.port}/clusters/root:dev`;
    const fromHub = JSON.parse(await ok([hub, 'get', 'aggregatedview', 'workspace', '-o', 'json'])) as {
      status: Status;
    };
    expect(fromHub.status.resourceCount.pods).toBe(2);
    const refused = await kubectl(['delete', 'aggregatedview', 'workspace']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('does not allow this method');
    expect(await ok(['auth', 'can-i', 'get', 'aggregatedviews.tmc.kcp.io'])).toContain('yes');
  });

  test('a protected field is refused when the transform is written', async () => {
    const refused = await kubectl(['apply', '-f', '-'], PROTECTED);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(
      'spec.transforms[1].path: Forbidden: of metadata only labels and annotations can be transformed',
    );
  });

  test('each cluster runs its own form of a Deployment, and the authored one stays as it was', async () => {
    await ok(['apply', '-f', '-'], TRANSFORM);
    expect(await ok(['get', 'resourcetransforms'])).toMatch(/env\s+deployments\s+Template\s+\/spec\/template/);
    await ok(['create', 'deployment', 'web', '--image=nginx', '--replicas=4']);
    await ok(['rollout', 'status', 'deployment/web', '--timeout=30s']);
    const shown = async (): Promise<string[]> => {
      const { items } = JSON.parse(await ok(['get', 'pods', '-l', 'app=web', '-o', 'json'])) as { items: Labelled[] };
      return items.map(({ metadata: { labels } }) => `${labels['tmc.kcp.io/cluster']} ${labels.env ?? 'plain'}`).sort();
    };
    expect(await shown()).toEqual(['east on-east', 'east on-east', 'west on-west', 'west on-west']);
    const authored = JSON.parse(await ok(['get', 'deployment', 'web', '-o', 'json'])) as {
      metadata: { annotations?: Record<string, string> };
      spec: { template: { metadata: { labels: object } } };
    };
    expect(authored.spec.template.metadata.labels).toEqual({ app: 'web' });
    expect(authored.metadata.annotations?.region).toBeUndefined();

    await ok(['delete', 'resourcetransform', 'env']);
    await waitFor(
      'the pods to be as they were authored',
      async () => String(await shown()) === 'east plain,east plain,west plain,west plain',
      { timeoutMs: 30_000, intervalMs: 500 },
    );
  }, 90_000);
});

interface Status {
  readonly resourceCount: Readonly<Record<string, number>>;
}

interface Labelled {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
}
