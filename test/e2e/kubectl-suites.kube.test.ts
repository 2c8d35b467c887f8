/**
 * kubectl's own shell suites, once directly on a kube-apiserver and once in a workspace over such clusters: what passes
 * there must pass here. `TMC_KUBECTL_SUITES=all`, or names, runs others than the quick ones; `TMC_KUBECTL_CLUSTERS=2`, or 0,
 * joins that many clusters instead of one.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kubeconfigText } from '../../src/cli/kubeconfig.ts';
import { ensureKubeAssets } from '../kube/assets.ts';
import { startCluster } from '../kube/cluster.ts';
import type { KubeCluster } from '../kube/kube-cluster.ts';
import { allSuites, compareOutcomes, copySuites, failureContexts, runSuite } from '../kube/kubectl-suites.ts';
import { type RunningGateway, runGateway, runTmc } from '../support/run-gateway.ts';
import { knownDifferencesOver } from './kubectl-suites-differences.ts';

const TOKEN = 'admin-token';
const SUITE_MS = 240_000;
const asked = process.env.TMC_KUBECTL_SUITES;
const clusterCount = Number(process.env.TMC_KUBECTL_CLUSTERS ?? 1);
/** Of every kind, and done in seconds. */
const quick = [
  'run_kubectl_local_proxy_tests',
  'run_assert_short_name_tests',
  'run_ambiguous_shortname_tests',
  'run_kubectl_server_side_apply_tests',
  'run_kubectl_diff_tests',
  'run_kubectl_events_tests',
  'run_kubectl_exec_pod_tests',
  'run_kubectl_request_timeout_tests',
  'run_kubectl_sort_by_tests',
  'run_kubectl_auth_whoami_tests',
  'run_certificates_tests',
  'run_job_tests',
  'run_storage_class_tests',
];
const suites = asked === undefined ? quick : asked === 'all' ? await allSuites() : asked.split(',');

const folder = mkdtempSync(join(tmpdir(), 'tmc-suites-'));
const copies = { direct: join(folder, 'direct'), view: join(folder, 'view') };
let direct: KubeCluster;
let joined: readonly KubeCluster[] = [];
let gateway: RunningGateway | undefined;

/**
 * As the suites want it: controllers, addresses that they name, nothing scheduled, no defaults by admission; and one node that
 * nobody runs, in the first cluster only, or its name would stand for two.
 */
async function bareCluster(name: string, index: number): Promise<KubeCluster> {
  const disabled = 'ServiceAccount,DefaultStorageClass,DefaultTolerationSeconds,StorageObjectInUseProtection';
  const cluster = await startCluster({
    name,
    nodes: 0,
    tokens: [{ token: TOKEN, user: 'admin', groups: ['system:masters'] }],
    extraApiServerArgs: [`--disable-admission-plugins=${disabled}`, '--service-cluster-ip-range=10.0.0.0/24'],
  });
  await cluster.kill('scheduler');
  if (index > 0) return cluster;
  const metadata = { name: '127.0.0.1', annotations: { 'save-managers': 'true' } };
  const node = { apiVersion: 'v1', kind: 'Node', metadata, status: { capacity: { memory: '1Gi' } } };
  await cluster.fetchOk('/api/v1/nodes', { method: 'POST', body: node });
  return cluster;
}

beforeAll(async () => {
  const names = Array.from({ length: clusterCount }, (_, index) => `joined${index + 1}`);
  [direct, joined] = await Promise.all([bareCluster('direct', 0), Promise.all(names.map(bareCluster))]);
  const tokenFile = join(folder, 'tokens.csv');
  writeFileSync(tokenFile, `${TOKEN},admin,uid,"system:masters"\n`);
  const limit = { qps: 10_000, burst: 10_000 };
  gateway = await runGateway({
    serve: { authentication: { tokenFile }, shutdownGraceSeconds: 1, limits: { user: limit, workspace: limit } },
  });
  const caPem = readFileSync(join(gateway.dataDir, 'pki', 'ca.crt'), 'utf8');
  const origin = `https://127.0.0.1:${gateway.port}`;
  writeFileSync(gateway.kubeconfig, kubeconfigText({ origin, caPem, user: { token: TOKEN }, workspaces: ['root'] }));
  for (const { name, kubeconfigPath } of joined) {
    await runTmc('join', name, '--kubeconfig', kubeconfigPath, '--gateway', gateway.kubeconfig);
  }
  await runTmc('workspace', 'create', 'suites', '--gateway', gateway.kubeconfig);
  const { binaries } = await ensureKubeAssets();
  for (const copy of Object.values(copies)) await copySuites(copy, binaries.kubectl as string);
}, 120_000);

afterAll(async () => {
  await gateway?.stop();
  await Promise.all([direct, ...joined].map((cluster) => cluster?.stop()));
  rmSync(folder, { recursive: true, force: true });
});

test.each(suites)(
  '%s passes through the gateway where it passes without',
  async (suite) => {
    const { port } = gateway as RunningGateway;
    const server = (portAndPath: string) => ({ portAndPath, token: TOKEN });
    const [alone, view] = await Promise.all([
      runSuite(copies.direct, suite, server(new URL(direct.url).port), SUITE_MS),
      runSuite(copies.view, suite, server(`${port}/services/tmc/clusters/root:suites`), SUITE_MS),
    ]);
    const compared = compareOutcomes(suite, alone, view, knownDifferencesOver(clusterCount));
    expect(compared, failureContexts(view, compared.unexpected)).toEqual({ unexpected: [], stale: [] });
    expect(alone.returned).toBe(true);
  },
  SUITE_MS + 60_000,
);
