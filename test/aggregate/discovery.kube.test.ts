/** kubectl against a gateway over two real clusters with different kinds: it must see what they say directly. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster } from '../kube/cluster.ts';
import type { KubeCluster } from '../kube/kube-cluster.ts';
import { runKubectl } from '../support/kubectl.ts';
import { type RunningGateway, runGateway } from '../support/run-gateway.ts';
import { waitFor } from '../support/wait-for.ts';

let east: KubeCluster;
let west: KubeCluster;
let gateway: RunningGateway;

const crd = (plural: string, kind: string, properties: object) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.acme.com` },
  spec: {
    group: 'acme.com',
    scope: 'Namespaced',
    names: { plural, singular: kind.toLowerCase(), kind },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            description: `${kind} is of the test.`,
            properties: { spec: { type: 'object', description: `What the ${kind} shall be.`, properties } },
          },
        },
      },
    ],
  },
});
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

beforeAll(async () => {
  [east, west] = await Promise.all([startCluster({ name: 'east' }), startCluster({ name: 'west' })]);
  await east.fetchOk(CRDS, {
    method: 'POST',
    body: crd('widgets', 'Widget', { size: { type: 'integer', description: 'How large.' } }),
  });
  await west.fetchOk(CRDS, {
    method: 'POST',
    body: crd('gadgets', 'Gadget', { color: { type: 'string', description: 'Which color.' } }),
  });
  gateway = await runGateway({
    args: [
      '--clusters',
      'none',
      '--no-sample',
      '--join',
      `east=${east.kubeconfigPath}`,
      '--join',
      `west=${west.kubeconfigPath}`,
    ],
  });
  await waitFor('both kinds', async () => {
    const names = (await view('api-resources', '-o', 'name')).stdout;
    return names.includes('widgets.acme.com') && names.includes('gadgets.acme.com');
  });
});

afterAll(async () => {
  await gateway?.stop();
  await Promise.all([east?.stop(), west?.stop()]);
});

const view = (...args: string[]) => runKubectl(args, { kubeconfig: gateway.kubeconfig });
const input = (stdin: string, ...args: string[]) => runKubectl(args, { kubeconfig: gateway.kubeconfig, stdin });

describe('kubectl explain', () => {
  it.each([
    ['pod'],
    ['pod.spec.containers.resources'],
    ['deployment.spec.strategy'],
    ['service.spec', '--recursive'],
    ['networkpolicies.networking.k8s.io'],
    ['hpa', '--api-version=autoscaling/v2'],
    ['pod.spec.tolerations', '--output=plaintext-openapiv2'],
  ])('of %s says what the cluster says', async (...args) => {
    const direct = await east.kubectl('explain', ...args);
    const merged = await view('explain', ...args);
    expect(merged.stderr).toBe(direct.stderr);
    expect(merged.stdout).toBe(direct.stdout);
  });

  it('knows the kinds of both clusters, and the hub’s own', async () => {
    expect((await view('explain', 'widget.spec')).stdout).toBe((await east.kubectl('explain', 'widget.spec')).stdout);
    expect((await view('explain', 'gadget.spec')).stdout).toBe((await west.kubectl('explain', 'gadget.spec')).stdout);
    expect((await view('explain', 'synctarget.spec')).stdout).toContain('KIND:       SyncTarget');
  });

  it('knows them by the merged v2 document in protobuf too', async () => {
    const byV2 = '--output=plaintext-openapiv2';
    for (const [cluster, kind] of [
      [east, 'widget.spec'],
      [west, 'gadget.spec'],
    ] as const) {
      const direct = await cluster.kubectl('explain', kind, byV2);
      expect(direct.stdout).toContain('FIELDS:');
      expect((await view('explain', kind, byV2)).stdout).toBe(direct.stdout);
    }
    expect((await view('explain', 'synctarget.spec', byV2)).stdout).toContain('KIND:     SyncTarget');
  });
});

describe('kubectl api-resources', () => {
  it('lists everything that either cluster lists, as the cluster does', async () => {
    const rows = async (run: Promise<{ stdout: string }>) =>
      new Map(
        (await run).stdout
          .trim()
          .split('\n')
          .map((line) => [line.split(/\s+/)[0] as string, line.replace(/\s+/g, ' ').trim()]),
      );
    const merged = await rows(view('api-resources', '--no-headers', '--sort-by=name'));
    for (const cluster of [east, west]) {
      for (const [name, line] of await rows(cluster.kubectl('api-resources', '--no-headers', '--sort-by=name'))) {
        expect(merged.get(name), name).toBe(line);
      }
    }
  });
});

describe('kubectl apply', () => {
  const widget = (spec: string) => `{apiVersion: acme.com/v1, kind: Widget, metadata: {name: w}, spec: ${spec}}`;

  it('--validate=strict names an unknown field of a built-in kind', async () => {
    const bad = '{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a: b}, dato: {}}';
    const direct = await east.kubectlWith({ stdin: bad }, 'apply', '--validate=strict', '-f', '-');
    const merged = await input(bad, 'apply', '--validate=strict', '-f', '-');
    expect([merged.code, merged.stderr]).toEqual([direct.code, direct.stderr]);
  });

  it('diffs and server-side applies a built-in kind', async () => {
    const good = '{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {a: b}}';
    const diff = await input(good, 'diff', '-f', '-');
    expect([diff.code, diff.stdout.includes('+  a: b')]).toEqual([1, true]);
    expect((await input(good, 'apply', '--server-side', '-f', '-')).stdout).toBe('configmap/c serverside-applied\n');
    expect((await input(good, 'diff', '--server-side', '-f', '-')).code).toBe(0);
  });

  it('reaches a kind that one cluster has, and refuses what its schema does', async () => {
    const merged = await input(widget('{size: 1, colour: red}'), 'apply', '--validate=strict', '-f', '-');
    expect(merged.code).toBe(1);
    expect(merged.stderr).toContain('unknown field "spec.colour"');
    const good = await input(widget('{size: 1}'), 'apply', '-f', '-');
    expect(good.stderr).toBe('');
    expect(good.stdout).toBe('widget.acme.com/w created\n');
    // Authored in the hub, and placed where the kind is served.
    await waitFor('the copy', async () => {
      const { items } = await east.fetchOk<{ items: { spec: object }[] }>('/apis/acme.com/v1/widgets');
      return items.some(({ spec }) => JSON.stringify(spec) === '{"size":1}');
    });
    expect((await view('get', 'widget', 'w', '-o', 'jsonpath={.spec.size}')).stdout).toBe('1');
    expect((await view('delete', 'widget', 'w')).stdout).toMatch(/^widget.acme.com "w" deleted/);
    await waitFor(
      'its end',
      async () => (await east.fetchOk<{ items: object[] }>('/apis/acme.com/v1/widgets')).items.length === 0,
    );
  });
});

describe('a cluster that dies', () => {
  it('leaves kubectl with the kinds of all others, and its own as last known', async () => {
    await west.kill('apiserver');
    const { code, stdout } = await view('explain', 'pod.spec.nodeName');
    expect(code).toBe(0);
    expect(stdout).toContain('FIELD: nodeName');
    expect((await view('api-resources', '-o', 'name')).stdout).toContain('widgets.acme.com');
    await west.restart();
    await waitFor('its kinds', async () => {
      const { code, stdout } = await view('api-resources', '-o', 'name');
      return code === 0 && stdout.includes('gadgets.acme.com');
    });
  });
});
