/** What a person does with kubectl, on two real clusters behind one gateway (issue 2, "How it will be tried"). */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KubeCluster } from '../kube/kube-cluster.ts';
import { installMetricsServer } from '../kube/metrics-server.ts';
import { countByCluster, type JoinedClusters, joinClusters, linesOf, VIEW } from '../support/joined-clusters.ts';
import { spawnKubectl } from '../support/kubectl.ts';
import { waitFor } from '../support/wait-for.ts';

let world: JoinedClusters<'a' | 'b'>;
let folder: string;
beforeAll(async () => {
  world = await joinClusters(['a', 'b']);
  folder = world.clusters.a.folder;
});
afterAll(() => world?.stop());

const ok = (...args: string[]): Promise<string> => world.ok(...args);
/** Standard output of a kubectl that has nothing else to say. */
async function silent(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await world.kubectl(...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}
const podsOf = (app: string): Promise<string> => ok('get', 'pods', '-l', `app=${app}`, '--no-headers');
const rolledOut = (name: string): Promise<string> => ok('rollout', 'status', `deployment/${name}`, '--timeout=60s');
const manifest = (name: string, text: string): string => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};

describe('a Deployment', () => {
  test('stands with nodes and pods of both clusters in lists with a CLUSTER column', async () => {
    const [header, ...nodes] = linesOf(await ok('get', 'nodes'));
    expect(header).toMatch(/^NAME\s+CLUSTER\s+STATUS/);
    expect(nodes.map((row) => row.split(/\s+/).slice(0, 2).join('@'))).toEqual([
      'a-node-0@a',
      'a-node-1@a',
      'b-node-0@b',
      'b-node-1@b',
    ]);
    expect(await ok('create', 'deployment', 'web', '--image=nginx', '--replicas=4')).toContain('created');
    expect(await rolledOut('web')).toContain('successfully rolled out');
    expect(countByCluster(await podsOf('web'))).toEqual({ a: 2, b: 2 });
    const all = await ok('get', 'nodes,deploy,pods', '-A');
    expect(all).toMatch(/NAMESPACE\s+NAME\s+CLUSTER\s+READY\s+UP-TO-DATE/);
    expect(all).toMatch(/default\s+deployment.apps\/web\s+a,b\s+4\/4/);
  });

  test('is scaled to seven', async () => {
    await ok('scale', 'deployment/web', '--replicas=7');
    await rolledOut('web');
    expect(Object.values(countByCluster(await podsOf('web'))).sort()).toEqual([3, 4]);
  });

  test('takes a new image everywhere, is rolled back, restarted, paused and resumed', async () => {
    const images = async (): Promise<string[]> => {
      const text = await ok('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].spec.containers[0].image}');
      return [...new Set(text.split(' '))];
    };
    await ok('set', 'image', 'deployment/web', 'nginx=nginx:2');
    await rolledOut('web');
    await waitFor('only new pods', async () => (await images()).join() === 'nginx:2');
    expect(await silent('rollout', 'history', 'deployment/web')).toMatch(/\n1 .*\n2 [^\n]*\n*$/);
    expect(await silent('rollout', 'undo', 'deployment/web')).toContain('rolled back');
    await rolledOut('web');
    await waitFor('only old pods', async () => (await images()).join() === 'nginx');
    expect(await silent('rollout', 'history', 'deployment/web')).toMatch(/\n2 .*\n3 [^\n]*\n*$/);
    expect(await silent('rollout', 'undo', 'deployment/web', '--to-revision=2')).toContain('rolled back');
    expect(await silent('rollout', 'status', 'deployment/web', '--timeout=60s')).toContain('successfully rolled out');
    await ok('rollout', 'restart', 'deployment/web');
    await rolledOut('web');
    expect(await ok('rollout', 'pause', 'deployment/web')).toContain('paused');
    expect(await ok('rollout', 'resume', 'deployment/web')).toContain('resumed');
  });

  test('is labelled, annotated, patched, edited, exposed, autoscaled and waited for', async () => {
    await ok('label', 'deployment', 'web', 'team=a');
    await ok('annotate', 'deployment', 'web', 'note=x');
    await ok('patch', 'deployment', 'web', '-p', '{"spec":{"revisionHistoryLimit":5}}');
    await ok('patch', 'deployment', 'web', '--type=json', '-p', '[{"op":"replace","path":"/spec/replicas","value":4}]');
    const env = { KUBE_EDITOR: "sed -i 's/revisionHistoryLimit: 5/revisionHistoryLimit: 6/'" };
    expect((await world.kubectlWith({ env }, 'edit', 'deployment', 'web')).stdout).toContain('edited');
    expect(await ok('get', 'deploy', '-l', 'team=a', '-o', 'jsonpath={.items[0].spec.revisionHistoryLimit}')).toBe('6');
    await rolledOut('web');
    await ok('expose', 'deployment', 'web', '--port=80');
    await ok('autoscale', 'deployment', 'web', '--min=2', '--max=9');
    await ok('wait', 'deployment/web', '--for=condition=Available', '--timeout=30s');
    await waitFor('the Service in both clusters', async () => /web\s+a,b\s/.test(await ok('get', 'services')));
    const slices = await ok('get', 'endpointslices', '-l', 'kubernetes.io/service-name=web', '--no-headers');
    expect(countByCluster(slices)).toEqual({ a: 1, b: 1 });
    await ok('delete', 'hpa,service', 'web');
  });

  test('is told of by events and described', async () => {
    expect(await ok('events', '--types=Normal')).toMatch(/SuccessfulCreate|Scheduled/);
    expect(await ok('describe', 'deployment', 'web')).toMatch(/Replicas:\s+4 desired \| 4 updated \| 4 total/);
    const described = await ok('describe', 'pods', '-l', 'app=web');
    expect(described).toMatch(/Controlled By:\s+ReplicaSet\/web-/);
    expect(described).toMatch(/Namespace:\s+default/);
    expect(described).not.toContain('kcp-');
  });

  test('is deleted once the clusters have confirmed', async () => {
    await ok('delete', 'deployment', 'web', '--timeout=60s');
    for (const cluster of [world.clusters.a, world.clusters.b]) {
      expect((await cluster.kubectl('get', 'deployments', '-A', '-l', 'app=web', '-o', 'name')).stdout).toBe('');
    }
    await ok('wait', 'pods', '-l', 'app=web', '--for=delete', '--timeout=60s');
  });
});

