import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitFor } from '../support/wait-for.ts';
import { startCluster } from './cluster.ts';
import type { KubeCluster } from './kube-cluster.ts';
import { installMetricsServer } from './metrics-server.ts';

let east: KubeCluster;
let west: KubeCluster;
let namespace: string;

beforeAll(async () => {
  [east, west] = await Promise.all([
    startCluster({
      name: 'east',
      nodes: 2,
      node: (index) => ({ labels: { 'topology.kubernetes.io/zone': `z${index}` } }),
    }),
    startCluster({ name: 'west', tokens: [{ token: 'alice-token', user: 'alice', groups: ['dev'] }] }),
  ]);
  namespace = await east.createNamespace();
});

afterAll(() => Promise.all([east?.stop(), west?.stop()]));

/** kubectl's output; fails the test with its error. */
async function kubectl(cluster: KubeCluster, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await cluster.kubectl(...args);
  expect(code, `kubectl ${args.join(' ')}: ${stderr}`).toBe(0);
  return stdout;
}

async function anyPod(cluster: KubeCluster): Promise<string> {
  return (await kubectl(cluster, 'get', 'pods', '-n', namespace, '-l', 'app=web', '-o', 'name')).split('\n')[0]!;
}

describe('a cluster beside another', () => {
  it('reports the pinned version and Ready nodes with the labels asked for', async () => {
    expect(JSON.parse(await kubectl(east, 'version', '-o', 'json'))).toMatchObject({
      clientVersion: { gitVersion: expect.stringMatching(/^v1\.\d+\.\d+$/) },
      serverVersion: { gitVersion: expect.stringMatching(/^v1\.\d+\.\d+$/) },
    });
    const nodes = await kubectl(east, 'get', 'nodes', '-L', 'topology.kubernetes.io/zone', '--no-headers');
    expect(nodes).toMatch(/east-node-0 +Ready .* z0\neast-node-1 +Ready .* z1\n/);
  });

  it('does not know the other one’s certificates and tokens', async () => {
    expect(east.caPem).not.toBe(west.caPem);
    expect((await west.fetch('/api/v1/nodes', { token: east.adminToken })).status).toBe(401);
    const stranger = await west.kubectlWith({ kubeconfig: east.kubeconfigPath }, '--server', west.url, 'get', 'nodes');
    expect(stranger.code).toBe(1);
  });

  it('answers the anonymous on health only, and others by RBAC', async () => {
    expect((await west.fetch('/readyz', { token: null })).status).toBe(200);
    expect((await west.fetch('/api/v1/nodes', { token: null })).status).toBe(401);
    expect((await west.fetch('/api/v1/nodes', { token: 'alice-token' })).status).toBe(403);
    await kubectl(west, 'create', 'clusterrolebinding', 'dev-view', '--clusterrole=view', '--group=dev');
    await west.waitFor('alice to see pods', async () => {
      return (await west.fetch('/api/v1/pods', { token: 'alice-token' })).status === 200;
    });
  });
});

describe('workloads', () => {
  it('run: a Deployment of 3 becomes available, on pods with addresses', async () => {
    await kubectl(east, 'create', 'deployment', 'web', '-n', namespace, '--image=nginx', '--replicas=3', '--port=80');
    await kubectl(east, 'rollout', 'status', 'deployment/web', '-n', namespace, '--timeout=30s');
    const list = await east.fetchOk<{ items: { status: { phase: string; podIP: string } }[] }>(
      `/api/v1/namespaces/${namespace}/pods`,
    );
    expect(list.items.map((pod) => pod.status.phase)).toEqual(['Running', 'Running', 'Running']);
    expect(new Set(list.items.map((pod) => pod.status.podIP)).size).toBe(3);
  });

  it('complete: a Job', async () => {
    await kubectl(east, 'create', 'job', 'once', '-n', namespace, '--image=busybox');
    await kubectl(east, 'wait', '--for=condition=complete', 'job/once', '-n', namespace, '--timeout=30s');
  });

  it('stay pending where the image is called broken', async () => {
    await kubectl(east, 'run', 'sick', '-n', namespace, '--image=broken:1');
    await east.waitFor('ImagePullBackOff', async () => {
      return (await kubectl(east, 'get', 'pod', 'sick', '-n', namespace)).includes('ImagePullBackOff');
    });
  });

  it('end: a deleted pod goes, and its Deployment replaces it', async () => {
    const pod = await anyPod(east);
    await kubectl(east, 'delete', '-n', namespace, pod, '--timeout=20s');
    await kubectl(east, 'rollout', 'status', 'deployment/web', '-n', namespace, '--timeout=30s');
    expect(await kubectl(east, 'get', 'pods', '-n', namespace, '-o', 'name')).not.toContain(pod);
  });
});

