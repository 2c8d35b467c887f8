/** Protobuf as a real kube-apiserver writes and reads it. */
import { request } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeProtobuf, encodeProtobuf, PROTOBUF } from '../../../src/hub/encoding/protobuf.ts';
import type { KubeObject } from '../../../src/kube/object.ts';
import { startCluster } from '../../kube/cluster.ts';
import type { KubeCluster } from '../../kube/kube-cluster.ts';
import { SAMPLES, type Sample } from '../../support/builtin-samples.ts';

let cluster: KubeCluster;

beforeAll(async () => {
  cluster = await startCluster({ name: 'protobuf', controllers: false });
  const accounts = '/api/v1/namespaces/default/serviceaccounts';
  for (const name of ['default', 'runner']) {
    await cluster.fetchOk(accounts, { method: 'POST', body: { metadata: { name } } });
  }
});
afterAll(async () => {
  await cluster?.stop();
});

async function post(path: string, body: Uint8Array): Promise<{ status: number; bytes: Uint8Array }> {
  const response = await request(`${cluster.url}${path}?dryRun=All`, {
    dispatcher: cluster.dispatcher,
    method: 'POST',
    body,
    headers: { authorization: `Bearer ${cluster.adminToken}`, 'content-type': PROTOBUF, accept: PROTOBUF },
  });
  return { status: response.statusCode, bytes: new Uint8Array(await response.body.arrayBuffer()) };
}

/** JSON shows structures that are held by value even when they are empty; protobuf's form here leaves them out. */
function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .map(([key, part]) => [key, withoutEmpty(part)] as const)
    .filter(([, part]) => part !== null && !(typeof part === 'object' && Object.keys(part as object).length === 0));
  return Object.fromEntries(entries);
}

const VOLATILE = ['uid', 'creationTimestamp', 'managedFields'];
/** Job selectors and labels hold the uid that each request is given anew. */
const comparable = (object: KubeObject, uid: string): unknown => {
  const text = JSON.stringify(withoutEmpty(object)).replaceAll(uid, 'UID');
  const copy = JSON.parse(text) as KubeObject;
  for (const field of VOLATILE) delete (copy.metadata as Record<string, unknown>)[field];
  return copy;
};

// Claims in a StatefulSet name their kind in JSON; protobuf has no place for it.
const samples = SAMPLES.filter(({ object }) => object.metadata.name !== 'runner' && object.kind !== 'StatefulSet');

test.each(samples.map((sample) => [`${sample.object.kind} ${sample.object.metadata.name}`, sample] as const))(
  '%s',
  async (_, sample) => {
    const { path, object } = JSON.parse(JSON.stringify(sample).replaceAll('"NS"', '"default"')) as Sample;
    const collection = path.replace('/NS/', '/default/');
    const json = await cluster.fetchOk(`${collection}?dryRun=All`, { method: 'POST', body: object });
    const sent = await post(collection, encodeProtobuf(object));
    expect(sent.status).toBe(201);
    const decoded = decodeProtobuf(sent.bytes);
    const uid = (one: KubeObject) => one.metadata.uid ?? '-';
    expect(comparable(decoded, uid(decoded))).toEqual(comparable(json, uid(json)));
  },
);