describe('a pod', () => {
  const names: string[] = [];
  beforeAll(async () => {
    await ok('create', 'deployment', 'box', '--image=nginx', '--replicas=2');
    await rolledOut('box');
    for (const row of linesOf(await podsOf('box'))) names.push(row.split(/\s+/)[0] as string);
  });

  test('has logs and runs commands, whichever cluster it is in', async () => {
    expect(names).toHaveLength(2);
    const told = await Promise.all(
      names.map(async (name) => [await ok('logs', name), await ok('exec', name, '--', 'sh', '-c', 'echo $CLUSTER')]),
    );
    expect(told.sort()).toEqual([
      ['hello from a\n', 'a\n'],
      ['hello from b\n', 'b\n'],
    ]);
    expect(await ok('logs', '-l', 'app=box', '--prefix')).toMatch(
      /hello from a[\s\S]*hello from b|hello from b[\s\S]*hello from a/,
    );
    expect((await world.kubectl('exec', names[0] as string, '--', 'sh', '-c', 'exit 3')).code).toBe(3);
  });

  test('is attached to', async () => {
    const attached = spawnKubectl(['attach', names[0] as string], { kubeconfig: world.gateway().kubeconfig });
    let output = '';
    for (const stream of [attached.stdout, attached.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    await waitFor('attach to show the container', () => /hello from|press/.test(output));
    attached.kill();
  });

  test('has its ports forwarded', async () => {
    for (const name of names) {
      const forward = spawnKubectl(['port-forward', name, ':80'], { kubeconfig: world.gateway().kubeconfig });
      let output = '';
      forward.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
      const port = await waitFor('port-forward to listen', () => /127\.0\.0\.1:(\d+)/.exec(output)?.[1]);
      const answer = (await (await fetch(`http://127.0.0.1:${port}/hello`)).json()) as { cluster: string };
      forward.kill();
      const [cluster] = Object.keys(countByCluster(await ok('get', 'pod', name, '--no-headers')));
      expect(answer).toMatchObject({ cluster, path: '/hello' });
    }
  });

  test('takes and gives files', async () => {
    const text = 'line\n'.repeat(50_000);
    const source = manifest('source.txt', text);
    await ok('cp', source, `${names[0]}:${folder}/work/there.txt`);
    await ok('cp', `${names[0]}:${folder}/work/there.txt`, join(folder, 'back.txt'));
    expect(readFileSync(join(folder, 'back.txt'), 'utf8')).toBe(text);
  });

  test('is told of by a watch, each thing once', async () => {
    const args = ['get', 'pods', '-l', 'run=one', '--watch', '--output-watch-events', '--request-timeout=8s'];
    const watching = world.kubectl(...args);
    await ok('run', 'one', '--image=nginx', '--labels=run=one');
    await ok('wait', 'pod/one', '--for=condition=Ready', '--timeout=20s');
    await ok('delete', 'pod', 'one', '--timeout=20s', '--grace-period=1');
    const events = linesOf((await watching).stdout)
      .slice(1)
      .map((line) => line.split(/\s+/).slice(0, 2).join(' '));
    expect([events[0], events.at(-1)]).toEqual(['ADDED one', 'DELETED one']);
    expect(new Set(events.slice(1, -1))).toEqual(new Set(['MODIFIED one']));
  });
});

describe('manifests', () => {
  const kustomization = (value: string): string => {
    const target = join(folder, 'kustomization');
    mkdirSync(target, { recursive: true });
    const files = {
      'kustomization.yaml': 'resources: [all.yaml]\nconfigMapGenerator: [{name: gen, literals: [x=1]}]\n',
      'all.yaml': `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {a: "${value}"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  replicas: 2
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      containers:
      - {name: c, image: nginx, envFrom: [{configMapRef: {name: settings}}]}
`,
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(target, name), text);
    return target;
  };
  const settingsAt = async (cluster: 'a' | 'b'): Promise<string> => {
    const field = 'metadata.name=settings';
    const args = ['get', 'configmaps', '-A', '--field-selector', field, '-o', 'jsonpath={.items[*].data.a}'];
    return (await world.clusters[cluster].kubectl(...args)).stdout;
  };

  test('are applied with kustomize, unchanged the second time, compared, and applied by the server', async () => {
    expect(await ok('apply', '-k', kustomization('1'))).toContain('deployment.apps/api created');
    expect(await ok('apply', '-k', kustomization('1'))).not.toMatch(/created|configured/);
    await rolledOut('api');
    await waitFor('settings in both clusters', async () => (await settingsAt('a')) + (await settingsAt('b')) === '11');
    const compared = await world.kubectl('diff', '-k', kustomization('2'));
    expect(compared.code).toBe(1);
    expect(compared.stdout).toContain('+  a: "2"');
    expect(await ok('apply', '--server-side', '--force-conflicts', '-k', kustomization('2'))).toContain('serverside');
    await waitFor(
      'the change in both clusters',
      async () => (await settingsAt('a')) + (await settingsAt('b')) === '22',
    );
    expect((await world.kubectl('diff', '-k', kustomization('2'))).code).toBe(0);
    await ok('delete', '-k', kustomization('2'), '--timeout=60s');
    await waitFor('both copies to be gone', async () => (await settingsAt('a')) + (await settingsAt('b')) === '');
  });
});

describe('nodes', () => {
  test('are cordoned, drained, uncordoned and tainted in their own cluster', async () => {
    await ok('create', 'deployment', 'spread', '--image=nginx', '--replicas=4');
    await rolledOut('spread');
    await ok('drain', 'a-node-0', '--ignore-daemonsets', '--force', '--timeout=60s');
    const pods = await ok(
      'get',
      'pods',
      '-A',
      '--field-selector=spec.nodeName=a-node-0,status.phase=Running',
      '-o',
      'name',
    );
    expect(pods).toBe('');
    const spec = async (): Promise<string> =>
      (await world.clusters.a.kubectl('get', 'node', 'a-node-0', '-o', 'jsonpath={.spec.unschedulable}')).stdout;
    expect(await spec()).toBe('true');
    expect(await ok('get', 'node', 'a-node-0')).toContain('SchedulingDisabled');
    await ok('uncordon', 'a-node-0');
    expect(await spec()).toBe('');
    await ok('taint', 'node', 'b-node-0', 'key=value:NoSchedule');
    expect(await ok('describe', 'node', 'b-node-0')).toMatch(/Taints:\s+key=value:NoSchedule/);
    await ok('taint', 'node', 'b-node-0', 'key-');
    await rolledOut('spread');
    await ok('delete', 'deployment', 'spread');
  });
});

describe('custom resources', () => {
  const definition = (kind: string): string => {
    const one = kind.toLowerCase();
    return manifest(
      `${one}-crd.yaml`,
      `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ${one}s.example.com}
spec:
  group: example.com
  names: {kind: ${kind}, plural: ${one}s, singular: ${one}}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      subresources: {status: {}, scale: {specReplicasPath: .spec.size, statusReplicasPath: .status.size}}
      additionalPrinterColumns: [{name: Size, type: integer, jsonPath: .spec.size}]
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec: {type: object, properties: {size: {type: integer, minimum: 1}, colour: {type: string, default: red}}}
            status: {type: object, properties: {size: {type: integer}, phase: {type: string}}}
`,
    );
  };
  const object = (kind: string, size: number): string =>
    manifest(
      `${kind}.yaml`,
      `{apiVersion: example.com/v1, kind: ${kind}, metadata: {name: one}, spec: {size: ${size}}}`,
    );
  const both = (): KubeCluster[] => [world.clusters.a, world.clusters.b];
  const sizesOf = async (plural: string): Promise<string> => {
    const args = ['get', plural, '-A', '-o', 'jsonpath={.items[*].spec.size}'];
    return (await Promise.all(both().map(async (cluster) => (await cluster.kubectl(...args)).stdout))).join();
  };
  const known = (plural: string): Promise<boolean> =>
    waitFor(`${plural} to be known`, async () => (await world.kubectl('get', plural)).code === 0);

  test('of a kind that only the clusters define are authored, checked, placed, scaled and reported on', async () => {
    for (const cluster of both()) await cluster.kubectl('apply', '-f', definition('Widget'));
    await known('widgets');
    expect((await world.kubectl('apply', '-f', object('Widget', 0))).stderr).toContain(
      'The Widget "one" is invalid: spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1',
    );
    expect(await ok('apply', '-f', object('Widget', 3))).toContain('widget.example.com/one created');
    await waitFor('it in both clusters', async () => (await sizesOf('widgets')) === '3,3');
    expect(await ok('get', 'widgets')).toMatch(/NAME\s+CLUSTER\s+SIZE\none\s+a,b\s+3\n/);
    expect(await ok('get', 'widget', 'one', '-o', 'jsonpath={.spec.colour}')).toBe('red');
    expect(await ok('explain', 'widget.spec')).toContain('colour\t<string>');
    for (const cluster of both()) {
      const { items } = await cluster.fetchOk<{ items: { metadata: { namespace: string } }[] }>(
        '/apis/example.com/v1/widgets',
      );
      const args = ['patch', 'widget', 'one', '-n', items[0]?.metadata.namespace ?? '', '--subresource=status'];
      expect((await cluster.kubectl(...args, '--type=merge', '-p', '{"status":{"phase":"Ready","size":3}}')).code).toBe(
        0,
      );
    }
    await ok('wait', 'widget/one', '--for=jsonpath={.status.phase}=Ready', '--timeout=30s');
    await ok('scale', 'widget/one', '--replicas=5');
    await waitFor('the scale in both clusters', async () => (await sizesOf('widgets')) === '5,5');
    await ok('delete', 'widget', 'one', '--timeout=30s');
    expect(await sizesOf('widgets')).toBe(',');
  });

  test('of a kind that the workspace defines wait in it, and go to clusters once those serve the kind', async () => {
    expect(await ok('apply', '-f', definition('Gadget'))).toContain('created');
    await ok('wait', 'crd/gadgets.example.com', '--for=condition=Established', '--timeout=20s');
    await known('gadgets');
    expect(await ok('apply', '-f', object('Gadget', 3))).toContain('created');
    await waitFor('the reason to be told', async () =>
      (await ok('get', 'events')).includes('it does not serve gadgets.example.com'),
    );
    expect(await ok('get', 'gadgets')).toMatch(/one\s+3\n/);
    // Definitions are for the whole of a cluster: a workspace does not put its own there.
    for (const cluster of both()) expect((await cluster.kubectl('get', 'crd', 'gadgets.example.com')).code).toBe(1);
    for (const cluster of both()) await cluster.kubectl('apply', '-f', definition('Gadget'));
    await waitFor('it in both clusters', async () => (await sizesOf('gadgets')) === '3,3', { timeoutMs: 60_000 });
    expect(await ok('get', 'gadgets')).toMatch(/one\s+a,b\s+3\n/);
    await ok('delete', 'gadget', 'one', '--timeout=30s');
    await ok('delete', 'crd', 'gadgets.example.com', '--timeout=30s');
  });
});

describe('about the API itself', () => {
  test('a person learns what there is', async () => {
    expect(await ok('api-resources', '--api-group=apps')).toMatch(
      /deployments\s+deploy\s+apps\/v1\s+true\s+Deployment/,
    );
    expect(await ok('api-versions')).toContain('apps/v1\n');
    expect(await ok('explain', 'deployment.spec.replicas')).toContain('<integer>');
    expect(await ok('cluster-info')).toContain(VIEW);
    expect(await ok('version')).toContain('Server Version');
  });

  test('a person learns who they are and what they may', async () => {
    expect(await ok('auth', 'whoami')).toContain('system:masters');
    expect(await ok('auth', 'can-i', 'create', 'pods')).toBe('yes\n');
    expect((await world.kubectl('auth', 'can-i', 'get', 'pods', '--as=stranger')).stdout).toBe('no\n');
    await ok('create', 'serviceaccount', 'robot');
    await ok('create', 'role', 'reader', '--verb=get,list', '--resource=pods');
    await ok('create', 'rolebinding', 'robot', '--role=reader', '--serviceaccount=default:robot');
    const token = (await ok('create', 'token', 'robot')).trim();
    const pods = await world.stranger.fetch(`${VIEW}/api/v1/namespaces/default/pods`, { token });
    expect(pods.status).toBe(200);
    expect((await world.stranger.fetch(`${VIEW}/api/v1/namespaces/default/secrets`, { token })).status).toBe(403);
  });

  test('metrics of both clusters are shown by top', async () => {
    const ends = await Promise.all(
      [world.clusters.a, world.clusters.b].map((cluster) => installMetricsServer(cluster)),
    );
    const top = await waitFor('metrics of all nodes', async () => {
      const { code, stdout } = await world.kubectl('top', 'nodes', '--no-headers');
      return code === 0 && linesOf(stdout).length === 4 && !stdout.includes('<unknown>') && stdout;
    });
    expect(linesOf(top).map((line) => line.split(/\s+/)[0])).toEqual(['a-node-0', 'a-node-1', 'b-node-0', 'b-node-1']);
    await ok('create', 'deployment', 'measured', '--image=nginx', '--replicas=2');
    await rolledOut('measured');
    expect(linesOf(await ok('top', 'pods', '-l', 'app=measured', '--no-headers'))).toHaveLength(2);
    for (const end of ends) end();
  });
});
