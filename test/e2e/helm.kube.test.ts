/** Helm on two real clusters behind a gateway: what a chart's life is on one cluster, it is in a workspace. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureHelm, helmVersions } from '../kube/helm-builds.ts';
import { countByCluster, type JoinedClusters, joinClusters } from '../support/joined-clusters.ts';
import { waitFor } from '../support/wait-for.ts';
import { chart } from './helm-chart.ts';

let world: JoinedClusters<'a' | 'b'>;
const folder = mkdtempSync(join(tmpdir(), 'tmc-helm-'));
beforeAll(async () => {
  world = await joinClusters(['a', 'b']);
});
afterAll(async () => {
  await world?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const write = (files: Readonly<Record<string, string>>, into: string): string => {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(into, name)), { recursive: true });
    writeFileSync(join(into, name), text);
  }
  return into;
};

describe.each(helmVersions)('helm %s', (version) => {
  let binary: string;
  const release = `shop-${version.split('.')[0]}`;
  const home = join(folder, version);
  const path = write(chart(release), join(home, 'chart'));
  beforeAll(async () => {
    binary = await ensureHelm(version);
  }, 1_200_000);

  async function helm(...args: string[]): Promise<string> {
    const env = { ...process.env, HOME: home, KUBECONFIG: world.gateway().kubeconfig, NO_PROXY: '*' };
    return new Promise((resolve, reject) =>
      execFile(binary, args, { env, timeout: 110_000, maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
        error ? reject(new Error(`helm ${args.join(' ')}: ${error.message}\n${stderr}${stdout}`)) : resolve(stdout),
      ),
    );
  }
  const json = async <T>(...args: string[]): Promise<T> => JSON.parse(await helm(...args, '-o', 'json')) as T;
  const jsonpath = (what: string, expression: string): Promise<string> =>
    world.ok('get', what, '-o', `jsonpath=${expression}`);
  /** Versions of what the chart made, once clusters have reported all they have to say of it. */
  const settledVersions = (): Promise<string> => {
    let last = '';
    return waitFor(
      'versions to settle',
      async () => {
        const before = last;
        last = await world.ok(
          'get',
          'deploy,cm,sa,svc,role',
          '-l',
          `app=${release}`,
          '-o',
          'jsonpath={.items[*].metadata.resourceVersion}',
        );
        return last === before && last;
      },
      { intervalMs: 500 },
    );
  };

  test('installs with hooks and a definition of its own, and waits until it runs', async () => {
    await helm('install', release, path, '--wait', '--timeout', '90s');
    expect(await jsonpath(`deployment/${release}`, '{.status.readyReplicas}')).toBe('4');
    const pods = await world.ok('get', 'pods', '-l', `app=${release}`, '--no-headers');
    expect(Object.values(countByCluster(pods))).toEqual([2, 2]);
    expect(await jsonpath(`${release}s/first`, '{.spec.size}')).toBe('3');
    expect(await json<{ info: object }>('status', release)).toMatchObject({ info: { status: 'deployed' } });
    expect(await json<unknown[]>('list')).toMatchObject([{ name: release, revision: '1', status: 'deployed' }]);
    expect(await helm('get', 'manifest', release)).toContain('kind: RoleBinding');
    expect(await helm('get', 'hooks', release)).toContain('pre-install');
  });

  test('changes nothing when nothing has changed', async () => {
    const before = await settledVersions();
    await helm('upgrade', release, path, '--wait');
    expect(await settledVersions()).toBe(before);
  });

  test('upgrades, and rolls back', async () => {
    await helm('upgrade', release, path, '--wait', '--timeout', '90s', '--set', 'image=nginx:2,replicas=6,extra=null');
    expect(await jsonpath(`deployment/${release}`, '{.spec.template.spec.containers[0].image}')).toBe('nginx:2');
    expect(await jsonpath(`deployment/${release}`, '{.status.readyReplicas}')).toBe('6');
    await expect(world.ok('get', 'configmap', `${release}-extra`)).rejects.toThrow('not found');
    await helm('rollback', release, '1', '--wait', '--timeout', '90s');
    expect(await jsonpath(`deployment/${release}`, '{.spec.template.spec.containers[0].image}')).toBe('nginx:1');
    expect(await jsonpath(`deployment/${release}`, '{.spec.replicas}')).toBe('4');
    expect(await jsonpath(`configmap/${release}-extra`, '{.data.key}')).toBe('value');
    const history = await json<{ revision: number; status: string }[]>('history', release);
    expect(history.at(-1)).toMatchObject({ revision: 4, status: 'deployed' });
  });

  test('runs its tests', async () => {
    expect(await helm('test', release, '--timeout', '60s')).toMatch(/Phase:\s+Succeeded/);
  });

  test('is refused what the API refuses, before anything is written', async () => {
    const before = await settledVersions();
    const tried = helm('upgrade', release, path, '--set', 'replicas=-1');
    await expect(tried).rejects.toThrow('spec.replicas');
    expect(await settledVersions()).toBe(before);
    expect(await helm('template', release, path, '--validate', '--is-upgrade')).toContain('kind: Deployment');
    await helm('upgrade', release, path, '--dry-run=server', '--set', 'image=nginx:3');
    expect(await settledVersions()).toBe(before);
  });

  test('keeps a release of almost a megabyte', async () => {
    const large = join(home, 'large');
    cpSync(path, large, { recursive: true });
    // Random, so that it does not compress; the whole is base64 twice.
    write({ 'files/blob': randomBytes(512 * 1024).toString('base64') }, large);
    await helm('upgrade', release, large, '--timeout', '90s');
    const [secret = ''] = (await world.ok('get', 'secrets', '-l', `name=${release}`, '-o', 'name'))
      .trim()
      .split('\n')
      .slice(-1);
    expect((await jsonpath(secret, '{.data.release}')).length).toBeGreaterThan(900_000);
    expect(await helm('get', 'all', release)).toContain('STATUS: deployed');
  });

  test('uninstalls, and leaves its definition alone', async () => {
    await helm('uninstall', release, '--wait', '--timeout', '90s');
    const left = await world.ok(
      'get',
      'deploy,rs,pods,cm,sa,svc,role,rolebinding,job',
      '-l',
      `app=${release}`,
      '-o',
      'name',
    );
    expect(left).toBe('');
    expect(await json<unknown[]>('list')).toEqual([]);
    expect(await world.ok('get', 'crd', `${release}s.example.com`, '-o', 'name')).toContain(release);
  });
});
