/** kubectl's streams through the gateway to a real kube-apiserver: both protocols of exec, half-closed input, refusals, proxies. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kubeconfigText } from '../../src/cli/kubeconfig.ts';
import { joinCluster } from '../../src/clusters/join.ts';
import { parseServerConfig } from '../../src/config.ts';
import { silentLogger } from '../../src/reconcile/logger.ts';
import { type RunningServer, startServer } from '../../src/server.ts';
import { startCluster } from '../kube/cluster.ts';
import type { KubeCluster } from '../kube/kube-cluster.ts';
import { type KubectlResult, runKubectl, spawnKubectl } from '../support/kubectl.ts';
import { waitFor } from '../support/wait-for.ts';

const folder = mkdtempSync(join(tmpdir(), 'tmc-streams-'));
const kubeconfig = join(folder, 'kubeconfig');
let east: KubeCluster;
let server: RunningServer;
let pod: string;

beforeAll(async () => {
  east = await startCluster({ name: 'east' });
  const tokens = [
    { token: 'admin-token', user: { name: 'admin', groups: ['system:masters'], extra: {} } },
    { token: 'ann-token', user: { name: 'ann', groups: [], extra: {} } },
  ];
  server = await startServer(parseServerConfig({ port: 0, dataDir: join(folder, 'data'), shutdownGraceSeconds: 1 }), {
    log: silentLogger,
    tokens,
  });
  const write = (file: string, token: string) =>
    writeFileSync(
      file,
      kubeconfigText({ origin: server.url, caPem: server.certificates.ca, user: { token }, workspaces: ['root'] }),
    );
  write(kubeconfig, 'admin-token');
  write(`${kubeconfig}-ann`, 'ann-token');
  const joined = {
    hub: server.hub.client,
    workspace: 'root',
    name: 'east',
    kubeconfig: readFileSync(east.kubeconfigPath, 'utf8'),
  };
  await joinCluster(joined);
  await waitFor('the cluster to be known', () => server.registry.get('root', 'east')?.discovery() !== undefined);
  await ok('create', 'deployment', 'web', '--image=nginx');
  await ok('rollout', 'status', 'deployment/web', '--timeout=60s');
  pod = (await ok('get', 'pods', '-l', 'app=web', '-o', 'name')).trim();
});

afterAll(async () => {
  await server?.close();
  await east?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const kubectl = (
  args: readonly string[],
  options: { stdin?: string | Uint8Array; env?: Record<string, string>; as?: string } = {},
): Promise<KubectlResult> =>
  runKubectl(args, { ...options, kubeconfig: options.as === undefined ? kubeconfig : `${kubeconfig}-${options.as}` });

async function ok(...args: string[]): Promise<string> {
  const result = await kubectl(args);
  expect(result, result.stderr).toMatchObject({ code: 0 });
  return result.stdout;
}

describe.each([
  ['WebSocket', 'true'],
  ['SPDY', 'false'],
])('exec over %s', (_protocol, websockets) => {
  const env = { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: websockets, KUBECTL_PORT_FORWARD_WEBSOCKETS: websockets };

  it('has output, errors and the exit code', async () => {
    const result = await kubectl(['exec', pod, '--', 'sh', '-c', 'echo $CLUSTER; echo oops >&2; exit 7'], { env });
    expect(result).toMatchObject({ code: 7, stdout: 'east\n', stderr: expect.stringContaining('oops') });
  });

  it('takes input to its end and gives back all of it', async () => {
    const input = randomBytes(3_000_000).toString('base64');
    const result = await kubectl(['exec', '-i', pod, '--', 'cat'], { env, stdin: input });
    expect(result.code).toBe(0);
    const digest = (text: string) => createHash('sha256').update(text).digest('hex');
    expect(digest(result.stdout)).toBe(digest(input));
  });

  it('is refused by the gateway with its own words, without reaching the cluster', async () => {
    const result = await kubectl(['exec', pod, '--', 'true'], { env, as: 'ann' });
    expect(result.code).not.toBe(0);
    expect(result.stderr).toContain('User "ann" cannot');
  });

  it('forwards ports', async () => {
    const forward = spawnKubectl(['port-forward', pod, ':80'], { kubeconfig, env });
    let output = '';
    forward.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    const port = await waitFor('port-forward to listen', () => /127\.0\.0\.1:(\d+)/.exec(output)?.[1]);
    const answers = await Promise.all(
      Array.from({ length: 5 }, async (_, i) => (await fetch(`http://127.0.0.1:${port}/path/${i}`)).json()),
    );
    forward.kill();
    expect(answers).toMatchObject(answers.map((_, i) => ({ cluster: 'east', path: `/path/${i}` })));
  });
});

describe('pass-through', () => {
  it('follows logs as they are written', async () => {
    const follower = spawnKubectl(['logs', '-f', pod], { kubeconfig });
    let seen = '';
    follower.stdout.setEncoding('utf8').on('data', (text: string) => {
      seen += text;
    });
    await waitFor('the first line', () => seen.includes('hello from east'));
    east.writePodLog('one more line');
    await waitFor('the second line', () => seen.includes('one more line'));
    follower.kill();
  });

  it('reaches a pod by its proxy subresource', async () => {
    const answer = JSON.parse(
      await ok('get', '--raw', `/api/v1/namespaces/default/pods/${pod.slice('pod/'.length)}/proxy/x?y=1`),
    );
    expect(answer).toMatchObject({ cluster: 'east', path: '/x?y=1' });
  });

  it('fails clean when the cluster is gone', async () => {
    await east.kill('apiserver', 'SIGKILL');
    const port = Number(new URL(east.url).port);
    // Whoever listens there now is not the cluster: TLS says so.
    const stranger = createServer((_request, response) => response.end('stranger')).listen(port, '127.0.0.1');
    const result = await kubectl(['exec', pod, '--', 'true']);
    stranger.close();
    expect(result.code).not.toBe(0);
    expect(result.stderr).toContain('east');
    await east.restart();
  });
});
