import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Access, type AccessFollower, EVERYTHING } from '../../src/kube/access.ts';
import { forbidden } from '../../src/kube/status.ts';
import { CONFIG_MAPS, configMap, type HubHarness, startHub } from './hub-harness.ts';

let hub: HubHarness;
beforeEach(async () => {
  hub = await startHub();
});
afterEach(() => hub.close());

describe('create and get', () => {
  test('the server sets identity, time and version', async () => {
    const created = await hub.request('POST', CONFIG_MAPS, configMap('a', { k: 'v' }));
    expect(created.status).toBe(201);
    expect(created.json).toMatchObject({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a', namespace: 'default', uid: expect.stringMatching(/^[0-9a-f-]{36}$/) },
      data: { k: 'v' },
    });
    expect(created.json.metadata.resourceVersion).toMatch(/^[1-9][0-9]*$/);
    expect(created.json.metadata.generation).toBeUndefined();
    const got = await hub.request('GET', `${CONFIG_MAPS}/a`);
    expect(got.json).toEqual(created.json);
  });

  test('a name that is taken is 409 AlreadyExists', async () => {
    await hub.request('POST', CONFIG_MAPS, configMap('a'));
    const again = await hub.request('POST', CONFIG_MAPS, configMap('a'));
    expect(again.json).toMatchObject({
      code: 409,
      reason: 'AlreadyExists',
      message: 'configmaps "a" already exists',
      details: { name: 'a', kind: 'configmaps' },
    });
  });

  test('generateName gives many different names', async () => {
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'gen-' } };
    const answers = await Promise.all(Array.from({ length: 200 }, () => hub.request('POST', CONFIG_MAPS, body)));
    const names = new Set(answers.map((answer) => answer.json.metadata.name));
    expect(names.size).toBe(200);
    expect([...names][0]).toMatch(/^gen-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  });

  test('a missing object is 404 with details', async () => {
    expect((await hub.request('GET', `${CONFIG_MAPS}/none`)).json).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'configmaps "none" not found',
      reason: 'NotFound',
      details: { name: 'none', kind: 'configmaps' },
      code: 404,
    });
  });

  test('invalid names and labels are 422 with upstream texts', async () => {
    const answer = await hub.request('POST', CONFIG_MAPS, configMap('Not_Valid'));
    expect(answer.json).toMatchObject({ code: 422, reason: 'Invalid', details: { kind: 'ConfigMap' } });
    expect(answer.json.message).toContain(
      'ConfigMap "Not_Valid" is invalid: metadata.name: Invalid value: "Not_Valid": a lowercase RFC 1123 subdomain',
    );
  });

  test('a namespace that does not exist is 404', async () => {
    const answer = await hub.request('POST', '/api/v1/namespaces/none/configmaps', configMap('a'));
    expect(answer.json).toMatchObject({ code: 404, message: 'namespaces "none" not found' });
  });

  test('dryRun=All answers the object and stores nothing', async () => {
    const answer = await hub.request('POST', `${CONFIG_MAPS}?dryRun=All`, configMap('a'));
    expect(answer.status).toBe(201);
    expect((await hub.request('GET', `${CONFIG_MAPS}/a`)).status).toBe(404);
  });

  test('objects of one workspace are not seen in another', async () => {
    await hub.request('POST', '/apis/tenancy.kcp.io/v1alpha1/workspaces', {
      apiVersion: 'tenancy.kcp.io/v1alpha1',
      kind: 'Workspace',
      metadata: { name: 'team' },
    });
    await hub.request('POST', CONFIG_MAPS, configMap('a'));
    const other = { workspace: 'root:team' };
    expect((await hub.request('GET', `${CONFIG_MAPS}/a`, undefined, other)).status).toBe(404);
    expect((await hub.request('POST', CONFIG_MAPS, configMap('a', { is: 'mine' }), other)).status).toBe(201);
    expect((await hub.request('GET', CONFIG_MAPS, undefined, { workspace: '*' })).json.items).toHaveLength(2);
  });

  test('prototype keys are data like any other', async () => {
    const body =
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"p"},"data":{"__proto__":"x","constructor":"y"}}';
    const created = await hub.request('POST', CONFIG_MAPS, body);
    expect(created.status).toBe(201);
    expect(created.text).toContain('"__proto__":"x"');
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });
});

