/** The view over all workspaces: what was authored in each, for controllers and administrators. */
import { afterEach, expect, test, vi } from 'vitest';
import { CONFIGMAPS, FakeCluster } from '../support/fake-cluster.ts';
import { startView, type ViewHarness } from './view-harness.ts';

const open: ViewHarness[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((harness) => harness.close()));
});

const URL = '/api/v1/configmaps';
const IN_DEFAULT = '/api/v1/namespaces/default/configmaps';
const map = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
const everywhere = { workspace: '*' };
const placeOf = ({ metadata }: { metadata: { name: string; annotations?: Record<string, string> } }) =>
  `${metadata.annotations?.['kcp.io/cluster']} ${metadata.name}`;

test('lists and watches what is authored in every workspace, and says what it leaves out', async () => {
  const east = new FakeCluster({ name: 'east', slot: 1, resources: [CONFIGMAPS] });
  east.put(CONFIGMAPS, { metadata: { name: 'of-a-cluster', namespace: 'default' } });
  const harness = await startView(east);
  open.push(harness);
  for (const workspace of ['root:a', 'root:b']) {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } };
    await harness.call('POST', '/api/v1/namespaces', namespace, { workspace });
    expect((await harness.call('POST', IN_DEFAULT, map('same'), { workspace })).status).toBe(201);
  }
  const { status, json, headers } = await harness.call('GET', URL, undefined, everywhere);
  expect(status).toBe(200);
  expect(
    json.items.filter(({ metadata }: never) => (metadata as { name: string }).name === 'same').map(placeOf),
  ).toEqual(['root:a same', 'root:b same']);
  expect(String(headers.warning)).toContain('authored in all workspaces');
  const tap = await harness.watch(`${URL}?watch=true&resourceVersion=${json.metadata.resourceVersion}`, everywhere);
  await harness.call('POST', IN_DEFAULT, map('later'), { workspace: 'root:b' });
  await vi.waitFor(() => expect(tap.events.map(({ object }) => placeOf(object))).toEqual(['root:b later']));
});

test('cannot be written to', async () => {
  const harness = await startView();
  open.push(harness);
  expect((await harness.call('POST', IN_DEFAULT, map('x'), everywhere)).status).toBeGreaterThanOrEqual(400);
});
