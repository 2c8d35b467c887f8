/** exec, cp and port-forward of every kubectl on the simulated clusters of `tmc dev`: SPDY from old ones, WebSocket from new ones. */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureKubeAssets } from '../kube/assets.ts';
import { ensureKubectl, olderKubectlVersions } from '../kube/kubectl-builds.ts';
import { type KubectlOptions, type KubectlResult, runKubectl, spawnKubectl } from '../support/kubectl.ts';
import { type RunningGateway, runGateway } from '../support/run-gateway.ts';
import { waitFor } from '../support/wait-for.ts';

let gateway: RunningGateway;
beforeAll(async () => {
  gateway = await runGateway();
  const { binaries } = await ensureKubeAssets();
  const newest = { kubeconfig: gateway.kubeconfig, kubectl: binaries.kubectl as string };
  await runKubectl(['create', 'deployment', 'web', '--image=nginx', '--port=80', '--replicas=2'], newest);
  await runKubectl(['rollout', 'status', 'deployment/web', '--timeout=30s'], newest);
}, 60_000);
afterAll(() => gateway?.stop());

describe.each([...olderKubectlVersions, 'pinned'])('kubectl %s', (version) => {
  let options: KubectlOptions;
  let pods: string[];
  const kubectl = (...args: string[]): Promise<KubectlResult> => runKubectl(args, options);
  beforeAll(async () => {
    const pinned = (await ensureKubeAssets()).binaries.kubectl as string;
    options = {
      kubeconfig: gateway.kubeconfig,
      kubectl: version === 'pinned' ? pinned : await ensureKubectl(version),
    };
    const names = await kubectl('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].metadata.name}');
    pods = names.stdout.split(' ');
    expect(pods).toHaveLength(2);
  }, 600_000);

  test('runs commands in the pods of either cluster: input, output, errors, exit codes', async () => {
    for (const pod of pods) {
      expect(await kubectl('exec', pod, '--', 'hostname')).toMatchObject({ code: 0, stdout: `${pod}\n` });
      expect(await runKubectl(['exec', '-i', pod, '--', 'cat'], { ...options, stdin: 'over there\n' })).toMatchObject({
        code: 0,
        stdout: 'over there\n',
      });
      const failed = await kubectl('exec', pod, '--', 'sh', '-c', 'echo before; nosuch; exit 3');
      expect(failed).toMatchObject({
        code: 3,
        stdout: 'before\n',
        stderr: expect.stringContaining('nosuch: not found'),
      });
    }
  });

  test('copies a file there and back', async () => {
    const [there, back] = ['there', 'back'].map((name) => join(gateway.dataDir, `${version}.${name}`)) as [
      string,
      string,
    ];
    writeFileSync(there, randomBytes(1_000_000));
    expect(await kubectl('cp', there, `${pods[0]}:/tmp/file`)).toMatchObject({ code: 0 });
    expect(await kubectl('cp', `${pods[0]}:/tmp/file`, back)).toMatchObject({ code: 0 });
    expect(readFileSync(back).equals(readFileSync(there))).toBe(true);
  });

  test('forwards ports to the pod that it names', async () => {
    const forward = spawnKubectl(['port-forward', pods[1] as string, ':80'], options);
    let output = '';
    forward.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    const port = await waitFor('port-forward to listen', () => /127\.0\.0\.1:(\d+)/.exec(output)?.[1]);
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => (await fetch(`http://127.0.0.1:${port}/${index}`)).json()),
    );
    expect(answers).toEqual(answers.map((_, index) => expect.objectContaining({ pod: pods[1], path: `/${index}` })));
    forward.kill();
  });
});
