/** kubectl against a gateway over two real clusters: what the hub authored and what only clusters hold, through one URL. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCluster } from '../kube/cluster.ts';
import type { KubeCluster } from '../kube/kube-cluster.ts';
import { installMetricsServer } from '../kube/metrics-server.ts';
import { type RunningGateway, runGateway } from '../support/run-gateway.ts';
import { waitFor } from '../support/wait-for.ts';

let east: KubeCluster;
let west: KubeCluster;
let gateway: RunningGateway;

beforeAll(async () => {
  [east, west] = await Promise.all([
    startCluster({ name: 'east', nodes: 1 }),
    startCluster({ name: 'west', nodes: 1 }),
  ]);
  await Promise.all([east, west].map((cluster) => installMetricsServer(cluster)));
  const joins = [east, west].flatMap(({ name, kubeconfigPath }) => ['--join', `${name}=${kubeconfigPath}`]);
  gateway = await runGateway({ args: ['--clusters', 'none', '--no-sample', ...joins] });
  await kubectl('create', 'deployment', 'web', '--image=nginx', '--replicas=4');
  await kubectl('rollout', 'status', 'deployment/web', '--timeout=60s');
});

afterAll(async () => {
  await gateway?.stop();
  await Promise.all([east?.stop(), west?.stop()]);
});

/** Its standard output; throws with both streams when it fails. */
async function kubectl(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await east.kubectlWith({ kubeconfig: gateway.kubeconfig }, ...args);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${code}\n${stdout}${stderr}`);
  return stdout;
}

const pods = async (): Promise<string[]> =>
  (await kubectl('get', 'pods', '-l', 'app=web', '-o', 'name')).trim().split('\n');
const rows = (table: string): string[][] =>
  table
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(/\s{2,}/));

describe('kubectl', () => {
  test('sees nodes and pods of both clusters', async () => {
    const clustersOf = (table: string) => [...new Set(rows(table).map((cells) => cells[1]))].sort();
    expect(clustersOf(await kubectl('get', 'nodes'))).toEqual(['east', 'west']);
    expect(clustersOf(await kubectl('get', 'pods', '-l', 'app=web'))).toEqual(['east', 'west']);
  });

  test('reads logs of every pod, each from its cluster', async () => {
    east.writePodLog('from east\n');
    west.writePodLog('from west\n');
    const text = await kubectl('logs', '-l', 'app=web', '--prefix', '--tail=-1');
    expect(text).toContain('from east');
    expect(text).toContain('from west');
  });

  test('runs commands in and copies to the pod, wherever it is', async () => {
    for (const pod of await pods())
      expect(await kubectl('exec', pod, '--', 'printenv', 'CLUSTER')).toMatch(/^(east|west)\n$/);
    const folder = mkdtempSync(join(tmpdir(), 'tmc-cp-'));
    const file = join(folder, 'file');
    writeFileSync(file, 'x'.repeat(300_000));
    const [pod = ''] = await pods();
    await kubectl('cp', file, `${pod.slice(4)}:${join(folder, 'there')}`);
    await kubectl('cp', `${pod.slice(4)}:${join(folder, 'there')}`, join(folder, 'back'));
    expect(readFileSync(join(folder, 'back'), 'utf8')).toBe('x'.repeat(300_000));
  });

  test('tops nodes and pods over both', async () => {
    expect(rows(await kubectl('top', 'nodes'))).toHaveLength(2);
    expect(rows(await kubectl('top', 'pods', '-l', 'app=web'))).toHaveLength(4);
  });

  test('follows who owns what from the pod to the authored deployment', async () => {
    const sets = JSON.parse(await kubectl('get', 'replicasets', '-o', 'json')).items;
    const { metadata } = JSON.parse(await kubectl('get', 'deployment', 'web', '-o', 'json'));
    expect(sets).toMatchObject([{ spec: { replicas: 4 }, status: { readyReplicas: 4 } }]);
    const [set] = sets;
    expect(set.metadata.ownerReferences[0]).toMatchObject({ kind: 'Deployment', name: 'web', uid: metadata.uid });
    const pods = JSON.parse(await kubectl('get', 'pods', '-l', 'app=web', '-o', 'json')).items;
    for (const pod of pods)
      expect(pod.metadata.ownerReferences[0]).toMatchObject({ name: set.metadata.name, uid: set.metadata.uid });
    expect(await kubectl('rollout', 'history', 'deployment/web')).toContain('1');
    expect(await kubectl('describe', 'deployment', 'web')).toContain('web-');
  });

  test('drains a node of one cluster', async () => {
    const node = (await kubectl('get', 'nodes', '-l', 'tmc.kcp.io/cluster=west', '-o', 'name')).trim();
    await kubectl('drain', node.slice(5), '--ignore-daemonsets', '--timeout=30s', '--force');
    expect((await west.kubectl('get', 'nodes')).stdout).toContain('SchedulingDisabled');
    expect((await east.kubectl('get', 'nodes')).stdout).not.toContain('SchedulingDisabled');
    await kubectl('uncordon', node.slice(5));
  });

  test('edits, labels, waits for and deletes what only a cluster holds', async () => {
    const [pod = ''] = await pods();
    await kubectl('label', pod, 'seen=yes');
    await kubectl('wait', pod, '--for=condition=Ready', '--timeout=10s');
    await kubectl('delete', pod);
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=60s');
    expect(await pods()).not.toContain(pod);
  });

  test('goes on watching while a cluster is killed and returns', async () => {
    const watch = east.spawnKubectl('--kubeconfig', gateway.kubeconfig, 'get', 'pods', '-w', '--output-watch-events');
    let seen = '';
    watch.stdout.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
    });
    await waitFor('the first pods', () => seen.includes('ADDED'));
    await west.kill('apiserver', 'SIGKILL');
    await waitFor('a warning', async () => {
      const { stdout, stderr } = await east.kubectlWith({ kubeconfig: gateway.kubeconfig }, 'get', 'pods');
      return stderr.includes('cluster "west"') && rows(stdout).length === 4;
    });
    await kubectl('run', 'later', '--image=nginx');
    await west.restart();
    await kubectl('scale', 'deployment/web', '--replicas=6');
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=60s');
    await waitFor('all six in the watch', async () => {
      const names = await pods();
      return names.length === 6 && names.every((name) => seen.includes(name.slice(4)));
    });
    expect(watch.exitCode).toBeNull();
    watch.kill();
  });

  test('deletes what it created, everywhere', async () => {
    await kubectl('delete', 'deployment', 'web', '--timeout=60s');
    await waitFor('no pods', async () => (await kubectl('get', 'pods', '-l', 'app=web', '-o', 'name')).trim() === '');
  });
});