describe('update', () => {
  test('a stale resourceVersion is 409 Conflict', async () => {
    const first = (await hub.request('POST', CONFIG_MAPS, configMap('a', { k: '1' }))).json;
    const second = await hub.request('PUT', `${CONFIG_MAPS}/a`, { ...first, data: { k: '2' } });
    expect(second.json.data).toEqual({ k: '2' });
    const stale = await hub.request('PUT', `${CONFIG_MAPS}/a`, { ...first, data: { k: '3' } });
    expect(stale.json).toMatchObject({
      code: 409,
      reason: 'Conflict',
      message:
        'Operation cannot be fulfilled on configmaps "a": the object has been modified; please apply your changes to the latest version and try again',
    });
  });

  test('a write that changes nothing makes no new version', async () => {
    const first = (await hub.request('POST', CONFIG_MAPS, configMap('a', { k: '1' }))).json;
    const again = await hub.request('PUT', `${CONFIG_MAPS}/a`, first);
    expect(again.json.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });

  test('status is its own endpoint, and generation counts spec', async () => {
    const deployments = '/apis/apps/v1/namespaces/default/deployments';
    const labels = { app: 'web' };
    const body = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
      },
      status: { replicas: 9 },
    };
    const created = (await hub.request('POST', deployments, body)).json;
    expect(created.metadata.generation).toBe(1);
    expect(created.status).toEqual({});
    const status = await hub.request('PUT', `${deployments}/web/status`, {
      ...created,
      spec: { ...created.spec, replicas: 5 },
      status: { replicas: 1 },
    });
    expect(status.json).toMatchObject({ spec: { replicas: 1 }, status: { replicas: 1 }, metadata: { generation: 1 } });
    const spec = await hub.request('PUT', `${deployments}/web`, {
      ...status.json,
      spec: { ...created.spec, replicas: 5 },
      status: {},
    });
    expect(spec.json).toMatchObject({ spec: { replicas: 5 }, status: { replicas: 1 }, metadata: { generation: 2 } });
  });

  test('patches of all four types', async () => {
    await hub.request('POST', CONFIG_MAPS, configMap('a', { a: '1' }));
    const patch = async (type: string, body: unknown, query = '') =>
      (await hub.request('PATCH', `${CONFIG_MAPS}/a${query}`, body, { type })).json;
    expect((await patch('application/merge-patch+json', { data: { b: '2' } })).data).toEqual({ a: '1', b: '2' });
    expect((await patch('application/json-patch+json', [{ op: 'remove', path: '/data/a' }])).data).toEqual({ b: '2' });
    expect((await patch('application/strategic-merge-patch+json', { data: { c: '3' } })).data).toEqual({
      b: '2',
      c: '3',
    });
    const applied = await patch('application/apply-patch+yaml', configMap('a', { d: '4' }), '?fieldManager=me');
    expect(applied.data).toEqual({ b: '2', c: '3', d: '4' });
    expect(applied.metadata.managedFields.map((one: { manager: string }) => one.manager)).toContain('me');
  });

  test('apply creates what does not exist', async () => {
    const answer = await hub.request('PATCH', `${CONFIG_MAPS}/new?fieldManager=me`, configMap('new', { a: '1' }), {
      type: 'application/apply-patch+yaml',
    });
    expect(answer.status).toBe(201);
    expect(answer.json.metadata.managedFields).toMatchObject([{ manager: 'me', operation: 'Apply' }]);
  });
});

describe('delete', () => {
  test('answers a Status with the uid, and the object is gone', async () => {
    const created = (await hub.request('POST', CONFIG_MAPS, configMap('a'))).json;
    const answer = await hub.request('DELETE', `${CONFIG_MAPS}/a`);
    expect(answer.json).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      details: { name: 'a', kind: 'configmaps', uid: created.metadata.uid },
    });
    expect((await hub.request('GET', `${CONFIG_MAPS}/a`)).status).toBe(404);
  });

  test('finalizers keep it until they are gone', async () => {
    await hub.request('POST', CONFIG_MAPS, configMap('a', {}, { finalizers: ['example.com/hold'] }));
    const marked = await hub.request('DELETE', `${CONFIG_MAPS}/a`);
    expect(marked.json.metadata.deletionTimestamp).toBeDefined();
    expect((await hub.request('GET', `${CONFIG_MAPS}/a`)).status).toBe(200);
    await hub.request(
      'PATCH',
      `${CONFIG_MAPS}/a`,
      { metadata: { finalizers: null } },
      { type: 'application/merge-patch+json' },
    );
    expect((await hub.request('GET', `${CONFIG_MAPS}/a`)).status).toBe(404);
  });

  test('preconditions that fail are 409', async () => {
    await hub.request('POST', CONFIG_MAPS, configMap('a'));
    const answer = await hub.request('DELETE', `${CONFIG_MAPS}/a`, { preconditions: { uid: 'other' } });
    expect(answer.json).toMatchObject({ code: 409, reason: 'Conflict' });
  });

  test('deletecollection takes what the selector selects', async () => {
    await hub.request('POST', CONFIG_MAPS, configMap('a', {}, { labels: { x: 'y' } }));
    await hub.request('POST', CONFIG_MAPS, configMap('b'));
    await hub.request('DELETE', `${CONFIG_MAPS}?labelSelector=x%3Dy`);
    const list = (await hub.request('GET', CONFIG_MAPS)).json;
    expect(list.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual(['b']);
  });
});

