/** What of conversion no comparison with kube-apiserver shows: batches, workspaces, watches, views of the store. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { waitFor } from '../../support/wait-for.ts';
import { startWebhookServer, type WebhookServer } from '../../support/webhook-server.ts';
import { type HubHarness, startHub } from '../hub-harness.ts';
import { convertWidget, type Widget } from './conversion-cases.ts';
import { widgetCrd, widgetVersions } from './widget-crd.ts';

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const url = (version: string, name = ''): string =>
  `/apis/test.example.com/${version}/namespaces/default/widgets${name === '' ? '' : `/${name}`}`;
const one = (name: string) => ({
  apiVersion: 'test.example.com/v1',
  kind: 'Widget',
  metadata: { name },
  spec: { host: name, port: 1 },
});

let server: WebhookServer;
let harness: HubHarness;
let broken = false;
beforeAll(async () => {
  server = await startWebhookServer();
  server.serve({
    '/convert': (review) => {
      const { uid, objects, desiredAPIVersion } = review.request as {
        uid: string;
        objects: Widget[];
        desiredAPIVersion: string;
      };
      const convertedObjects = objects.map((object) => convertWidget(object, desiredAPIVersion));
      const result = broken ? { status: 'Failure', message: 'broken' } : { status: 'Success' };
      return { text: JSON.stringify({ ...review, response: { uid, result, convertedObjects } }) };
    },
  });
});
afterEach(async () => {
  await harness?.close();
  server.asked.length = 0;
  broken = false;
});
afterAll(() => server?.close());

async function start(conversion: 'Webhook' | 'None' = 'Webhook'): Promise<void> {
  harness = await startHub({ webhooks: { allowedHosts: ['127.0.0.1'], onlyAllowedHosts: false } });
  const crd = widgetCrd('test', 'v1', { url: `${server.origin}/convert`, caBundle: server.caBundle }) as {
    spec: { conversion?: object };
  };
  if (conversion === 'None') delete crd.spec.conversion;
  expect((await harness.request('POST', CRDS, crd)).status).toBe(201);
  await waitFor('the kind to be served', async () => (await harness.request('GET', url('v1'))).status === 200);
}
const asked = (): number[] => server.asked.map(({ review }) => review.request.objects.length as number);
const patchCrd = (spec: object) =>
  harness.request('PATCH', `${CRDS}/widgets.test.example.com`, { spec }, { type: 'application/merge-patch+json' });

describe('conversion by webhook', () => {
  test('is asked of a whole list at once, and not again of what has not changed', async () => {
    await start();
    for (const name of ['a', 'b', 'c']) expect((await harness.request('POST', url('v1'), one(name))).status).toBe(201);
    expect(asked()).toEqual([]);
    const list = await harness.request('GET', url('v2'));
    expect(list.json.items.map((item: Widget) => item.spec?.address)).toEqual(['a:1', 'b:1', 'c:1']);
    expect(asked()).toEqual([3]);
    await harness.request('GET', url('v2'));
    expect(asked()).toEqual([3]);
  });

  test('keeps the order of a watch, and its bookmarks behind it', async () => {
    await start();
    const watch = await harness.watch(`${url('v2')}?watch=true&resourceVersion=0`);
    for (const name of ['a', 'b', 'c']) await harness.request('POST', url('v1'), one(name));
    await harness.request('DELETE', url('v1', 'a'));
    await watch.until(4);
    expect(watch.events.map(({ type, object }) => [type, object.apiVersion, object.spec.address])).toEqual([
      ['ADDED', 'test.example.com/v2', 'a:1'],
      ['ADDED', 'test.example.com/v2', 'b:1'],
      ['ADDED', 'test.example.com/v2', 'c:1'],
      ['DELETED', 'test.example.com/v2', 'a:1'],
    ]);
    watch.end();
  });

  test('that fails ends a watch with the reason', async () => {
    await start();
    const watch = await harness.watch(`${url('v2')}?watch=true&resourceVersion=0`);
    broken = true;
    await harness.request('POST', url('v1'), one('a'));
    await watch.until(1);
    expect(watch.events[0]).toMatchObject({ type: 'ERROR', object: { code: 500 } });
    expect(watch.events[0].object.message).toContain(
      'conversion webhook for test.example.com/v1, Kind=Widget failed: broken',
    );
  });

  test('begins for objects that were stored before, in the version that was the storage version then', async () => {
    await start('None');
    await harness.request('POST', url('v1'), one('a'));
    await patchCrd({ versions: widgetVersions('v2') });
    const two = { ...one('b'), apiVersion: 'test.example.com/v2', spec: { address: 'b:2' } };
    await waitFor(
      'the new storage version',
      async () => (await harness.request('POST', url('v2'), two)).status === 201,
    );
    const webhook = {
      clientConfig: { url: `${server.origin}/convert`, caBundle: server.caBundle },
      conversionReviewVersions: ['v1'],
    };
    expect((await patchCrd({ conversion: { strategy: 'Webhook', webhook } })).status).toBe(200);
    await waitFor(
      'the webhook',
      async () => (await harness.request('GET', url('v2', 'a'))).json.spec?.address === 'a:1',
    );
    expect((await harness.request('GET', url('v1', 'b'))).json.spec).toMatchObject({ host: 'b', port: 2 });
    expect((await harness.request('GET', url('v2', 'b'))).json.spec).toMatchObject({ address: 'b:2' });
    expect((await harness.request('GET', url('v1'))).json.items.map((item: Widget) => item.spec?.host)).toEqual([
      'a',
      'b',
    ]);
  });

  test("reaches the hub's own readers, of one workspace and of all", async () => {
    await start();
    await harness.request('POST', url('v1'), one('a'));
    const kind = { group: 'test.example.com', resource: 'widgets' };
    const { definitions } = await harness.hub.catalog.of('root');
    const preferred = (await harness.hub.catalog.of('root')).preferred(kind)?.info.version;
    expect(definitions.filter(({ info }) => info.group === kind.group).map(({ info }) => info.version)).toEqual([
      'v1',
      'v2',
    ]);
    for (const workspace of ['root', '*']) {
      const { items } = await harness.hub.client.list(workspace, kind);
      expect(items.map(({ object }) => object.apiVersion)).toEqual([`test.example.com/${preferred}`]);
    }
  });
});
