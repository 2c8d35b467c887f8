import { afterEach, describe, expect, test } from 'vitest';
import { clusterValidation, VALIDATED_BY } from '../../src/clusters/cluster-validation.ts';
import type { Downstream } from '../../src/clusters/downstream.ts';
import { builtinResources } from '../../src/hub/builtin/tables.ts';
import type { AdmissionStep } from '../../src/hub/core.ts';
import { type HubHarness, startHub } from '../hub/hub-harness.ts';
import { type FakeAnswer, type FakeDownstream, fakeDownstream } from '../support/fake-downstream.ts';

const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const deployment = (name: string, image = 'nginx') => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image }] } },
  },
});
const refusal = (code: number, reason: string, message: string, details: object = {}): FakeAnswer => ({
  status: code,
  body: JSON.stringify({ kind: 'Status', code, reason, message, details }),
});

let hub: HubHarness | undefined;
afterEach(() => hub?.close());

interface Started {
  readonly cluster: FakeDownstream;
  /** The step's own clock. */
  readonly time: { now: number };
  create(
    object: object,
  ): Promise<{ status: number; json: { message?: string }; warning: unknown; by: string | undefined }>;
}

async function start(
  answer: (namespace: string, method: string) => FakeAnswer | Promise<FakeAnswer>,
): Promise<Started> {
  const cluster = fakeDownstream('east');
  cluster.serve(builtinResources());
  const time = { now: 1_000 };
  const slow: Downstream = {
    ...cluster,
    discovery: cluster.discovery,
    async fetch(request) {
      cluster.requests.push(request);
      const { status = 200, body = '' } = await answer(
        /namespaces\/([^/]+)/.exec(request.path)?.[1] ?? '',
        request.method ?? '',
      );
      if (request.signal?.aborted) throw request.signal.reason;
      return { status, headers: {}, body: Buffer.from(body) };
    },
  };
  const step: AdmissionStep = clusterValidation({
    registry: () => ({ visibleTo: () => [slow] }),
    deadlineMs: 50,
    now: () => time.now,
  });
  const started = await startHub({ admission: [step] });
  hub = started;
  return {
    cluster,
    time,
    async create(object) {
      let by: string | undefined;
      const annotate = (key: string, value: string) => {
        if (key === VALIDATED_BY) by = value;
      };
      const { status, json, headers } = await started.request('POST', DEPLOYMENTS, object, { annotate });
      return { status, json, warning: headers.warning, by };
    },
  };
}

describe('what is authored is shown to a cluster', () => {
  test('in the namespace where it would stand; a cluster that takes it is named in the audit only', async () => {
    const { cluster, create } = await start(() => ({ status: 201, body: '{}' }));
    expect(await create(deployment('a'))).toMatchObject({ status: 201, warning: undefined, by: 'east' });
    const [asked] = cluster.requests;
    expect(asked?.path).toMatch(/^\/apis\/apps\/v1\/namespaces\/kcp-[a-z0-9]{12}\/deployments\?dryRun=All/);
    const body = JSON.parse(String(asked?.body));
    expect(body.metadata).toEqual({ name: 'a', namespace: expect.stringMatching(/^kcp-/) });
    expect(body.status).toBeUndefined();
  });

  test('what it finds invalid is refused in its words', async () => {
    const { create } = await start(() =>
      refusal(422, 'Invalid', 'Deployment.apps "a" is invalid: spec.x: no', { kind: 'Deployment' }),
    );
    expect(await create(deployment('a'))).toMatchObject({
      status: 422,
      json: { message: 'Deployment.apps "a" is invalid: spec.x: no' },
      by: 'east',
    });
  });

  test('what only its own policies refuse is taken, with a warning', async () => {
    const { create } = await start(() => refusal(400, '', 'admission webhook "a.b.c" denied the request: no'));
    expect(await create(deployment('a'))).toMatchObject({
      status: 201,
      warning: ['299 - "cluster \\"east\\" would refuse this: admission webhook \\"a.b.c\\" denied the request: no"'],
    });
  });

  test('where the namespace is not there yet, another one serves to learn whether the object is valid', async () => {
    const { create } = await start((namespace) =>
      namespace === 'default'
        ? refusal(422, 'Invalid', 'invalid')
        : refusal(404, 'NotFound', `namespaces "${namespace}" not found`, { kind: 'namespaces' }),
    );
    expect((await create(deployment('a'))).status).toBe(422);
  });

  test('a cluster that does not answer in time is not waited for, nor asked again for a while', async () => {
    const { cluster, time, create } = await start(
      () => new Promise((resolve) => setTimeout(resolve, 100, { status: 201 })),
    );
    expect(await create(deployment('a'))).toMatchObject({ status: 201, by: 'hub (no answer in time)' });
    expect(await create(deployment('b'))).toMatchObject({ status: 201, by: 'hub (no cluster at hand)' });
    expect(cluster.requests).toHaveLength(1);
    time.now += 11_000;
    await create(deployment('c'));
    expect(cluster.requests).toHaveLength(2);
  });

  test('the same object again, and changes of metadata alone, are not shown again', async () => {
    const { cluster, create } = await start(() => ({ status: 201, body: '{}' }));
    await create(deployment('a'));
    const { request } = hub as HubHarness;
    expect((await request('PATCH', `${DEPLOYMENTS}/a`, { metadata: { labels: { a: 'b' } } }, MERGE)).status).toBe(200);
    expect((await request('DELETE', `${DEPLOYMENTS}/a`)).status).toBe(200);
    await create(deployment('a'));
    expect(cluster.requests).toHaveLength(1);
    expect((await request('PATCH', `${DEPLOYMENTS}/a`, { spec: { replicas: 3 } }, MERGE)).status).toBe(200);
    expect(cluster.requests).toHaveLength(2);
  });

  test('a change is applied to what was placed; what only that copy cannot become is a warning', async () => {
    let valid = true;
    const { cluster, create } = await start((_, method) =>
      method === 'POST'
        ? valid
          ? { status: 201, body: '{}' }
          : refusal(422, 'Invalid', 'never')
        : refusal(422, 'Invalid', 'Deployment.apps "a" is invalid: spec.x: field is immutable'),
    );
    await create(deployment('a'));
    const { request } = hub as HubHarness;
    const changed = await request('PATCH', `${DEPLOYMENTS}/a`, { spec: { replicas: 3 } }, MERGE);
    expect([changed.status, changed.headers.warning]).toEqual([
      200,
      ['299 - "cluster \\"east\\" would refuse this: Deployment.apps \\"a\\" is invalid: spec.x: field is immutable"'],
    ]);
    const [, applied, anew] = cluster.requests;
    expect(applied).toMatchObject({ method: 'PATCH', headers: { 'content-type': 'application/apply-patch+yaml' } });
    expect(applied?.path).toMatch(/deployments\/a\?dryRun=All&.*fieldManager=tmc-syncer&force=true$/);
    expect(anew?.method).toBe('POST');
    valid = false;
    const refused = await request('PATCH', `${DEPLOYMENTS}/a`, { spec: { replicas: 4 } }, MERGE);
    expect([refused.status, refused.json.message]).toEqual([422, 'never']);
  });

  test('kinds that the hub knows all about are its own affair', async () => {
    const { cluster } = await start(() => refusal(422, 'Invalid', 'no'));
    const { request } = hub as HubHarness;
    const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } };
    expect((await request('POST', '/api/v1/namespaces/default/configmaps', map)).status).toBe(201);
    expect(cluster.requests).toEqual([]);
  });
});

const MERGE = { type: 'application/merge-patch+json' };