describe('list', () => {
  test('pages show one snapshot, items without kind', async () => {
    for (const name of ['a', 'b', 'c']) await hub.request('POST', CONFIG_MAPS, configMap(name));
    const first = (await hub.request('GET', `${CONFIG_MAPS}?limit=2`)).json;
    expect(first).toMatchObject({ kind: 'ConfigMapList', apiVersion: 'v1', metadata: { remainingItemCount: 1 } });
    expect(first.items[0].kind).toBeUndefined();
    await hub.request('DELETE', `${CONFIG_MAPS}/c`);
    const second = (await hub.request('GET', `${CONFIG_MAPS}?limit=2&continue=${first.metadata.continue}`)).json;
    expect(second.items.map((item: { metadata: { name: string } }) => item.metadata.name)).toEqual(['c']);
    expect(second.metadata).toEqual({ resourceVersion: first.metadata.resourceVersion });
  });

  test('selectors by label and field', async () => {
    await hub.request('POST', CONFIG_MAPS, configMap('a', {}, { labels: { x: 'y' } }));
    await hub.request('POST', CONFIG_MAPS, configMap('b'));
    const names = async (query: string) =>
      (await hub.request('GET', `${CONFIG_MAPS}?${query}`)).json.items.map(
        (item: { metadata: { name: string } }) => item.metadata.name,
      );
    expect(await names('labelSelector=x')).toEqual(['a']);
    expect(await names('fieldSelector=metadata.name%3Db')).toEqual(['b']);
    expect((await hub.request('GET', `${CONFIG_MAPS}?fieldSelector=data.x%3Db`)).json).toMatchObject({
      code: 400,
      message: '"data.x" is not a known field selector: only "metadata.name", "metadata.namespace"',
    });
  });

  test('a resourceVersion from the future is 504 with its cause', async () => {
    const answer = await hub.request('GET', `${CONFIG_MAPS}?resourceVersion=999999`);
    expect(answer.json).toMatchObject({ code: 504, details: { causes: [{ reason: 'ResourceVersionTooLarge' }] } });
  });

  test('contradicting options are 422', async () => {
    const answer = await hub.request('GET', `${CONFIG_MAPS}?resourceVersionMatch=Exact`);
    expect(answer.json.message).toBe(
      'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
    );
  });
});

