/** A watch goes on at another process, or after a restart, without a gap, or is told 410: never silence. */
import { afterEach, expect, test, vi } from 'vitest';
import { Moments } from '../../src/aggregate/moments.ts';
import { decodeVersion, encodeVersion, MOMENT_SLOT } from '../../src/aggregate/resource-version.ts';
import { FakeCluster, PODS } from '../support/fake-cluster.ts';
import { startView, type ViewHarness, viewOver } from './view-harness.ts';

const URL = '/api/v1/namespaces/default/pods';
const pod = (name: string) => ({ metadata: { name, namespace: 'default' } });
const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

/** Two processes over the same hub and clusters. */
async function twoProcesses() {
  const [east, west] = [1, 2].map((slot) => new FakeCluster({ name: `c${slot}`, slot, resources: [PODS] }));
  if (east === undefined || west === undefined) throw new Error('two clusters');
  east.put(PODS, pod('a'));
  west.put(PODS, pod('b'));
  const one = await startView(east, west);
  open.push(one);
  const other = (): ViewHarness => {
    const harness = viewOver(one.hub, one.registry, 300);
    open.push(harness);
    return harness;
  };
  return { east, west, one, other };
}

const watchFrom = (view: ViewHarness, version: string) => view.watch(`${URL}?watch=true&resourceVersion=${version}`);

const expectExpired = async (view: ViewHarness, version: string) => {
  const tap = await watchFrom(view, version);
  await vi.waitFor(() => expect(tap.events).toMatchObject([{ type: 'ERROR', object: { code: 410 } }]));
};

test('a version of a quiet view is known where it was given out, and 410 elsewhere', async () => {
  const { east, one, other } = await twoProcesses();
  const { resourceVersion } = (await one.call('GET', URL)).json.metadata;
  const next = other();
  await next.call('GET', URL);
  // Between the two processes: the next one has it in no log.
  east.put(PODS, pod('missed'));
  await expectExpired(next, resourceVersion);
  const tap = await watchFrom(one, resourceVersion);
  await vi.waitFor(() => expect(tap.events.map(({ object }) => object.metadata.name)).toEqual(['missed']));
});

test('the version at which a history begins is nobody’s: what others told before is not known', async () => {
  const { east, west, one, other } = await twoProcesses();
  await one.call('GET', URL);
  west.put(PODS, pod('seen'));
  const seen = await vi.waitFor(async () => {
    const { resourceVersion } = (await one.call('GET', URL)).json.metadata;
    expect(decodeVersion(BigInt(resourceVersion))).toEqual({ slot: 2, version: BigInt(west.version) });
    return resourceVersion as string;
  });
  east.put(PODS, pod('missed'));
  const next = other();
  await next.call('GET', URL);
  await expectExpired(next, seen);
});

test('a change that both processes saw is a place from which both go on', async () => {
  const { east, west, one, other } = await twoProcesses();
  const next = other();
  for (const view of [one, next]) await view.call('GET', URL);
  west.put(PODS, pod('seen'));
  const version = String(encodeVersion(2, BigInt(west.version)));
  east.put(PODS, pod('later'));
  for (const view of [one, next]) {
    await vi.waitFor(async () => expect((await view.call('GET', URL)).json.items).toHaveLength(4));
    const tap = await watchFrom(view, version);
    await vi.waitFor(() => expect(tap.events.map(({ object }) => object.metadata.name)).toEqual(['later']));
  }
});

test('a version of a history that a cluster gave up is 410 too where nobody saw it happen', async () => {
  const { west, one, other } = await twoProcesses();
  await one.call('GET', URL);
  west.put(PODS, pod('seen'));
  const version = String(encodeVersion(2, BigInt(west.version)));
  west.restore(100);
  const next = other();
  const listed = await next.call('GET', `${URL}?resourceVersion=${version}`);
  expect(listed.json).toMatchObject({ code: 410, reason: 'Expired' });
  await expectExpired(next, version);
  west.hanging = true;
  const unheard = await next.call('GET', `${URL}?resourceVersion=${version}`);
  expect(unheard.json).toMatchObject({ code: 504 });
}, 30_000);

test('moments of processes that start together are not alike, and stay below 2^63', () => {
  const now = Date.UTC(2090, 0, 1);
  const [one, other] = [new Moments(now, 0.1), new Moments(now, 0.9)];
  const version = one.at(7);
  expect(one.at(7)).toBe(version);
  expect(decodeVersion(version).slot).toBe(MOMENT_SLOT);
  expect(one.find(decodeVersion(version).version)).toBe(7);
  expect(other.find(decodeVersion(version).version)).toBeUndefined();
  expect(version).toBeLessThan(2n ** 63n);
});
