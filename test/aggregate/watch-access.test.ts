/** A permission that is lost, or won, while a watch goes on. */
import { afterEach, expect, test, vi } from 'vitest';
import { type Access, type AccessFollower, EVERYTHING, type Grant } from '../../src/kube/access.ts';
import { forbidden } from '../../src/kube/status.ts';
import { CONFIGMAPS, FakeCluster, NAMESPACES, NODES } from '../support/fake-cluster.ts';
import { startView, type ViewHarness } from './view-harness.ts';

const open: ViewHarness[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((harness) => harness.close()));
});

const denial = forbidden({ group: '', resource: 'configmaps' }, '', 'configmaps is forbidden: no more');
const only = (...namespaces: string[]): Grant => ({ everything: false, namespaces: new Set(namespaces), denial });

/** What the caller may see, as the test says. */
class TestAccess implements Access {
  readonly followers = new Set<AccessFollower>();
  follow(follower: AccessFollower): () => void {
    this.followers.add(follower);
    return () => this.followers.delete(follower);
  }
  grant(grant: Grant): void {
    for (const follower of this.followers) follower.granted(grant);
  }
}

const URL = '/api/v1/configmaps';
const map = (name: string, namespace: string) => ({
  kind: 'ConfigMap',
  apiVersion: 'v1',
  metadata: { name, namespace },
});

/** `a`, `b` and `c` each hold a map in the hub or in a cluster; all are watched. */
async function watched(url = `${URL}?watch=true&allowWatchBookmarks=true`) {
  const [east, west] = [1, 2].map(
    (slot) => new FakeCluster({ name: `c${slot}`, slot, resources: [CONFIGMAPS, NAMESPACES, NODES] }),
  );
  if (east === undefined || west === undefined) throw new Error('two clusters');
  for (const namespace of ['a', 'b']) east.put(CONFIGMAPS, map(`east-${namespace}`, namespace));
  west.put(CONFIGMAPS, map('west-b', 'b'));
  const view = await startView(east, west);
  open.push(view);
  await view.call('POST', '/api/v1/namespaces', { metadata: { name: 'c' } });
  await view.call('POST', '/api/v1/namespaces/c/configmaps', map('hub-c', 'c'));
  const access = new TestAccess();
  const tap = await view.watch(url, { access });
  return { east, west, view, access, tap };
}

const said = (events: { type: string; object: { metadata: { name?: string } } }[]) =>
  events
    .filter(({ type }) => type !== 'BOOKMARK')
    .map(({ type, object }) => `${type} ${object.metadata.name ?? ''}`.trim());

test('namespaces that are lost are DELETED, the others go on, and what comes back is ADDED', async () => {
  const { east, west, view, access, tap } = await watched();
  await tap.until(4);
  tap.events.length = 0;
  access.grant(only('a'));
  await tap.until(3);
  expect(said(tap.events)).toEqual(['DELETED east-b', 'DELETED west-b', 'DELETED hub-c']);
  expect(tap.ended).toBe(false);
  tap.events.length = 0;
  await view.call('POST', '/api/v1/namespaces/c/configmaps', map('hidden', 'c'));
  west.put(CONFIGMAPS, map('hidden-too', 'b'));
  east.put(CONFIGMAPS, map('seen', 'a'));
  await vi.waitFor(() => expect(said(tap.events)).toEqual(['ADDED seen']));
  tap.events.length = 0;
  access.grant(only('a', 'b'));
  await tap.until(3);
  expect(said(tap.events)).toEqual(['ADDED east-b', 'ADDED hidden-too', 'ADDED west-b']);
  tap.events.length = 0;
  access.grant(EVERYTHING);
  await tap.until(2);
  expect(said(tap.events)).toEqual(['ADDED hidden', 'ADDED hub-c']);
});

