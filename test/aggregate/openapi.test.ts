import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createMergedOpenApi } from '../../src/aggregate/openapi.ts';
import { builtinResources, builtinType } from '../../src/hub/builtin/tables.ts';
import { openApiV2Document } from '../../src/hub/openapi/v2.ts';
import { encodeOpenApiV2 } from '../../src/hub/openapi/v2-protobuf.ts';
import type { ApiRequest, ApiResponse } from '../../src/kube/api.ts';
import { type FakeDownstream, fakeDownstream, fakeRegistry, resourceInfo } from '../support/fake-downstream.ts';
import { apiGet } from './api-request.ts';

const PROTOBUF = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
const sha512 = (text: string) => createHash('sha512').update(text).digest('hex').toUpperCase();
const configMaps = builtinResources().find(({ resource }) => resource === 'configmaps')!;
const hubKinds = [{ info: configMaps, schema: builtinType(configMaps), custom: false }];

interface Documents {
  [path: string]: { components: { schemas: Record<string, object> } };
}
const schemas = (of: Record<string, object>) => ({ components: { schemas: of } });

/** A cluster with these v3 documents and a v2 document of its kinds. */
function cluster(
  name: string,
  documents: Documents,
  version = 'v1.37.1',
  workspace = 'root',
): FakeDownstream & { documents: Documents } {
  const made = Object.assign(fakeDownstream(name, workspace), { documents });
  const kinds = Object.keys(documents).map((path) =>
    path === 'api/v1' ? configMaps : resourceInfo(path.replace('apis/', ''), 'widgets', 'Widget'),
  );
  made.serve(kinds, version);
  made.answer(({ path, headers = {} }) => {
    const [pathname = ''] = path.split('?');
    if (pathname === '/openapi/v3') {
      const paths = Object.entries(made.documents).map(([at, document]) => [
        at,
        { serverRelativeURL: `/openapi/v3/${at}?hash=${sha512(JSON.stringify(document))}` },
      ]);
      const body = JSON.stringify({ paths: Object.fromEntries(paths) });
      const etag = `"${sha512(body)}"`;
      return headers['if-none-match'] === etag ? { status: 304 } : { body, headers: { etag } };
    }
    if (pathname === '/openapi/v2') {
      const types = kinds.map((info) => ({ info, schema: undefined, custom: true }));
      const body =
        headers.accept === PROTOBUF
          ? Buffer.from(encodeOpenApiV2(openApiV2Document(types)))
          : JSON.stringify(openApiV2Document(types));
      return { body, headers: { etag: `"${name}"` } };
    }
    const document = made.documents[pathname.replace('/openapi/v3/', '')];
    return document && { body: JSON.stringify(document) };
  });
  return made;
}

function setUp(...clusters: FakeDownstream[]) {
  const openApi = createMergedOpenApi({
    hub: { definitions: async () => hubKinds },
    registry: fakeRegistry(...clusters),
  });
  const answer = async (path: string, headers: Record<string, string> = {}, more: Partial<ApiRequest> = {}) =>
    (await openApi.handle(apiGet(path, headers, more))) as ApiResponse;
  const get = async (path: string, headers?: Record<string, string>) =>
    JSON.parse(Buffer.from((await answer(path, headers)).body as Uint8Array).toString());
  const hashOf = async (path: string) =>
    /hash=(.+)/.exec((await get('/openapi/v3')).paths[path].serverRelativeURL)?.[1];
  return { openApi, answer, get, hashOf };
}

const WIDGETS = 'apis/acme.com/v1';

