/**
 * One kind that two real clusters define otherwise: other columns, another field behind a column, a version more. And
 * what clashes over both: counted, paged and deleted exactly.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCluster } from '../kube/cluster.ts';
import type { KubeCluster } from '../kube/kube-cluster.ts';
import { waitFor } from '../support/wait-for.ts';
import { type RealView, viewOfClusters } from './real-view.ts';
import type { ViewHarness } from './view-harness.ts';

let east: KubeCluster;
let west: KubeCluster;
let world: RealView;
let view: ViewHarness;

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' };
type Column = readonly [name: string, type: string, jsonPath: string];

const version = (name: string, columns: readonly Column[], storage = name === 'v1') => ({
  name,
  served: true,
  storage,
  additionalPrinterColumns: columns.map(([name, type, jsonPath]) => ({ name, type, jsonPath })),
  schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
});
const crd = (plural: string, kind: string, ...versions: object[]) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.acme.com` },
  spec: { group: 'acme.com', scope: 'Namespaced', names: { plural, singular: kind.toLowerCase(), kind }, versions },
});
const widget = (name: string, spec: object, apiVersion = 'acme.com/v1') => ({
  apiVersion,
  kind: 'Widget',
  metadata: { name, namespace: 'default' },
  spec,
});
const widgets = (apiVersion: string) => `/apis/acme.com/${apiVersion}/namespaces/default/widgets`;
const post = (cluster: KubeCluster, path: string, body: object) =>
  waitFor(`${path} to be served`, async () => (await cluster.fetch(path, { method: 'POST', body })).status === 201);

beforeAll(async () => {
  [east, west] = (await Promise.all(['east', 'west'].map((name) => startCluster({ name, controllers: false })))) as [
    KubeCluster,
    KubeCluster,
  ];
  await post(
    east,
    CRDS,
    crd(
      'widgets',
      'Widget',
      version('v1', [
        ['Size', 'integer', '.spec.size'],
        ['Color', 'string', '.spec.color'],
      ]),
    ),
  );
  await post(
    west,
    CRDS,
    crd(
      'widgets',
      'Widget',
      version('v1', [
        ['Weight', 'integer', '.spec.weight'],
        ['Size', 'integer', '.spec.dimensions.size'],
      ]),
      version('v2', [['Mass', 'integer', '.spec.weight']]),
    ),
  );
  await post(east, widgets('v1'), widget('of-east', { size: 1, color: 'red' }));
  await post(west, widgets('v1'), widget('of-west', { weight: 2, dimensions: { size: 3 } }));
  for (const cluster of [east, west]) {
    await post(cluster, widgets('v1'), widget('both', { size: 4, weight: 5 }));
  }
  world = await viewOfClusters([east, west]);
  view = world.view;
});

afterAll(async () => {
  await world?.close();
  await Promise.all([east?.stop(), west?.stop()]);
});

interface Table {
  readonly columnDefinitions: readonly { readonly name: string }[] | null;
  readonly rows: readonly { readonly cells: readonly unknown[] }[];
}
const columnsOf = ({ columnDefinitions }: Table) => columnDefinitions?.map(({ name }) => name);
const rowsOf = ({ rows }: Table) => rows.map(({ cells }) => cells);
const table = async (path: string): Promise<Table> =>
  (await view.call('GET', path, undefined, { headers: TABLE })).json;

describe('tables of a kind that two clusters print otherwise', () => {
  test('have the columns of both, each filled as the object’s cluster fills it', async () => {
    const list = await table('/apis/acme.com/v1/widgets');
    expect(columnsOf(list)).toEqual(['Name', 'Cluster', 'Size', 'Color', 'Weight']);
    expect(rowsOf(list)).toEqual([
      // A column that its cluster does not define is read as the other one reads it.
      ['both@east', 'east', 4, null, 5],
      ['both@west', 'west', null, null, 5],
      ['of-east', 'east', 1, 'red', null],
      ['of-west', 'west', 3, null, 2],
    ]);
    const one = await table(`${widgets('v1')}/of-west`);
    expect([columnsOf(one), rowsOf(one)]).toEqual([columnsOf(list), [['of-west', 'west', 3, null, 2]]]);
  });

  test('of a version that one of them serves have its columns and objects alone', async () => {
    const list = await table('/apis/acme.com/v2/widgets');
    expect(columnsOf(list)).toEqual(['Name', 'Cluster', 'Mass']);
    expect(rowsOf(list)).toEqual([
      ['both', 'west', 5],
      ['of-west', 'west', 2],
    ]);
  });

  test('are watched with the same columns, told once', async () => {
    const tap = await view.watch('/apis/acme.com/v1/widgets?watch=true', { headers: TABLE });
    await tap.until(4);
    await west.fetchOk(`${widgets('v1')}/of-west`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/merge-patch+json' },
      body: { spec: { dimensions: { size: 30 } } },
    });
    await tap.until(5);
    expect(tap.events.map(({ object }) => columnsOf(object))).toEqual([
      ['Name', 'Cluster', 'Size', 'Color', 'Weight'],
      ...Array(4).fill(undefined),
    ]);
    expect(rowsOf(tap.events.at(-1).object)).toEqual([['of-west', 'west', 30, null, 2]]);
    tap.end();
  });

  test('follow a definition that changes', async () => {
    await east.fetchOk(`${CRDS}/widgets.acme.com`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json-patch+json' },
      body: [
        {
          op: 'add',
          path: '/spec/versions/0/additionalPrinterColumns/-',
          value: { name: 'Shape', type: 'string', jsonPath: '.spec.shape' },
        },
      ],
    });
    await waitFor('the new column', async () => columnsOf(await table('/apis/acme.com/v1/widgets'))?.includes('Shape'));
  });

  test('of definitions themselves tell whose each is', async () => {
    const rows = rowsOf(await table(CRDS)).map((cells) => cells.slice(0, 2));
    expect(rows).toContainEqual(['widgets.acme.com@east', 'east']);
    expect(rows).toContainEqual(['widgets.acme.com@west', 'west']);
    expect((await view.call('GET', `${CRDS}/widgets.acme.com`)).status).toBe(409);
    const of = async (name: string) =>
      (await view.call('GET', `${CRDS}/${name}`)).json.spec.versions.map(({ name }: { name: string }) => name);
    expect([await of('widgets.acme.com@east'), await of('widgets.acme.com@west')]).toEqual([['v1'], ['v1', 'v2']]);
  });
});

describe('versions that only one cluster serves', () => {
  test('are discovered, but not preferred', async () => {
    const { json } = await view.call('GET', '/apis/acme.com');
    expect(json.versions.map(({ version }: { version: string }) => version).sort()).toEqual(['v1', 'v2']);
    expect(json.preferredVersion.version).toBe('v1');
  });

  test('are written where they are served, and are nothing for objects of the other', async () => {
    const merge = { type: 'application/merge-patch+json' };
    const patched = await view.call('PATCH', `${widgets('v2')}/of-west`, { spec: { note: 'by v2' } }, merge);
    expect(patched.json).toMatchObject({ apiVersion: 'acme.com/v2', spec: { note: 'by v2' } });
    expect(await west.fetchOk(`${widgets('v1')}/of-west`)).toMatchObject({ spec: { note: 'by v2' } });
    for (const name of ['of-east', 'both@east']) {
      for (const [method, body] of [
        ['GET', undefined],
        ['PATCH', { spec: {} }],
        ['DELETE', undefined],
      ] as const) {
        const answer = await view.call(method, `${widgets('v2')}/${name}`, body, merge);
        expect([answer.status, answer.json.reason], `${method} ${name}`).toEqual([404, 'NotFound']);
      }
    }
    expect((await east.fetch(`${widgets('v1')}/of-east`)).status).toBe(200);
  });
});

describe('what clashes over two clusters', () => {
  const MAPS = '/api/v1/namespaces/default/configmaps';
  const map = (name: string, labels: Record<string, string>) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'default', labels },
  });
  const names = async (query: string): Promise<string[]> =>
    (await view.call('GET', `${MAPS}?${query}`)).json.items.map(
      ({ metadata }: { metadata: { name: string } }) => metadata.name,
    );
  const direct = async (cluster: KubeCluster, query = 'labelSelector=of=clash'): Promise<string[]> =>
    (await cluster.fetchOk<{ items: { metadata: { name: string } }[] }>(`${MAPS}?${query}`)).items.map(
      ({ metadata }) => metadata.name,
    );

  beforeAll(async () => {
    for (const cluster of [east, west]) {
      for (const name of ['a', 'b', 'c'])
        await post(cluster, MAPS, map(name, { of: 'clash', wipe: name === 'c' ? 'no' : 'yes' }));
      await post(cluster, MAPS, map(`only-${cluster.name}`, { of: 'clash', wipe: 'no' }));
    }
    await view.call('POST', MAPS, map('b', { of: 'clash', wipe: 'yes' }));
    await view.call('POST', MAPS, map('hub', { of: 'clash', wipe: 'yes' }));
    await waitFor('all to be seen', async () => (await names('labelSelector=of=clash')).length === 10);
  });

  test('is paged without a gap, and what remains is counted exactly', async () => {
    const whole = await names('');
    const total = whole.length;
    const seen: string[] = [];
    let next = '';
    do {
      const { json } = await view.call(
        'GET',
        `${MAPS}?limit=3${next === '' ? '' : `&continue=${encodeURIComponent(next)}`}`,
      );
      seen.push(...json.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name));
      expect(json.metadata.remainingItemCount ?? 0).toBe(total - seen.length);
      next = json.metadata.continue ?? '';
    } while (next !== '');
    expect(seen).toEqual(whole);
    expect(seen).toEqual(
      expect.arrayContaining(['a@east', 'a@west', 'b', 'b@east', 'b@west', 'only-east', 'only-west']),
    );
  });

  test('is deleted by a field selector exactly where it says', async () => {
    expect((await view.call('DELETE', `${MAPS}?fieldSelector=metadata.name%3Da%40east`)).status).toBe(200);
    expect([await direct(east), await direct(west)]).toEqual([
      ['b', 'c', 'only-east'],
      ['a', 'b', 'c', 'only-west'],
    ]);
    // The plain name is the hub's.
    expect((await view.call('DELETE', `${MAPS}?fieldSelector=metadata.name%3Db`)).status).toBe(200);
    await waitFor('the clash to be one of two', async () => !(await names('labelSelector=of=clash')).includes('b'));
    expect([await direct(east), await direct(west)]).toEqual([
      ['b', 'c', 'only-east'],
      ['a', 'b', 'c', 'only-west'],
    ]);
    const both = `fieldSelector=metadata.namespace%3Ddefault&labelSelector=${encodeURIComponent('of=clash,tmc.kcp.io/cluster=west,wipe=no')}`;
    expect((await view.call('DELETE', `${MAPS}?${both}`)).status).toBe(200);
    expect([await direct(east), await direct(west)]).toEqual([
      ['b', 'c', 'only-east'],
      ['a', 'b'],
    ]);
  });

  test('is deleted by a label selector in every cluster and the hub, and nothing else', async () => {
    expect((await view.call('DELETE', `${MAPS}?labelSelector=wipe%3Dyes`)).status).toBe(200);
    expect([await direct(east), await direct(west)]).toEqual([['c', 'only-east'], []]);
    expect(await names('labelSelector=of=clash')).toEqual(['c', 'only-east']);
    expect((await direct(east, '')).includes('kube-root-ca.crt')).toBe(
      (await direct(west, '')).includes('kube-root-ca.crt'),
    );
  });
});

describe('a definition that comes and goes', () => {
  const serves = async (path: string, text: string) =>
    JSON.stringify((await view.call('GET', path)).json).includes(text);

  test('is in discovery and OpenAPI within two seconds, and out of them again', async () => {
    const [DISCOVERY, V3, V2] = ['/apis/acme.com/v1', '/openapi/v3/apis/acme.com/v1', '/openapi/v2'];
    for (const path of [DISCOVERY, V3, V2]) expect(await serves(path, 'gizmo')).toBe(false);
    const late: Record<string, number> = {};
    const turn = async (there: boolean, act: () => Promise<unknown>) => {
      await act();
      // The cluster itself takes a moment: what counts is how much later the view is.
      for (const path of [DISCOVERY, V3, V2]) {
        await waitFor(
          `${path} at the cluster`,
          async () => JSON.stringify((await west.fetch(path)).json).includes('gizmo') === there,
        );
        const began = performance.now();
        await waitFor(`${path} in the view`, async () => (await serves(path, 'gizmo')) === there);
        late[`${path} ${there}`] = performance.now() - began;
      }
    };
    await turn(true, () => post(west, CRDS, crd('gizmos', 'Gizmo', version('v1', []))));
    await turn(false, () => west.fetchOk(`${CRDS}/gizmos.acme.com`, { method: 'DELETE' }));
    for (const [what, ms] of Object.entries(late)) expect(ms, what).toBeLessThan(2_000);
  });
});