describe('watch', () => {
  test('tells every change after the given version', async () => {
    const list = (await hub.request('GET', CONFIG_MAPS)).json;
    await hub.request('POST', CONFIG_MAPS, configMap('a', { k: '1' }));
    const tap = await hub.watch(`${CONFIG_MAPS}?watch=1&resourceVersion=${list.metadata.resourceVersion}`);
    const updated = (await hub.request('PUT', `${CONFIG_MAPS}/a`, configMap('a', { k: '2' }))).json;
    await hub.request('DELETE', `${CONFIG_MAPS}/a`);
    await tap.until(3);
    expect(tap.events.map((event) => [event.type, event.object.data?.k])).toEqual([
      ['ADDED', '1'],
      ['MODIFIED', '2'],
      ['DELETED', '2'],
    ]);
    expect(tap.events[1].object).toEqual(updated);
    expect(BigInt(tap.events[2].object.metadata.resourceVersion)).toBeGreaterThan(
      BigInt(updated.metadata.resourceVersion),
    );
    tap.end();
  });

  test('sendInitialEvents ends with one marked bookmark', async () => {
    await hub.request('POST', CONFIG_MAPS, configMap('a'));
    const tap = await hub.watch(
      `${CONFIG_MAPS}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
    );
    await tap.until(2);
    expect(tap.events.map((event) => event.type)).toEqual(['ADDED', 'BOOKMARK']);
    expect(tap.events[1].object.metadata.annotations).toEqual({ 'k8s.io/initial-events-end': 'true' });
    tap.end();
  });

  test('what leaves a selector is DELETED, what enters is ADDED', async () => {
    const { metadata } = (await hub.request('GET', CONFIG_MAPS)).json;
    const tap = await hub.watch(`${CONFIG_MAPS}?watch=1&labelSelector=on&resourceVersion=${metadata.resourceVersion}`);
    await hub.request('POST', CONFIG_MAPS, configMap('a'));
    const merge = { type: 'application/merge-patch+json' };
    await hub.request('PATCH', `${CONFIG_MAPS}/a`, { metadata: { labels: { on: '1' } } }, merge);
    await hub.request('PATCH', `${CONFIG_MAPS}/a`, { metadata: { labels: { on: null } } }, merge);
    await tap.until(2);
    expect(tap.events.map((event) => event.type)).toEqual(['ADDED', 'DELETED']);
    tap.end();
  });

  test('ends with 403 for whoever may no longer see what is watched, and without a word when a credential is gone', async () => {
    const followers = new Set<AccessFollower>();
    const access: Access = {
      follow(follower) {
        followers.add(follower);
        return () => followers.delete(follower);
      },
    };
    const [refused, gone] = await Promise.all([1, 2].map(() => hub.watch(`${CONFIG_MAPS}?watch=1`, { access })));
    const [first, second] = [...followers];
    first?.granted(EVERYTHING);
    const denial = forbidden({ group: '', resource: 'configmaps' }, '', 'configmaps is forbidden');
    first?.granted({ everything: false, namespaces: new Set(), denial });
    second?.unknown();
    expect(refused?.events).toMatchObject([{ type: 'ERROR', object: { code: 403, reason: 'Forbidden' } }]);
    expect(gone?.events).toEqual([]);
    expect([refused?.ended, gone?.ended, followers.size]).toEqual([true, true, 0]);
  });

  test('timeoutSeconds ends it, with a bookmark before', async () => {
    const tap = await hub.watch(`${CONFIG_MAPS}?watch=1&timeoutSeconds=1`);
    await tap.until(1000, 3_000).catch(() => undefined);
    expect(tap.ended).toBe(true);
  });

  test('a version that was compacted is 410, said in an event as kube-apiserver does', async () => {
    await hub.request('POST', CONFIG_MAPS, configMap('a'));
    await hub.request('POST', CONFIG_MAPS, configMap('b'));
    await hub.store.compact(await hub.store.revision());
    const tap = await hub.watch(`${CONFIG_MAPS}?watch=1&resourceVersion=1`);
    await tap.until(1);
    expect(tap.events).toMatchObject([{ type: 'ERROR', object: { code: 410, reason: 'Expired' } }]);
  });
});

describe('client and informer', () => {
  test('an informer sees all workspaces and follows', async () => {
    const resource = { group: '', resource: 'configmaps' };
    const informer = hub.hub.informer(resource);
    await informer.whenSynced();
    const seen: string[] = [];
    informer.subscribe((event) => seen.push(`${event.workspace} ${event.object?.metadata.name ?? 'gone'}`));
    await hub.hub.client.create('root', resource, { ...configMap('a'), metadata: { name: 'a', namespace: 'default' } });
    await hub.hub.client.delete({ ...resource, workspace: 'root', namespace: 'default', name: 'a' });
    await expect.poll(() => seen).toEqual(['root a', 'root gone']);
    expect(informer.get('root', 'default', 'a')).toBeUndefined();
  });

  test('get of nothing is undefined, delete of nothing is fine', async () => {
    const ref = { group: '', resource: 'configmaps', workspace: 'root', namespace: 'default', name: 'none' };
    expect(await hub.hub.client.get(ref)).toBeUndefined();
    await hub.hub.client.delete(ref);
  });
});

describe('discovery', () => {
  test('aggregated discovery lists groups with their resources and an ETag', async () => {
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
    const answer = await hub.request('GET', '/apis', undefined, { accept });
    const apps = answer.json.items.find((group: { metadata: { name: string } }) => group.metadata.name === 'apps');
    expect(apps.versions[0].resources.map((one: { resource: string }) => one.resource)).toContain('deployments');
    const again = await hub.request('GET', '/apis', undefined, {
      accept,
      headers: { 'if-none-match': answer.headers.etag as string },
    });
    expect(again.status).toBe(304);
  });

  test('legacy discovery, version and OpenAPI answer', async () => {
    expect((await hub.request('GET', '/api')).json.versions).toEqual(['v1']);
    expect((await hub.request('GET', '/api/v1')).json.resources.map((one: { name: string }) => one.name)).not.toContain(
      'nodes',
    );
    expect((await hub.request('GET', '/apis/tenancy.kcp.io/v1alpha1')).json.kind).toBe('APIResourceList');
    expect((await hub.request('GET', '/version')).json.major).toBe('1');
    const index = (await hub.request('GET', '/openapi/v3')).json;
    expect(index.paths['apis/apps/v1'].serverRelativeURL).toMatch(
      /^\/clusters\/root\/openapi\/v3\/apis\/apps\/v1\?hash=/,
    );
    expect((await hub.request('GET', '/openapi/v3/apis/apps/v1')).json.openapi).toBe('3.0.0');
    expect((await hub.request('GET', '/openapi/v2')).json.swagger).toBe('2.0');
  });
});