describe('merged OpenAPI v3', () => {
  it('lists what hub and clusters have, with URLs that keep the workspace’s prefix', async () => {
    const { answer } = setUp(cluster('east', { [WIDGETS]: schemas({ A: {} }) }));
    const prefix = '/services/tmc/clusters/root:a';
    const index = JSON.parse(String((await answer('/openapi/v3', {}, { urlPrefix: prefix })).body));
    expect(Object.keys(index.paths)).toEqual(['api/v1', WIDGETS]);
    expect(index.paths[WIDGETS].serverRelativeURL).toMatch(
      /^\/services\/tmc\/clusters\/root:a\/openapi\/v3\/apis\/acme.com\/v1\?hash=/,
    );
  });

  it('passes the document of a kind that one cluster has through as it came', async () => {
    const document = schemas({ A: { type: 'object' } });
    const { get } = setUp(cluster('east', { [WIDGETS]: document }));
    expect(await get(`/openapi/v3/${WIDGETS}`)).toEqual(document);
  });

  it('unites schemas of clusters that differ, the newest wins; equal ones are asked for once', async () => {
    const old = schemas({ Widget: { properties: { size: { type: 'string' }, old: {} } }, OnlyOld: {} });
    const east = cluster('east', { [WIDGETS]: old }, 'v1.30.0');
    const north = cluster('north', { [WIDGETS]: old }, 'v1.30.0');
    const west = cluster(
      'west',
      { [WIDGETS]: schemas({ Widget: { properties: { size: { type: 'integer' } } } }) },
      'v1.36.0',
    );
    const { get } = setUp(east, north, west);
    expect((await get(`/openapi/v3/${WIDGETS}`)).components.schemas).toEqual({
      Widget: { properties: { size: { type: 'integer' }, old: {} } },
      OnlyOld: {},
    });
    const asked = [...east.requests, ...north.requests].filter(({ path }) => path.includes(WIDGETS));
    expect(asked).toHaveLength(1);
  });

  it('redirects an old hash, keeps a right one for a year, answers 304 to its tag', async () => {
    const { answer, hashOf } = setUp(cluster('east', { [WIDGETS]: schemas({ A: {} }) }));
    const hash = await hashOf(WIDGETS);
    const old = await answer(`/openapi/v3/${WIDGETS}?hash=OLD`, {}, { urlPrefix: '/clusters/x' });
    expect(old).toMatchObject({ status: 301, headers: { location: `/clusters/x/openapi/v3/${WIDGETS}?hash=${hash}` } });
    const right = await answer(`/openapi/v3/${WIDGETS}?hash=${hash}`);
    expect(right).toMatchObject({ status: 200, headers: { etag: `"${hash}"`, 'cache-control': 'public, immutable' } });
    expect(await answer(`/openapi/v3/${WIDGETS}`, { 'if-none-match': `"${hash}"` })).toMatchObject({ status: 304 });
  });

  it('notices a schema that changed', async () => {
    const east = cluster('east', { [WIDGETS]: schemas({ A: {} }) });
    const { get, hashOf } = setUp(east);
    const before = await hashOf(WIDGETS);
    east.documents[WIDGETS] = schemas({ B: {} });
    await expect.poll(() => hashOf(WIDGETS), { timeout: 3_000 }).not.toBe(before);
    expect(Object.keys((await get(`/openapi/v3/${WIDGETS}`)).components.schemas)).toEqual(['B']);
  });

  it('still has the hub’s kinds with every cluster down, and the clusters’ as last seen', async () => {
    const east = cluster('east', { [WIDGETS]: schemas({ A: {} }) });
    const { get } = setUp(east);
    await get(`/openapi/v3/${WIDGETS}`);
    east.setHealth('Unhealthy');
    expect(Object.keys((await get(`/openapi/v3/${WIDGETS}`)).components.schemas)).toEqual(['A']);
    expect((await get('/openapi/v3/api/v1')).components.schemas).toHaveProperty(['io.k8s.api.core.v1.ConfigMap']);
  });

  it('does not let clients keep a document that lacks a cluster', async () => {
    const east = cluster('east', { [WIDGETS]: schemas({ A: {} }) });
    const west = cluster('west', { [WIDGETS]: schemas({ B: {} }) });
    const { answer, hashOf } = setUp(east, west);
    const hash = await hashOf(WIDGETS);
    delete west.documents[WIDGETS];
    const partial = await answer(`/openapi/v3/${WIDGETS}?hash=${hash}`);
    expect(partial).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
    expect(partial.headers.etag).toBeUndefined();
  });

  it('does not take one cluster’s document for another’s because it claims the hash', async () => {
    const hash = sha512(JSON.stringify(schemas({ A: {} })));
    const liar = cluster('liar', { [WIDGETS]: schemas({ A: {} }) }, 'v1.37.1', 'root:b');
    liar.answer(({ path }) =>
      path === '/openapi/v3'
        ? {
            body: JSON.stringify({
              paths: { [WIDGETS]: { serverRelativeURL: `/openapi/v3/${WIDGETS}?hash=${hash}` } },
            }),
          }
        : { body: JSON.stringify(schemas({ Evil: {} })) },
    );
    const { answer } = setUp(liar, cluster('honest', { [WIDGETS]: schemas({ A: {} }) }, 'v1.37.1', 'root:a'));
    const namesSeenFrom = async (workspace: string) => {
      const { body } = await answer(`/openapi/v3/${WIDGETS}`, {}, { workspace });
      return Object.keys(JSON.parse(String(body)).components.schemas);
    };
    expect(await namesSeenFrom('root:b')).toEqual(['Evil']);
    expect(await namesSeenFrom('root:a')).toEqual(['A']);
  });

  it('is 404 for what nobody serves, and leaves other paths alone', async () => {
    const { answer, openApi } = setUp();
    await expect(answer('/openapi/v3/apis/nothing/v1')).rejects.toMatchObject({ code: 404 });
    for (const path of ['/openapi', '/openapi/v4', '/openapi/v3x', '/api'])
      expect(openApi.handle(apiGet(path))).toBeUndefined();
  });
});

