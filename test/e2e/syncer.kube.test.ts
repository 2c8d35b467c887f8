/** A cluster that the gateway has no connection to: `workload-syncer` beside it brings what is placed there, and reports. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectGateway, type Gateway } from '../../src/cli/gateway.ts';
import { kubeconfigText } from '../../src/cli/kubeconfig.ts';
import { SYNC_TARGETS } from '../../src/clusters/kinds.ts';
import type { SyncTarget } from '../../src/hub/kinds/workload.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { startCluster } from '../kube/cluster.ts';
import type { KubeCluster } from '../kube/kube-cluster.ts';
import { freePort, type RunningGateway, runGateway, runTmc } from '../support/run-gateway.ts';
import { type RunningSyncerProcess, runSyncer } from '../support/run-syncer.ts';
import { waitFor } from '../support/wait-for.ts';
import { DEPLOYMENTS, deployment } from '../sync/line.ts';

const WORKSPACE = 'root:dev';
let cluster: KubeCluster;
let process: RunningGateway;
let gateway: Gateway;
let syncer: RunningSyncerProcess;
let args: string[];
const onTestsEnd: (() => void)[] = [];

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tmc-syncer-'));
  onTestsEnd.push(() => rmSync(folder, { recursive: true, force: true }));
  const tokenFile = join(folder, 'tokens.csv');
  writeFileSync(tokenFile, 'admin-token,admin,1,"system:masters"\nsyncer-token,syncer,2\n');
  const port = await freePort();
  [cluster, process] = await Promise.all([
    startCluster({ name: 'edge' }),
    runGateway({ port, serve: { authentication: { tokenFile }, shutdownGraceSeconds: 1 } }),
  ]);
  const caPem = readFileSync(join(process.dataDir, 'pki', 'ca.crt'), 'utf8');
  const kubeconfigOf = (who: string): string => {
    const user = { token: `${who}-token` };
    const text = kubeconfigText({ origin: `https://127.0.0.1:${port}`, caPem, user, workspaces: ['root'] });
    writeFileSync(join(folder, who), text, { mode: 0o600 });
    return join(folder, who);
  };
  gateway = await connectGateway({ gateway: kubeconfigOf('admin') });
  await runTmc('workspace', 'create', 'dev', '--gateway', join(folder, 'admin'));
  await grant('root', 'syncer-read', READ_ALL_WORKSPACES);
  await grant('root', 'syncer-report', REPORT);
  await grant(WORKSPACE, 'syncer-work', WORK);
  const downstream = join(folder, 'edge.kubeconfig');
  const pull = ['--mode', 'pull', '--output', downstream, '--gateway', join(folder, 'admin')];
  await runTmc('join', 'edge', '--kubeconfig', cluster.kubeconfigPath, ...pull);
  args = ['--sync-target-name', 'edge', '--kubeconfig', kubeconfigOf('syncer'), '--downstream-kubeconfig', downstream];
  args.push('--heartbeat-period', '1');
});

afterAll(async () => {
  await syncer?.kill('SIGKILL');
  await gateway?.close();
  await Promise.all([process?.stop(), cluster?.stop()]);
  for (const end of onTestsEnd) end();
});

/** The rights that docs/syncer.md names, and no others. */
const DISCOVERY = { nonResourceURLs: ['/api', '/api/*', '/apis', '/apis/*'], verbs: ['get'] };
const rule = (group: string, resource: string, ...verbs: string[]) => ({
  apiGroups: [group],
  resources: [resource],
  verbs,
});
const READ_ALL_WORKSPACES = [
  { nonResourceURLs: ['/clusters/*'], verbs: ['access'] },
  DISCOVERY,
  rule('*', '*', 'get', 'list', 'watch'),
];
const REPORT = [
  rule('tmc.kcp.io', 'clusterregistrations', 'get', 'list', 'watch'),
  rule('workload.kcp.io', 'synctargets', 'get', 'list', 'watch'),
  rule('workload.kcp.io', 'synctargets/status', 'patch'),
];
const WORK = [DISCOVERY, rule('*', '*', 'get', 'patch'), rule('', 'events', 'create', 'patch')];

async function grant(workspace: string, name: string, rules: readonly object[]): Promise<void> {
  const group = 'rbac.authorization.k8s.io';
  const common = { apiVersion: `${group}/v1`, metadata: { name } };
  const role = { ...common, kind: 'ClusterRole', rules };
  const roleRef = { apiGroup: group, kind: 'ClusterRole', name };
  const subjects = [{ apiGroup: group, kind: 'User', name: 'syncer' }];
  await gateway.hub.create(workspace, { group, resource: 'clusterroles' }, role);
  const binding = { ...common, kind: 'ClusterRoleBinding', roleRef, subjects };
  await gateway.hub.create(workspace, { group, resource: 'clusterrolebindings' }, binding);
}

