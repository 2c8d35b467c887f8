/** What a person does with older kubectls, on two real clusters behind a gateway: old discovery, old tables, SPDY streams. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureKubectl, olderKubectlVersions } from '../kube/kubectl-builds.ts';
import { countByCluster, type JoinedClusters, joinClusters, linesOf } from '../support/joined-clusters.ts';
import { spawnKubectl } from '../support/kubectl.ts';
import { waitFor } from '../support/wait-for.ts';

let world: JoinedClusters<'a' | 'b'>;
beforeAll(async () => {
  world = await joinClusters(['a', 'b']);
});
afterAll(() => world?.stop());

describe.each(olderKubectlVersions)('kubectl %s', (version) => {
  let binary: string;
  let cache: string;
  const name = `web-${version.replaceAll('.', '-')}`;
  beforeAll(async () => {
    binary = await ensureKubectl(version);
    // Versions write their discovery caches differently.
    cache = join(world.clusters.a.folder, `cache-${version}`);
  }, 600_000);

  async function ok(...args: string[]): Promise<string> {
    const options = { kubectl: binary };
    const { code, stdout, stderr } = await world.kubectlWith(options, '--cache-dir', cache, ...args);
    if (code !== 0) throw new Error(`kubectl ${version} ${args.join(' ')} ended with ${code}: ${stderr}${stdout}`);
    return stdout;
  }
  const pods = (): Promise<string> => ok('get', 'pods', '-l', `app=${name}`, '--no-headers');
  const rolledOut = (): Promise<string> => ok('rollout', 'status', `deployment/${name}`, '--timeout=60s');

  test('shows both clusters and runs a Deployment over them', async () => {
    expect(await ok('version', '-o', 'json')).toContain(`"gitVersion": "${version}"`);
    expect(countByCluster(await ok('get', 'nodes', '--no-headers'))).toEqual({ a: 2, b: 2 });
    await ok('create', 'deployment', name, '--image=nginx', '--replicas=4');
    expect(await rolledOut()).toContain('successfully rolled out');
    expect(countByCluster(await pods())).toEqual({ a: 2, b: 2 });
    expect(await ok('get', 'nodes,deploy,pods', '-A')).toMatch(new RegExp(`deployment.apps/${name}\\s+a,b\\s+4/4`));
  });

  test('has logs, exec, cp and port-forward of pods in either', async () => {
    for (const line of linesOf(await pods())) {
      const [pod = '', cluster = ''] = line.split(/\s+/);
      expect(await ok('logs', pod)).toContain(`hello from ${cluster}`);
      expect(await ok('exec', pod, '--', 'sh', '-c', 'echo $CLUSTER')).toBe(`${cluster}\n`);
    }
    const [pod = ''] = (await pods()).split(/\s+/);
    const file = join(world.clusters.a.folder, `${version}.txt`);
    writeFileSync(file, 'text\n');
    await ok('cp', file, `${pod}:${file}.there`);
    expect(await ok('exec', pod, '--', 'cat', `${file}.there`)).toBe('text\n');
    const forward = spawnKubectl(['port-forward', pod, ':80'], {
      kubectl: binary,
      kubeconfig: world.gateway().kubeconfig,
    });
    let output = '';
    forward.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    const port = await waitFor('port-forward to listen', () => /127\.0\.0\.1:(\d+)/.exec(output)?.[1]);
    expect(await (await fetch(`http://127.0.0.1:${port}/x`)).json()).toMatchObject({ path: '/x' });
    forward.kill();
  });

  test('scales, sets images, rolls back, explains, describes', async () => {
    await ok('scale', `deployment/${name}`, '--replicas=7');
    await rolledOut();
    expect(Object.values(countByCluster(await pods())).sort()).toEqual([3, 4]);
    await ok('set', 'image', `deployment/${name}`, 'nginx=nginx:2');
    await rolledOut();
    expect(await ok('rollout', 'undo', `deployment/${name}`)).toContain('rolled back');
    await rolledOut();
    expect(await ok('get', 'deployment', name, '-o', 'jsonpath={.spec.template.spec.containers[0].image}')).toBe(
      'nginx',
    );
    expect(await ok('explain', 'deployment.spec.replicas')).toContain('<integer>');
    expect(await ok('describe', 'deployment', name)).toContain('7 desired');
    expect(await ok('api-resources', '--api-group=apps')).toMatch(
      /deployments\s+deploy\s+apps\/v1\s+true\s+Deployment/,
    );
    expect(await ok('auth', 'can-i', 'create', 'pods')).toBe('yes\n');
  });

  test('applies in both ways, compares, labels, watches and deletes', async () => {
    const file = join(world.clusters.a.folder, `${version}.yaml`);
    const write = (value: string): void =>
      writeFileSync(file, `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata: {a: "${value}"}\n`);
    write('1');
    expect(await ok('apply', '-f', file)).toContain('created');
    write('2');
    expect((await world.kubectlWith({ kubectl: binary }, 'diff', '-f', file)).code).toBe(1);
    expect(await ok('apply', '-f', file)).toContain('configured');
    expect(await ok('apply', '-f', file)).toContain('unchanged');
    expect(await ok('apply', '--server-side', '--force-conflicts', '-f', file)).toContain('serverside-applied');
    await ok('label', 'configmap', name, 'team=a');
    await ok('wait', `deployment/${name}`, '--for=condition=Available', '--timeout=30s');
    await ok('delete', '-f', file);
    const watch = spawnKubectl(['get', 'deployments', name, '--watch', '--output-watch-events'], {
      kubectl: binary,
      kubeconfig: world.gateway().kubeconfig,
    });
    let told = '';
    watch.stdout.setEncoding('utf8').on('data', (text: string) => {
      told += text;
    });
    try {
      await waitFor('the watch to have begun', () => told.includes('ADDED'));
      await ok('delete', 'deployment', name, '--timeout=60s');
      await waitFor('the end to be told', () => linesOf(told).at(-1)?.startsWith('DELETED') === true);
    } finally {
      watch.kill();
    }
    await ok('wait', 'pods', '-l', `app=${name}`, '--for=delete', '--timeout=60s');
  });
});