test('where nothing is left, all is DELETED and the watch ends with 403', async () => {
  const { access, tap } = await watched();
  await tap.until(4);
  tap.events.length = 0;
  access.grant(only());
  await vi.waitFor(() => expect(tap.ended).toBe(true));
  expect(said(tap.events.slice(0, -1))).toEqual([
    'DELETED east-a',
    'DELETED east-b',
    'DELETED west-b',
    'DELETED hub-c',
  ]);
  expect(tap.events.at(-1)).toMatchObject({ type: 'ERROR', object: { kind: 'Status', code: 403 } });
  expect(access.followers.size).toBe(0);
});

test('a watch of one namespace, and of objects without one, ends the same way', async () => {
  for (const url of ['/api/v1/namespaces/b/configmaps?watch=true', `${URL}?watch=true&labelSelector=none=none`]) {
    const { access, tap } = await watched(url);
    if (url.includes('/b/')) await tap.until(2);
    await new Promise(setImmediate);
    access.grant(only());
    await vi.waitFor(() => expect(tap.ended).toBe(true));
    const deleted = said(tap.events).filter((text) => text.startsWith('DELETED'));
    expect(deleted).toEqual(url.includes('/b/') ? ['DELETED east-b', 'DELETED west-b'] : []);
    expect(tap.events.at(-1)).toMatchObject({ type: 'ERROR', object: { code: 403 } });
  }
});

test('no version that was told before, meanwhile or with the loss is a place to go on from', async () => {
  const { east, view, access, tap } = await watched();
  await tap.until(4);
  const before: string = (await view.call('GET', URL)).json.metadata.resourceVersion;
  access.grant(only('a'));
  await tap.until(7);
  east.put(CONFIGMAPS, map('seen', 'a'));
  await vi.waitFor(() => expect(said(tap.events)).toContain('ADDED seen'));
  const meanwhile: string = tap.events.at(-1).object.metadata.resourceVersion;
  const lost: string = tap.events[4].object.metadata.resourceVersion;
  tap.end();
  for (const version of [before, lost, meanwhile]) {
    const again = await view.watch(`${URL}?watch=true&resourceVersion=${version}`);
    await vi.waitFor(() => expect(again.events).toMatchObject([{ type: 'ERROR', object: { code: 410 } }]));
  }
  const { resourceVersion } = (await view.call('GET', URL)).json.metadata;
  const fresh = await view.watch(`${URL}?watch=true&resourceVersion=${resourceVersion}`);
  east.put(CONFIGMAPS, map('later', 'a'));
  await vi.waitFor(() => expect(said(fresh.events)).toEqual(['ADDED later']));
});

test('of two changes that come at once the last is what counts', async () => {
  const { access, tap } = await watched();
  await tap.until(4);
  tap.events.length = 0;
  for (const grant of [only('a'), only(), only('b'), EVERYTHING]) access.grant(grant);
  await vi.waitFor(() =>
    expect(said(tap.events)).toEqual([
      'DELETED east-b',
      'DELETED west-b',
      'DELETED hub-c',
      'ADDED east-b',
      'ADDED west-b',
      'ADDED hub-c',
    ]),
  );
  expect(tap.ended).toBe(false);
});

test('a credential that is no longer good ends the watch without a word: a client with a new one goes on', async () => {
  const { access, tap } = await watched();
  await tap.until(4);
  for (const follower of access.followers) follower.unknown();
  expect(tap.ended).toBe(true);
  expect(said(tap.events).filter((text) => !text.startsWith('ADDED'))).toEqual([]);
  expect(access.followers.size).toBe(0);
});

test('a table is told of the same', async () => {
  const { view, access } = await watched();
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
  const tap = await view.watch(`${URL}?watch=true`, { access, headers: { accept } });
  await tap.until(4);
  access.grant(only('a', 'c'));
  await tap.until(6);
  const cells = tap.events.slice(4).map(({ type, object }) => `${type} ${object.rows[0].cells.slice(0, 2).join(' ')}`);
  expect(cells).toEqual(['DELETED east-b c1', 'DELETED west-b c2']);
});
