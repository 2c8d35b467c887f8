/** Tables of a real kube-apiserver, cell by cell, beside ours made from the same objects. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { builtinResources } from '../../../src/hub/builtin/tables.ts';
import { printerFor } from '../../../src/hub/printing/printer-for.ts';
import type { KubeObject } from '../../../src/kube/object.ts';
import { apiVersionOf } from '../../../src/kube/resource.ts';
import type { Table, TableColumnDefinition } from '../../../src/kube/table.ts';
import { startCluster } from '../../kube/cluster.ts';
import type { KubeCluster } from '../../kube/kube-cluster.ts';
import { SAMPLES, type Sample } from '../../support/builtin-samples.ts';

let cluster: KubeCluster;
let namespace: string;

beforeAll(async () => {
  cluster = await startCluster({ name: 'tables', controllers: false });
  namespace = await cluster.createNamespace();
  for (const name of ['runner', 'default']) await create(serviceAccount(name));
  for (const sample of SAMPLES) if (sample.object.metadata.name !== 'runner') await create(sample);
});
afterAll(async () => {
  await cluster?.stop();
});

const serviceAccount = (name: string): Sample => ({
  path: '/api/v1/namespaces/NS/serviceaccounts',
  object: { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } },
});

async function create(sample: Sample): Promise<void> {
  const { path, object } = JSON.parse(JSON.stringify(sample).replaceAll('"NS"', `"${namespace}"`)) as Sample;
  const collection = path.replace('/NS/', `/${namespace}/`);
  const created = await cluster.fetchOk(collection, { method: 'POST', body: object });
  if (object.status === undefined) return;
  const status = { ...created, status: object.status };
  const written = await cluster.fetch(`${collection}/${created.metadata.name}/status`, { method: 'PUT', body: status });
  // Kinds without a status subresource took it when they were created; some statuses only a controller may write.
  if (written.status >= 300 && written.status !== 404) {
    throw new Error(`PUT ${collection}/${created.metadata.name}/status: ${written.text}`);
  }
}

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';

const facts = ({ name, type, format, priority }: TableColumnDefinition) => ({ name, type, format, priority });

async function compare(path: string, info: Parameters<typeof printerFor>[0], printer = printerFor(info)) {
  const table = await cluster.fetchOk<Table>(`${path}?includeObject=Object`, { headers: { accept: TABLE } });
  const now = Date.now();
  expect(printer.columns.map(facts), path).toEqual(table.columnDefinitions?.map(facts));
  // The server says null where kinds without printer have no objects.
  const rows = table.rows ?? [];
  const objects = rows.map(({ object }) => object as KubeObject);
  for (const [position, row] of rows.entries()) {
    const object = objects[position] as KubeObject;
    // The server printed a moment ago: its ages may be a second behind ours.
    const ours = [now, now - 1000, now - 2000].map((at) => printer.cells(object, at, objects));
    const likeliest = ours.find((cells) => JSON.stringify(cells) === JSON.stringify(row.cells)) ?? ours[0];
    expect(likeliest, `${path}/${object.metadata.name}`).toEqual(row.cells);
    expect(printer.conditions?.(object)?.[0]?.reason).toEqual(row.conditions?.[0]?.reason);
  }
  return rows.length;
}

const listed = builtinResources().filter(
  ({ verbs, resource }) => verbs.includes('list') && resource !== 'componentstatuses',
);

test.each(listed.map((info) => [`${info.resource}.${info.group}/${info.version}`, info] as const))(
  '%s',
  async (_, info) => {
    const root = info.group === '' ? `/api/${info.version}` : `/apis/${apiVersionOf(info)}`;
    await compare(`${root}/${info.resource}`, info);
  },
);

test('custom resources', async () => {
  const definition = SAMPLES.find(({ object }) => object.kind === 'CustomResourceDefinition')!.object;
  const path = `/apis/tables.example.com/v1/namespaces/${namespace}/samples`;
  await cluster.waitFor('the custom resource', async () => (await cluster.fetch(path)).status === 200);
  const spec = { n: 3, list: [{ name: 'a' }], when: '2026-01-01T00:00:00Z', any: { b: [1, 'x'] } };
  const status = { conditions: [{ type: 'Ready', status: 'True' }] };
  const samples: object[] = [
    { metadata: { name: 'full' }, spec, status },
    { metadata: { name: 'empty' } },
    { metadata: { name: 'odd' }, spec: { n: 'three', list: {}, when: 'never', any: 1.5 } },
  ];
  for (const sample of samples) {
    const body = { apiVersion: 'tables.example.com/v1', kind: 'Sample', ...sample };
    await cluster.fetchOk(path, { method: 'POST', body });
  }
  const { versions } = definition.spec as { versions: { additionalPrinterColumns: [] }[] };
  const info = { group: 'tables.example.com', resource: 'samples', kind: 'Sample' };
  expect(await compare(path, info, printerFor(info, versions[0]?.additionalPrinterColumns))).toBe(3);
});