const target = () => gateway.hub.get<SyncTarget>({ ...SYNC_TARGETS, workspace: 'root', name: 'edge' });
const ref = (name: string) => ({ workspace: WORKSPACE, ...DEPLOYMENTS, namespace: 'default', name });
const hubObject = async (name: string) =>
  (await gateway.hub.get(ref(name))) as (KubeObject & { status?: { readyReplicas?: number } }) | undefined;
const copies = async (name: string) => {
  const list = await cluster.fetchOk<{ items: (KubeObject & { spec: { replicas: number } })[] }>(
    '/apis/apps/v1/deployments',
  );
  return list.items.filter(({ metadata }) => metadata.name === name);
};
const ready = (name: string, replicas: number) =>
  waitFor(`${name} to have ${replicas} ready replicas`, async () => {
    return (await hubObject(name))?.status?.readyReplicas === replicas;
  });
const syncing = () => waitFor('the syncer to be ready', async () => (await syncer.health('/readyz')).status === 200);

describe('a cluster of mode Pull', () => {
  it('is not ready, and gets nothing, before its syncer has reported', async () => {
    await waitFor('the gateway to say so', async () => {
      const { conditions = [] } = (await target())?.status ?? {};
      return conditions.some(({ type, status, message }) => {
        return type === 'Ready' && status === 'Unknown' && message?.includes('has not reported');
      });
    });
    await gateway.hub.create(WORKSPACE, DEPLOYMENTS, deployment('web', 2));
    expect((await hubObject('web'))?.metadata.finalizers ?? []).toEqual([]);
  });

  it('is ready once it has', async () => {
    syncer = await runSyncer(args);
    await syncing();
    await waitFor('the SyncTarget to be ready', async () => {
      const {
        conditions = [],
        lastSyncerHeartbeatTime,
        capacity,
        syncedResources = [],
      } = (await target())?.status ?? {};
      return (
        conditions.some(({ type, status }) => type === 'Ready' && status === 'True') &&
        lastSyncerHeartbeatTime !== undefined &&
        capacity?.cpu !== undefined &&
        syncedResources.some(({ resource }) => resource === 'deployments')
      );
    });
    expect((await syncer.health('/healthz')).status).toBe(200);
  });

  it('runs what is authored in the hub, and its status comes back', async () => {
    await ready('web', 2);
    const [copy] = await copies('web');
    expect(copy?.spec.replicas).toBe(2);
    expect(Object.keys(copy?.metadata.annotations ?? {})).not.toContain('kcp.io/cluster');
    const metrics = await syncer.metrics();
    expect(metrics).toMatch(/^syncer_connection_status\{sync_target="edge"\} 1$/m);
    expect(metrics).toMatch(/^syncer_heartbeat_total\{sync_target="edge"\} [1-9]/m);
    expect(metrics).toMatch(
      /^syncer_operations_total\{sync_target="edge",resource_type="deployments.apps",operation="apply"/m,
    );
  });

  it('follows a change, and keeps its copy when a replace strips placement from the object', async () => {
    const [before] = await copies('web');
    const {
      resourceVersion: _version,
      labels: _labels,
      finalizers: _finalizers,
      ...metadata
    } = (await hubObject('web'))!.metadata;
    await gateway.hub.update(WORKSPACE, DEPLOYMENTS, { ...deployment('web', 3), metadata });
    await ready('web', 3);
    const [after] = await copies('web');
    expect(after?.metadata.uid).toBe(before?.metadata.uid);
  });

  it('converges after its syncer was killed while the hub changed', async () => {
    await gateway.hub.create(WORKSPACE, DEPLOYMENTS, deployment('doomed', 1));
    await ready('doomed', 1);
    await syncer.kill('SIGKILL');
    const { conditions } = (await target())?.status ?? {};
    expect(conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');
    await gateway.hub.patch(ref('web'), { type: 'merge', body: { spec: { replicas: 1 } } });
    await gateway.hub.delete(ref('doomed'));
    await gateway.hub.create(WORKSPACE, DEPLOYMENTS, deployment('late', 1));
    expect(await hubObject('doomed')).toBeDefined();
    expect(await copies('doomed')).toHaveLength(1);
    syncer = await runSyncer(args);
    await ready('web', 1);
    await ready('late', 1);
    await waitFor('the deleted one to go', async () => (await hubObject('doomed')) === undefined);
    expect(await copies('doomed')).toEqual([]);
  });

  it('has let go of an object before the hub does', async () => {
    await gateway.hub.delete(ref('late'));
    await waitFor('it to go', async () => (await hubObject('late')) === undefined);
    expect(await copies('late')).toEqual([]);
  });

  it('stops in order', async () => {
    expect(await syncer.kill('SIGTERM')).toBe(0);
  });

  it('is left to the gateway when its mode is Push', async () => {
    const registration = { group: 'tmc.kcp.io', resource: 'clusterregistrations', workspace: 'root', name: 'edge' };
    await gateway.hub.patch(registration, { type: 'merge', body: { spec: { mode: 'Push' } } });
    syncer = await runSyncer(args);
    await waitFor('the syncer to say so', async () => {
      const { status, text } = await syncer.health('/readyz');
      return status === 503 && text.includes('mode Push');
    });
  });
});
