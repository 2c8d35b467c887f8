/** Clusters that misbehave: none may delay or break what the other one answers, and each is itself again afterwards. */

import { afterEach, expect, test, vi } from 'vitest';
import { encodeVersion } from '../../src/aggregate/resource-version.ts';
import { ClusterError, type DownstreamRequest, type DownstreamResponse } from '../../src/clusters/downstream.ts';
import { FakeCluster, NAMESPACES, PODS, rawResponse } from '../support/fake-cluster.ts';
import { startView, type ViewHarness } from './view-harness.ts';

const open: ViewHarness[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((harness) => harness.close()));
});

const URL = '/api/v1/namespaces/default/pods';
const pod = (name: string) => ({ metadata: { name, namespace: 'default' } });
const json = 'application/json';

const FAULTS: Readonly<Record<string, (request: DownstreamRequest) => DownstreamResponse>> = {
  'answers 500': () => rawResponse(500, json, ['{"kind":"Status","code":500,"message":"boom"}']),
  'answers 429': () => rawResponse(429, json, ['{"kind":"Status","code":429,"message":"slow down"}']),
  'refuses our credentials': () => rawResponse(401, json, ['{"kind":"Status","code":401,"message":"Unauthorized"}']),
  'answers a login page': () => rawResponse(200, 'text/html', ['<html>']),
  'answers broken JSON': () => rawResponse(200, json, ['{"kind":"PodList","items":[{"metadata":{"na']),
  'answers a list without a version': () => rawResponse(200, json, ['{"kind":"PodList","metadata":{},"items":[]}']),
  'answers items that are none': () =>
    rawResponse(200, json, ['{"kind":"PodList","metadata":{"resourceVersion":"1"},"items":[3]}']),
  'answers one byte at a time': (request) =>
    rawResponse(200, json, [...'{"kind":"PodList","metadata":{'.repeat(20)], 30, request.signal),
  'resets in the middle': () => {
    async function* stream(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('{"kind":"PodList","items":[');
      throw new ClusterError('west', 'reset', 'connection reset');
    }
    return { status: 200, headers: { 'content-type': json }, body: Object.assign(stream(), { destroy: () => {} }) };
  },
};

const setUp = async () => {
  const [east, west] = ['east', 'west'].map(
    (name, index) => new FakeCluster({ name, slot: index + 1, resources: [PODS, NAMESPACES] }),
  ) as [FakeCluster, FakeCluster];
  east.put(PODS, pod('a'));
  west.put(PODS, pod('b'));
  const harness = await startView(east, west);
  open.push(harness);
  return { east, west, ...harness };
};
const namesOf = (list: { items: { metadata: { name: string } }[] }) => list.items.map((item) => item.metadata.name);

test.each(Object.entries(FAULTS))(
  'a cluster that %s from the start is left out, and is back when it is well',
  async (_what, fault) => {
    const { west, call } = await setUp();
    west.instead = fault;
    const began = performance.now();
    const partial = await call('GET', URL);
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(namesOf(partial.json)).toEqual(['a']);
    expect(partial.headers.warning).toEqual([
      expect.stringMatching(/^299 - "cluster \\"west\\" is missing from this answer/),
    ]);
    west.instead = () => undefined;
    await vi.waitFor(async () => expect(namesOf((await call('GET', URL)).json)).toEqual(['a', 'b']), {
      timeout: 10_000,
    });
  },
);

test.each(Object.entries(FAULTS))(
  'a cluster that %s later is shown as it was, and watches go on',
  async (_what, fault) => {
    const { east, west, call, watch } = await setUp();
    const tap = await watch(`${URL}?watch=true`);
    await tap.until(2);
    west.instead = fault;
    west.cut();
    await vi.waitFor(async () => expect((await call('GET', URL)).headers.warning).toBeDefined());
    expect(namesOf((await call('GET', URL)).json)).toEqual(['a', 'b']);
    east.put(PODS, pod('c'));
    await tap.until(3);
    west.put(PODS, pod('d'));
    west.instead = () => undefined;
    await tap.until(4, 10_000);
    expect(tap.events.map((event) => `${event.type} ${event.object.metadata.name}`)).toEqual([
      'ADDED a',
      'ADDED b',
      'ADDED c',
      'ADDED d',
    ]);
  },
);

test('a cluster restored from a backup is told as what changed, and versions of before are not resumed', async () => {
  const { west, call, watch } = await setUp();
  const tap = await watch(`${URL}?watch=true`);
  await tap.until(2);
  const { json: before } = await call('GET', URL);
  const abandoned = String(encodeVersion(west.slot, BigInt(west.version)));
  west.objects.delete('/pods/default/b');
  west.put(PODS, pod('from-backup'));
  west.restore(100);
  await tap.until(4, 10_000);
  const [, , ...later] = tap.events.map((event) => `${event.type} ${event.object.metadata.name}`);
  expect(later.sort()).toEqual(['ADDED from-backup', 'DELETED b']);
  // Told by the number of a change that the cluster has given up, and by one of this gateway's own.
  for (const version of [abandoned, before.metadata.resourceVersion]) {
    const resumed = await watch(`${URL}?watch=true&resourceVersion=${version}`);
    await resumed.until(1);
    expect(resumed.events).toMatchObject([{ type: 'ERROR', object: { code: 410 } }]);
  }
  expect(namesOf((await call('GET', URL)).json)).toEqual(['a', 'from-backup']);
});

test('a write of before a restore, and a deletion that it undid, are waited for once, not for a minute', async () => {
  const { west, call } = await setUp();
  const written = await call(
    'PATCH',
    `${URL}/b`,
    { metadata: { labels: { x: 'y' } } },
    { type: 'application/merge-patch+json' },
  );
  expect(written.status).toBe(200);
  expect((await call('GET', URL)).headers.warning).toBeUndefined();
  const restored = structuredClone(west.objects);
  expect((await call('DELETE', `${URL}/b`)).status).toBe(200);
  for (const [key, object] of restored) west.objects.set(key, object);
  west.restore(100);
  await vi.waitFor(
    async () => {
      const { json, headers } = await call('GET', URL);
      expect(namesOf(json)).toEqual(['a', 'b']);
      expect(headers.warning).toBeUndefined();
    },
    { timeout: 10_000 },
  );
});

test('a reader that takes nothing is cut with 410, and others go on', async () => {
  const { east, watch } = await setUp();
  const written: string[] = [];
  let ended = false;
  const closed = new AbortController();
  const slow = {
    write: (chunk: Uint8Array) => {
      written.push(Buffer.from(chunk).toString());
      return false;
    },
    get pending() {
      return written.length > 3 ? 1024 ** 3 : 0;
    },
    end: () => {
      ended = true;
    },
    destroy: () => {},
    closed: closed.signal,
  };
  await watch(`${URL}?watch=true&labelSelector=x`, { sink: slow });
  const tap = await watch(`${URL}?watch=true&labelSelector=x`);
  for (let at = 0; at < 6; at++)
    east.put(PODS, { metadata: { name: `p${at}`, namespace: 'default', labels: { x: 'y' } } });
  await tap.until(6);
  expect(ended).toBe(true);
  expect(JSON.parse(written.at(-1) ?? '')).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } });
});
