/** The first five minutes of a new user: `npm start`, then kubectl. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findKubectl, type KubectlResult, runKubectl } from '../support/kubectl.ts';
import { type RunningGateway, runGateway } from '../support/run-gateway.ts';

const binary = findKubectl();

describe.skipIf(binary === undefined)(
  'kubectl on `tmc dev` (skipped without kubectl: set KUBECTL or put it on PATH)',
  () => {
    let gateway: RunningGateway;
    beforeAll(async () => {
      gateway = await runGateway();
    }, 60_000);
    afterAll(() => gateway?.stop());

    const kubectl = (...args: string[]): Promise<KubectlResult> => runKubectl(args, { kubeconfig: gateway.kubeconfig });
    const ok = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await kubectl(...args);
      expect(stderr + stdout, `kubectl ${args.join(' ')}`).toSatisfy(() => code === 0);
      return stdout;
    };
    const lines = (text: string): string[] => text.trim().split('\n');

    test('nodes of both clusters stand in one list with a CLUSTER column', async () => {
      const [header, ...rows] = lines(await ok('get', 'nodes'));
      expect(header).toMatch(/^NAME\s+CLUSTER\s+STATUS\s+ROLES\s+AGE\s+VERSION$/);
      expect(rows.map((row) => row.split(/\s+/)[1])).toEqual(['east', 'east', 'west', 'west']);
    });

    test('a Deployment of four runs two and two, and rollout status ends', async () => {
      await ok('create', 'deployment', 'web', '--image=nginx', '--replicas=4');
      expect(await ok('rollout', 'status', 'deployment/web', '--timeout=30s')).toContain('successfully rolled out');
      const pods = lines(await ok('get', 'pods', '-l', 'app=web', '--no-headers')).map((row) => row.split(/\s+/)[1]);
      expect(pods.sort()).toEqual(['east', 'east', 'west', 'west']);
      expect(await ok('get', 'deployment', 'web')).toMatch(/web\s.*4\/4\s+4\s+4/);
    });

    test('logs and exec reach a pod by its name', async () => {
      expect(await ok('logs', 'deployment/web')).toContain('nginx started on');
      expect(await ok('exec', 'deployment/web', '--', 'sh', '-c', 'echo hello from $HOSTNAME')).toMatch(
        /^hello from web-/,
      );
      const failed = await kubectl('exec', 'deployment/web', '--', 'sh', '-c', 'exit 3');
      expect(failed.code).toBe(3);
    });

    test('scale to seven gives four and three', async () => {
      await ok('scale', 'deployment/web', '--replicas=7');
      await ok('rollout', 'status', 'deployment/web', '--timeout=30s');
      const pods = lines(await ok('get', 'pods', '-l', 'app=web', '--no-headers')).map((row) => row.split(/\s+/)[1]);
      const count = (name: string) => pods.filter((cluster) => cluster === name).length;
      expect([count('east'), count('west')].sort()).toEqual([3, 4]);
    });

    test('set image rolls every cluster', async () => {
      await ok('set', 'image', 'deployment/web', 'nginx=nginx:2');
      await ok('rollout', 'status', 'deployment/web', '--timeout=30s');
      await ok('wait', 'deployment/web', '--for=condition=Available', '--timeout=30s');
      const images = await ok(
        'get',
        'pods',
        '-l',
        'app=web',
        '-o',
        'jsonpath={range .items[*]}{.spec.containers[0].image}{"\\n"}{end}',
      );
      expect(new Set(lines(images))).toEqual(new Set(['nginx:2']));
    });

    test('delete waits until every cluster has confirmed', async () => {
      await ok('delete', 'deployment', 'web', '--timeout=30s');
      await ok('wait', 'pods', '-l', 'app=web', '--for=delete', '--timeout=30s');
      expect((await kubectl('get', 'pods', '-l', 'app=web')).stderr).toContain('No resources found');
    });

    test('apply, edit by patch, label, annotate, diff and explain', async () => {
      const manifest = join(gateway.dataDir, 'config.yaml');
      writeFileSync(manifest, 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {a: "1"}\n');
      expect(await ok('apply', '-f', manifest)).toContain('configmap/settings created');
      writeFileSync(manifest, 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {b: "2"}\n');
      expect((await kubectl('diff', '-f', manifest)).code).toBe(1);
      expect(await ok('apply', '-f', manifest)).toContain('configured');
      expect(JSON.parse(await ok('get', 'configmap', 'settings', '-o', 'json')).data).toEqual({ b: '2' });
      await ok('apply', '--server-side', '--force-conflicts', '-f', manifest);
      await ok('label', 'configmap', 'settings', 'team=a');
      await ok('annotate', 'configmap', 'settings', 'note=x');
      expect(await ok('get', 'configmap', '-l', 'team=a', '-o', 'name')).toBe('configmap/settings\n');
      expect(await ok('explain', 'deployment.spec.replicas')).toContain('replicas');
      await ok('delete', '-f', manifest);
    });

    test('who may do what is told truthfully', async () => {
      expect(await ok('auth', 'can-i', '--list')).toContain('*.*');
      expect(await ok('auth', 'whoami')).toContain('system:masters');
      expect((await kubectl('auth', 'can-i', 'get', 'pods', '--as=stranger')).stdout).toBe('no\n');
      expect((await kubectl('get', 'pods', '--as=stranger')).stderr).toContain(
        'pods is forbidden: User "stranger" cannot list resource "pods" in API group "" in the namespace "default"',
      );
    });

    test('a watch tells the whole life of a pod, each thing once', async () => {
      const watching = kubectl(
        'get',
        'pods',
        '-l',
        'run=one',
        '--watch',
        '--output-watch-events',
        '--request-timeout=6s',
      );
      await ok('run', 'one', '--image=nginx', '--labels=run=one');
      await ok('wait', 'pod/one', '--for=condition=Ready', '--timeout=20s');
      await ok('delete', 'pod', 'one', '--timeout=20s');
      const events = lines((await watching).stdout).map((line) => line.split(/\s+/).slice(0, 2));
      const first = events.findIndex(([type]) => type === 'ADDED');
      expect(events[first]).toEqual(['ADDED', 'one']);
      expect(events.at(-1)).toEqual(['DELETED', 'one']);
      expect(events.slice(first + 1, -1).every(([type]) => type === 'MODIFIED')).toBe(true);
    });
  },
);