describe('a cluster that hangs before it ever told anything', () => {
  const hanging = () => {
    const made = cluster('hanging', { [WIDGETS]: schemas({ A: {} }) });
    const wake: (() => void)[] = [];
    made.answer((request) => new Promise((resolve) => wake.push(() => resolve(answerOf(request)))));
    const answerOf = ({ path }: { path: string }) =>
      path === '/openapi/v3'
        ? { body: JSON.stringify({ paths: { [WIDGETS]: { serverRelativeURL: `/openapi/v3/${WIDGETS}?hash=H` } } }) }
        : { body: JSON.stringify(path === '/openapi/v2' ? { paths: { '/apis/late': {} } } : schemas({ A: {} })) };
    return { made, wakeUp: () => wake.splice(0).forEach((each) => void each()) };
  };
  const timed = async <T>(run: () => Promise<T>) => {
    const began = performance.now();
    return { answer: await run(), ms: performance.now() - began };
  };

  it.each(['/openapi/v3', '/openapi/v2'])(
    'holds up %s once, for a second, is named, and is there later',
    async (path) => {
      const { made, wakeUp } = hanging();
      const { answer } = setUp(made, cluster('east', { 'apis/other.com/v1': schemas({}) }));
      const first = await timed(() => answer(path));
      expect(first.ms).toBeLessThan(3_000);
      expect(String(first.answer.headers.warning)).toContain('cluster \\"hanging\\" is missing');
      expect(String(first.answer.body)).toContain(path.endsWith('3') ? 'api/v1' : '/api/v1/configmaps');
      const second = await timed(() => answer(path));
      expect(second.ms).toBeLessThan(500);
      expect(made.requests.filter((request) => request.path === path)).toHaveLength(1);
      wakeUp();
      await expect.poll(async () => (await answer(path)).headers.warning, { timeout: 3_000 }).toBeUndefined();
      expect(String((await answer(path)).body)).toContain(path.endsWith('3') ? WIDGETS : '/apis/late');
    },
  );

  it('is waited for longer while something comes from it: it works on a large document', async () => {
    const { made, wakeUp } = hanging();
    const { answer } = setUp({ ...made, health: () => ({ ...made.health(), lastContact: Date.now() }) });
    const asked = answer('/openapi/v2');
    setTimeout(wakeUp, 1_500);
    const { headers, body } = await asked;
    expect([headers.warning, String(body).includes('/apis/late')]).toEqual([undefined, true]);
  });

  it('is waited for where it alone can answer', async () => {
    const { made, wakeUp } = hanging();
    const { answer } = setUp(made);
    const asked = answer('/openapi/v3', {}, { onlyCluster: 'hanging' });
    setTimeout(wakeUp, 1_500);
    expect(String((await asked).body)).toContain(WIDGETS);
  });
});

describe('merged OpenAPI v2', () => {
  it('has every kind once, in JSON and in both spellings of protobuf', async () => {
    const { get, answer } = setUp(
      cluster('east', { [WIDGETS]: schemas({}) }),
      cluster('west', { 'apis/acme.com/v2': schemas({}) }),
    );
    const document = await get('/openapi/v2');
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining(['/api/v1/configmaps', '/apis/acme.com/v1/widgets', '/apis/acme.com/v2/widgets']),
    );
    for (const accept of [PROTOBUF, PROTOBUF.replace('@', '.')]) {
      const { headers, body } = await answer('/openapi/v2', { accept });
      expect(headers['content-type']).toBe('application/com.github.proto-openapi.spec.v2.v1.0+protobuf');
      for (const path of Object.keys(document.paths)) expect((body as Buffer).includes(path)).toBe(true);
    }
  });

  it('asks one of several equal clusters', async () => {
    const clusters = ['a', 'b', 'c'].map((name) => cluster(name, { [WIDGETS]: schemas({}) }));
    const { answer } = setUp(...clusters);
    await answer('/openapi/v2', { accept: PROTOBUF });
    expect(clusters.flatMap(({ requests }) => requests).filter(({ path }) => path === '/openapi/v2')).toHaveLength(1);
  });

  it('goes without a cluster that is down or answers nonsense', async () => {
    const down = cluster('down', { [WIDGETS]: schemas({}) });
    down.setHealth('Unhealthy');
    const broken = cluster('broken', { 'apis/acme.com/v2': schemas({}) });
    broken.answer(() => ({ body: '<html>login</html>', headers: { etag: '"x"' } }));
    const { get, answer } = setUp(down, broken);
    expect(Object.keys((await get('/openapi/v2')).paths)).toContain('/api/v1/configmaps');
    expect(((await answer('/openapi/v2', { accept: PROTOBUF })).body as Buffer).includes('/api/v1/configmaps')).toBe(
      true,
    );
  });

  it('answers 304 to its tag and 406 to other media types', async () => {
    const { answer } = setUp();
    const { etag } = (await answer('/openapi/v2')).headers;
    expect(await answer('/openapi/v2', { 'if-none-match': String(etag) })).toMatchObject({ status: 304 });
    await expect(answer('/openapi/v2', { accept: 'text/html' })).rejects.toMatchObject({ code: 406 });
  });
});