describe('a pod answers through kube-apiserver', () => {
  it('to logs, also while it writes', async () => {
    const pod = await anyPod(east);
    expect(await kubectl(east, 'logs', '-n', namespace, pod)).toBe('hello from east\n');
    const follower = east.spawnKubectl('logs', '-f', '-n', namespace, pod);
    let seen = '';
    follower.stdout.setEncoding('utf8').on('data', (text: string) => {
      seen += text;
    });
    await waitFor('the first line', () => seen.includes('hello'));
    east.writePodLog('one more line');
    await waitFor('the second line', () => seen.includes('one more line'));
    follower.kill();
  });

  it('to logs, of its own and of what ran before', async () => {
    const target = { namespace, pod: (await anyPod(east)).slice('pod/'.length), container: 'nginx' };
    east.writePodLog('mine\nagain', target);
    east.writePodLog('what went wrong', { ...target, previous: true });
    expect(await kubectl(east, 'logs', '-n', namespace, target.pod, '--tail=1')).toBe('again\n');
    expect(await kubectl(east, 'logs', '-n', namespace, target.pod, '--previous')).toBe('what went wrong\n');
  });

  it('to exec, with input to its end, output, errors and the exit code', async () => {
    const command = ['exec', '-i', '-n', namespace, await anyPod(east), '--', 'sh', '-c'];
    const result = await east.kubectlWith({ stdin: 'typed' }, ...command, 'echo $CLUSTER; cat; echo oops >&2; exit 7');
    expect(result).toMatchObject({ code: 7, stdout: 'east\ntyped', stderr: expect.stringContaining('oops') });
  });

  it('to attach and debug', async () => {
    const pod = await anyPod(east);
    const attach = ['attach', '-i', '-q', '-n', namespace, pod];
    expect(await east.kubectlWith({ stdin: 'ping' }, ...attach)).toMatchObject({ code: 0, stdout: 'ping' });
    await kubectl(east, 'debug', '-n', namespace, pod, '--image=busybox', '-c', 'probe');
    const running = '--for=jsonpath={.status.ephemeralContainerStatuses[0].state.running}';
    await kubectl(east, 'wait', '-n', namespace, pod, running, '--timeout=10s');
  });

  it('to port-forward', async () => {
    const forward = east.spawnKubectl('port-forward', '-n', namespace, await anyPod(east), ':80');
    let output = '';
    forward.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    const port = await waitFor('port-forward to listen', () => /127\.0\.0\.1:(\d+)/.exec(output)?.[1]);
    const answer = await fetch(`http://127.0.0.1:${port}/path`);
    expect(await answer.json()).toMatchObject({ cluster: 'east', path: '/path' });
    forward.kill();
  });

  it('to the proxy subresources of pods and services', async () => {
    const pod = (await anyPod(east)).slice('pod/'.length);
    await kubectl(east, 'expose', 'deployment', 'web', '-n', namespace, '--port=80');
    const paths = [`pods/${pod}`, 'services/web'].map((name) => `/api/v1/namespaces/${namespace}/${name}/proxy/x?y=1`);
    for (const path of paths) {
      const answer = await east.waitFor(path, async () => {
        const response = await east.fetch<{ cluster: string; path: string }>(path);
        return response.status === 200 && response.json;
      });
      expect(answer).toMatchObject({ cluster: 'east', path: '/x?y=1' });
    }
  });
});

describe('aggregated APIs', () => {
  it('answer through their Service: kubectl top', async () => {
    const end = await installMetricsServer(east, { container: () => ({ cpu: '25m', memory: '32Mi' }) });
    const pods = await kubectl(east, 'top', 'pods', '-n', namespace, '-l', 'app=web', '--no-headers');
    expect(pods.trim().split('\n')).toHaveLength(3);
    expect(pods).toMatch(/web-\S+ +25m +32Mi/);
    expect(await kubectl(east, 'top', 'nodes')).toMatch(/east-node-1 +1000m/);
    end();
  });
});

describe('servers that die', () => {
  it('come back where they were, with their data: kube-apiserver', async () => {
    const { url } = west;
    await kubectl(west, 'create', 'configmap', 'kept', '--from-literal=a=b');
    await west.kill('apiserver', 'SIGKILL');
    await expect(west.fetch('/readyz')).rejects.toThrow();
    await west.restart();
    expect(west.url).toBe(url);
    expect(await kubectl(west, 'get', 'configmap', 'kept', '-o', 'jsonpath={.data.a}')).toBe('b');
  });

  it('come back where they were, with their data: all at once', async () => {
    await west.kill('all');
    await west.restart();
    expect(await kubectl(west, 'get', 'configmap', 'kept', '-o', 'jsonpath={.data.a}')).toBe('b');
    await kubectl(west, 'create', 'deployment', 'after', '--image=nginx');
    await kubectl(west, 'rollout', 'status', 'deployment/after', '--timeout=30s');
  });

  it('hang and go on when stopped and continued', async () => {
    await west.kill('apiserver', 'SIGSTOP');
    await expect(west.fetch('/readyz', { timeoutMs: 500 })).rejects.toThrow(/timeout/i);
    await west.kill('apiserver', 'SIGCONT');
    expect((await west.fetch('/readyz')).status).toBe(200);
  });

  it('leave nothing behind when the process that started them is killed', async () => {
    const script = `
      import { startCluster } from ${JSON.stringify(fileURLToPath(new URL('./cluster.ts', import.meta.url)))};
      startCluster({ name: 'orphan', controllers: false }).then((c) => console.log(c.folder + ' ' + c.url));`;
    const args = ['--import', 'tsx', '--input-type=module', '-e', script];
    const parent = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(parent.stdout.setEncoding('utf8'), 'data')) as [string];
    const [folder, url] = line.trim().split(' ') as [string, string];
    expect(existsSync(folder)).toBe(true);
    parent.kill('SIGKILL');
    await waitFor('the folder to go', () => !existsSync(folder));
    await waitFor('its port to be free', async () => {
      const code = await fetch(url).then(
        () => undefined,
        (error: { cause?: { code?: string } }) => error.cause?.code,
      );
      return code === 'ECONNREFUSED';
    });
  });
});
