/** Our OpenAPI documents beside a real kube-apiserver's, and kubectl reading ours in place of the server's. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { builtinResources, builtinType } from '../../../src/hub/builtin/tables.ts';
import { PROTOBUF } from '../../../src/hub/encoding/protobuf.ts';
import type { ServedType } from '../../../src/hub/openapi/served-type.ts';
import { openApiV2Document } from '../../../src/hub/openapi/v2.ts';
import { encodeOpenApiV2, OPENAPI_V2_PROTOBUF } from '../../../src/hub/openapi/v2-protobuf.ts';
import { openApiV3Document, openApiV3Index } from '../../../src/hub/openapi/v3.ts';
import { startCluster } from '../../kube/cluster.ts';
import type { KubeCluster } from '../../kube/kube-cluster.ts';

const types: readonly ServedType[] = builtinResources().map((info) => ({
  info,
  schema: builtinType(info),
  custom: false,
}));

let cluster: KubeCluster;
let front: Server;
let url: string;

beforeAll(async () => {
  cluster = await startCluster({ name: 'openapi', controllers: false });
  front = createServer((request, response) => void answer(request, response).catch((error) => response.destroy(error)));
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
});
afterAll(async () => {
  front?.closeAllConnections();
  front?.close();
  await cluster?.stop();
});

/** OpenAPI from us, all else from the cluster. */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = new URL(request.url ?? '', 'http://front').pathname;
  if (path === '/openapi/v2') {
    response.setHeader('content-type', OPENAPI_V2_PROTOBUF).end(encodeOpenApiV2(openApiV2Document(types)));
    return;
  }
  if (path.startsWith('/openapi/v3')) {
    const below = path.slice('/openapi/v3/'.length);
    const document = below === '' ? openApiV3Index(types) : openApiV3Document(below, types);
    response.setHeader('content-type', 'application/json').end(JSON.stringify(document));
    return;
  }
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { accept = 'application/json', 'content-type': type } = request.headers;
  const headers = {
    accept: accept.replaceAll(PROTOBUF, 'application/json'),
    ...(type ? { 'content-type': type } : {}),
  };
  const result = await cluster.fetch(request.url ?? '', {
    method: request.method ?? 'GET',
    headers,
    ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
  });
  response.writeHead(result.status, { 'content-type': result.headers['content-type'] ?? 'application/json' });
  response.end(result.text);
}

/** Without prose, references with siblings and alone alike. */
function facts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(facts);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key, part]) => key !== 'description' || typeof part !== 'string');
  const { allOf, ...rest } = Object.fromEntries(entries.map(([key, part]) => [key, facts(part)]));
  const only = Array.isArray(allOf) && allOf.length === 1 && Object.keys(rest).length === 0;
  return only ? allOf[0] : allOf === undefined ? rest : { ...rest, allOf };
}

interface Document {
  readonly paths: Readonly<Record<string, unknown>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

/** Deprecated watch paths, paths behind a proxy, the group version itself. */
const unlisted = /\/watch\/|\/proxy(\/\{path\})?$|\/v\d+(alpha\d+|beta\d+)?\/$/;
/** Shared types name in each of upstream's documents only that group's kinds. */
const SHARED = ['DeleteOptions', 'WatchEvent'].map((name) => `io.k8s.apimachinery.pkg.apis.meta.v1.${name}`);

const documents = Object.keys(openApiV3Index(types).paths);

test.each(documents)('document %s has the paths, operations and types of the server’s', async (path) => {
  const theirs = await cluster.fetchOk<Document>(`/openapi/v3/${path}`);
  const ours = openApiV3Document(path, types) as Document;
  const paths = (document: Document) =>
    Object.fromEntries(Object.entries(document.paths).filter(([one]) => !unlisted.test(one)));
  expect(facts(paths(ours))).toEqual(facts(paths(theirs)));
  for (const [name, schema] of Object.entries(ours.components.schemas)) {
    if (SHARED.includes(name) || !theirs.components.schemas[name]) continue;
    expect(facts(schema), name).toEqual(facts(theirs.components.schemas[name]));
  }
});

test('v2 has the types of the server’s', async () => {
  const theirs = await cluster.fetchOk<{ definitions: Record<string, unknown> }>('/openapi/v2');
  const { definitions } = openApiV2Document(types);
  for (const [name, schema] of Object.entries(definitions)) {
    if (SHARED.includes(name)) continue;
    expect(facts(schema), name).toEqual(facts(theirs.definitions[name]));
  }
});

const kubectl = (...args: string[]) => cluster.kubectl(`--server=${url}`, ...args);

test('kubectl explains from v3 and from v2', async () => {
  const v3 = await kubectl('explain', 'deployment.spec.strategy.rollingUpdate.maxSurge');
  expect(v3.stdout).toContain('FIELD: maxSurge <IntOrString>');
  const v2 = await kubectl('explain', 'pods.spec.containers', '--output=plaintext-openapiv2');
  expect(v2.stderr).toBe('');
  expect(v2.stdout).toContain('terminationMessagePath\t<string>');
  const recursive = await kubectl('explain', 'ingress.spec', '--recursive');
  expect(recursive.stdout).toContain('pathType');
});

const manifest = (spec: string): string =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 1, ${spec}selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: d}]}}}\n`;

test('kubectl creates, applies and diffs with strict validation', async () => {
  const run = (text: string, ...args: string[]) =>
    cluster.kubectlWith({ stdin: text }, `--server=${url}`, ...args, '-f', '-');
  const created = await run(manifest(''), 'apply', '--validate=strict');
  expect(created).toMatchObject({ code: 0, stdout: 'deployment.apps/web created\n' });
  const changed = await run(manifest('minReadySeconds: 5, '), 'diff');
  expect(changed.stdout).toContain('+  minReadySeconds: 5');
  const applied = await run(manifest('minReadySeconds: 5, '), 'apply', '--server-side', '--force-conflicts');
  expect(applied.code).toBe(0);
  const refused = await run(manifest('replicaz: 5, '), 'apply', '--validate=strict');
  expect(refused.stderr).toContain('unknown field "spec.replicaz"');
});
