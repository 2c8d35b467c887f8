/** Flux's apply loop on two real clusters behind a gateway: after an apply nothing differs, however often it is compared. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ensureFlux, fluxManifests, runFlux } from '../kube/flux.ts';
import { type JoinedClusters, joinClusters } from '../support/joined-clusters.ts';

let world: JoinedClusters<'a' | 'b'>;
let binary: string;
beforeAll(async () => {
  binary = await ensureFlux();
  world = await joinClusters(['a', 'b']);
}, 1_200_000);
afterAll(() => world?.stop());

test('applies, sees no difference before and after everything is ready, and takes all away', async () => {
  const steps = await runFlux(binary, world.gateway().kubeconfig, fluxManifests);
  const said = steps.map(({ step, actions }) => [step, [...new Set(Object.values(actions))].join()]);
  expect(said).toEqual([
    ['apply', 'created'],
    ['diff', 'unchanged'],
    ['apply', 'unchanged'],
    ['diff', 'unchanged'],
    ['wait', ''],
    ['diff', 'unchanged'],
    ['delete', 'deleted'],
  ]);
  expect(Object.keys(steps[0]?.actions ?? {}).length).toBeGreaterThan(15);
  for (const cluster of Object.values(world.clusters)) {
    const { stdout } = await cluster.kubectl('get', 'deployments', '-A', '-o', 'name');
    expect(stdout).toBe('');
  }
});

test('two appliers own what each has applied, and neither undoes the other', async () => {
  const apply = (manager: string, data: object) =>
    world.kubectlWith(
      { stdin: JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'shared' }, data }) },
      'apply',
      '--server-side',
      `--field-manager=${manager}`,
      '-f',
      '-',
    );
  expect((await apply('one', { a: '1' })).code).toBe(0);
  expect((await apply('two', { b: '2' })).code).toBe(0);
  expect((await apply('two', { a: '2' })).stderr).toContain('conflict with "one"');
  expect((await apply('one', {})).code).toBe(0);
  expect(JSON.parse(await world.ok('get', 'configmap', 'shared', '-o', 'jsonpath={.data}'))).toEqual({ b: '2' });
});
