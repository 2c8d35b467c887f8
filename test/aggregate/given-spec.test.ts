import { afterEach, expect, test, vi } from 'vitest';
import { givenReport, givenSpec } from '../../src/hub/kinds/given-spec.ts';
import {
  CLUSTER_LABEL,
  DELETION_ANNOTATION_PREFIX,
  GIVEN_SPEC_ANNOTATION_PREFIX,
  STATE_LABEL_PREFIX,
} from '../../src/hub/kinds/workload.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { FakeCluster, PODS } from '../support/fake-cluster.ts';
import { startView, type ViewHarness } from './view-harness.ts';

const PODS_URL = '/api/v1/namespaces/default/pods';
const KEY = 'key-east';
const open: ViewHarness[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((harness) => harness.close()));
});

const solo = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'solo', labels: { app: 'solo' } },
  spec: { containers: [{ name: 'c', image: 'nginx' }] },
};

/** A hub Pod as placement and the syncer leave it. */
async function placedPod() {
  const harness = await startView(
    new FakeCluster({ name: 'east', slot: 1, resources: [PODS] }),
    new FakeCluster({ name: 'west', slot: 2, resources: [PODS] }),
  );
  open.push(harness);
  const made = (await harness.call('POST', PODS_URL, solo)).json;
  const report = async (nodeName: string) => {
    const given = givenReport({ ...made, spec: { nodeName } }, 'east') as string;
    await patch({ annotations: { [GIVEN_SPEC_ANNOTATION_PREFIX + KEY]: given } });
  };
  const patch = (metadata: object) =>
    harness.hub.client.patch(
      { group: '', resource: 'pods', workspace: 'root', namespace: 'default', name: 'solo' },
      { type: 'merge', body: { metadata } },
    );
  return { ...harness, made, report, patch };
}

const list = (selector: string) => `${PODS_URL}?${selector}`;
const TABLE = { headers: { accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' } };

test('a pod that nobody runs yet is Pending', async () => {
  const { made } = await placedPod();
  expect(made.status).toMatchObject({ phase: 'Pending', qosClass: 'BestEffort' });
});

test('an authored pod is shown with the node and the label of its only cluster, and selected by both', async () => {
  const { call, report, patch, watch } = await placedPod();
  const tap = await watch(list(`watch=true&fieldSelector=${encodeURIComponent('spec.nodeName=n1')}`));
  await patch({ labels: { [`${STATE_LABEL_PREFIX}${KEY}`]: 'Sync' } });
  await report('n1');
  const shown = (await call('GET', `${PODS_URL}/solo`)).json;
  expect(shown.spec.nodeName).toBe('n1');
  expect(shown.metadata.labels).toMatchObject({ app: 'solo', [CLUSTER_LABEL]: 'east' });
  for (const selector of ['fieldSelector=spec.nodeName%3Dn1', `labelSelector=${CLUSTER_LABEL}%3Deast`]) {
    expect((await call('GET', list(selector))).json.items).toHaveLength(1);
  }
  for (const selector of ['fieldSelector=spec.nodeName%3Dn2', `labelSelector=${CLUSTER_LABEL}%3Dwest`]) {
    expect((await call('GET', list(selector))).json.items).toHaveLength(0);
  }
  const table = (await call('GET', PODS_URL, undefined, TABLE)).json;
  expect(table.rows[0].cells.slice(0, 2)).toEqual(['solo', 'east']);
  expect(table.rows[0].cells).toContain('n1');
  await vi.waitFor(() => expect(tap.events.map(({ type }) => type)).toEqual(['ADDED']));
  await report('n3');
  await vi.waitFor(() => expect(tap.events.map(({ type }) => type)).toEqual(['ADDED', 'DELETED']));
});

test('what its cluster gave is not stored as the author wish when it is written back', async () => {
  const { call, hub, report, patch } = await placedPod();
  await patch({ labels: { [`${STATE_LABEL_PREFIX}${KEY}`]: 'Sync' } });
  await report('n1');
  const read = (await call('GET', `${PODS_URL}/solo`)).json;
  const written = await call('PUT', `${PODS_URL}/solo`, {
    ...read,
    metadata: { ...read.metadata, labels: { ...read.metadata.labels, more: 'yes' } },
  });
  expect(written.status).toBe(200);
  expect(written.json.spec.nodeName).toBe('n1');
  expect(written.json.metadata.labels).toMatchObject({ more: 'yes', [CLUSTER_LABEL]: 'east' });
  const stored = await hub.client.get({
    group: '',
    resource: 'pods',
    workspace: 'root',
    namespace: 'default',
    name: 'solo',
  });
  expect(stored?.spec).not.toHaveProperty('nodeName');
  expect(stored?.metadata.labels).not.toHaveProperty([CLUSTER_LABEL]);
});

test('a pod on its way to another cluster shows nothing of the one that it leaves', async () => {
  const { call, report, patch } = await placedPod();
  await patch({ labels: { [`${STATE_LABEL_PREFIX}${KEY}`]: 'Sync' } });
  await report('n1');
  await patch({
    labels: { [`${STATE_LABEL_PREFIX}key-west`]: 'Sync' },
    annotations: { [DELETION_ANNOTATION_PREFIX + KEY]: '2026-01-01T00:00:00Z' },
  });
  expect((await call('GET', `${PODS_URL}/solo`)).json.spec).not.toHaveProperty('nodeName');
});

test('deleting by the label of a cluster spares what lives elsewhere', async () => {
  const { call, report, patch } = await placedPod();
  await patch({ labels: { [`${STATE_LABEL_PREFIX}${KEY}`]: 'Sync' } });
  await report('n1');
  await call('POST', PODS_URL, { ...solo, metadata: { name: 'other' } });
  expect((await call('DELETE', list(`labelSelector=${CLUSTER_LABEL}%3Deast`))).status).toBe(200);
  const left = (await call('GET', PODS_URL)).json.items as { metadata: { name: string; deletionTimestamp?: string } }[];
  expect(
    left.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map((one) => one.metadata.name),
  ).toEqual(['other']);
});

test('a Service of several clusters has an address once each has given it one', () => {
  const service = { group: '', version: 'v1', kind: 'Service' };
  const report = (cluster: string, spec: object) =>
    givenReport({ apiVersion: 'v1', kind: 'Service', metadata: {}, spec } as KubeObject, cluster);
  const [east, west] = ['east', 'west'].map((cluster, at) => report(cluster, { clusterIP: `10.0.0.${at}` }));
  const named = (key: string) => GIVEN_SPEC_ANNOTATION_PREFIX + key;
  expect(givenSpec(service, ['e', 'w'], { [named('e')]: east })).toBeUndefined();
  expect(givenSpec(service, ['e', 'w'], { [named('e')]: east, [named('w')]: west })).toEqual({
    clusterName: undefined,
    spec: { clusterIP: '10.0.0.0' },
  });
  const pod = { group: '', version: 'v1', kind: 'Pod' };
  expect(givenSpec(pod, ['e', 'w'], { [named('e')]: east, [named('w')]: west })).toBeUndefined();
});
