/** The commands for people, against a running `tmc dev`. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningGateway, runGateway } from '../support/run-gateway.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
let gateway: RunningGateway;
beforeAll(async () => {
  gateway = await runGateway({ args: ['--clusters', 'one'] });
}, 60_000);
afterAll(() => gateway?.stop());

function tmc(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { ...process.env, TMC_KUBECONFIG: gateway.kubeconfig, NO_COLOR: '1' };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--import', 'tsx', 'src/cli/tmc.ts', ...args],
      { cwd: ROOT, env },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

test('status shows the cluster and the sample', async () => {
  const { code, stdout } = await tmc('status');
  expect(code).toBe(0);
  expect(stdout).toMatch(/one\s+root\s+Healthy/);
  expect(stdout).toMatch(/default\s+hello\s+\d\/2\s+one/);
});

test('a workspace is created, listed, used and deleted', async () => {
  expect((await tmc('workspace', 'create', 'team-a')).stdout).toContain('workspace root:dev:team-a is ready');
  expect((await tmc('workspace', 'list')).stdout).toMatch(/team-a\s+root:dev:team-a\s+Ready/);
  const output = join(gateway.dataDir, 'team-a.kubeconfig');
  await tmc('kubeconfig', '--workspace', 'root:dev:team-a', '--output', output);
  expect(readFileSync(output, 'utf8')).toContain('/services/tmc/clusters/root:dev:team-a');
  expect(statSync(output).mode & 0o077).toBe(0);
  expect((await tmc('workspace', 'delete', 'team-a')).stdout).toContain('is gone');
  expect((await tmc('workspace', 'delete', 'team-a')).stderr).toContain('there is no workspace root:dev:team-a');
});

test('explain gives every cluster its reason', async () => {
  const { stdout } = await tmc('explain', 'deployment/hello');
  expect(stdout).toContain('"hello" is placed in one');
  expect(stdout).toMatch(/one\s+yes\s+\S/);
  expect((await tmc('explain', 'deployment/nothing')).stderr).toContain('deployments.apps "nothing" not found');
});

test('explain in a workspace that is not there says so', async () => {
  const { stderr } = await tmc('explain', 'deployment/hello', '--workspace', 'root:nowhere');
  expect(stderr).toContain('workspace "root:nowhere" does not exist');
});

test('explain says what a policy would change before it is there, and changes nothing', async () => {
  const file = join(gateway.dataDir, 'policy.yaml');
  const spec = 'metadata: {name: new}\nspec: {clusters: [nowhere]}\n';
  writeFileSync(file, `apiVersion: tmc.kcp.io/v1alpha1\nkind: WorkloadPlacement\n${spec}`);
  const all = await tmc('explain', '--policy', file);
  expect(all.stdout).toMatch(/WorkloadPlacement "new" would govern 1 object and change where 1 object of them is/);
  expect(all.stdout).toMatch(/default\s+deployments\/hello\s+one 2\s+nowhere/);
  expect((await tmc('explain', 'deployment/hello', '--policy', file)).stdout).toContain('Cannot place "hello"');
});

test('a backup is written while the gateway runs', async () => {
  const file = join(gateway.dataDir, 'backup.sqlite');
  expect(await tmc('backup', file, '--data-dir', gateway.dataDir)).toMatchObject({ code: 0 });
  expect(existsSync(file)).toBe(true);
});

test.each([
  {
    call: ['join', 'x', '--kubeconfig', '/nowhere'],
    told: '/nowhere cannot be read\ngive the kubeconfig of an administrator of the cluster with --kubeconfig',
  },
  { call: ['leave', 'nowhere'], told: 'Cluster "nowhere" is not registered in root' },
  { call: ['kubeconfig', '--workspace', '::'], told: '"::" is no workspace\nfor example: --workspace root:dev:team-a' },
])('mistakes are told in one line, with what to do, and no stack: $call', async ({ call, told }) => {
  const { code, stderr, stdout } = await tmc(...call);
  expect([code, stderr, stdout]).toEqual([1, `error: ${told}\n`, '']);
});

test.each(['dev', 'serve', 'join', 'leave', 'kubeconfig', 'status', 'explain', 'backup', 'restore', 'rotate-key'])(
  '%s --help has an example',
  async (command) => {
    expect((await tmc(command, '--help')).stdout).toMatch(/Examples?:\n\s+tmc /);
  },
);
