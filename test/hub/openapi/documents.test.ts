import { expect, test } from 'vitest';
import { builtinResources, builtinType } from '../../../src/hub/builtin/tables.ts';
import type { ServedType } from '../../../src/hub/openapi/served-type.ts';
import { type OpenApiV2Document, openApiV2Document } from '../../../src/hub/openapi/v2.ts';
import { openApiV3Document, openApiV3Index } from '../../../src/hub/openapi/v3.ts';
import type { Schema } from '../../../src/kube/schema.ts';

const builtin: readonly ServedType[] = builtinResources().map((info) => ({
  info,
  schema: builtinType(info),
  custom: false,
}));

const cron = (root: Schema): ServedType => ({
  info: {
    group: 'stable.example.com',
    version: 'v1',
    resource: 'crontabs',
    kind: 'CronTab',
    singular: 'crontab',
    namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    shortNames: [],
    categories: [],
    subresources: [{ name: 'status', kind: 'CronTab', verbs: ['get', 'patch', 'update'] }],
  },
  schema: { root, resolve: () => undefined },
  custom: true,
});
const cronTab = cron({
  type: 'object',
  properties: {
    spec: { type: 'object', properties: { size: { 'x-kubernetes-int-or-string': true } } },
    extra: { type: 'object', nullable: true, properties: { a: { type: 'string' } } },
    any: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  },
});

type Document = {
  paths: Record<string, Record<string, { parameters?: { name: string }[]; [key: string]: unknown }>>;
  components: { schemas: Record<string, Schema> };
};
const documentOf = (path: string, types = [...builtin, cronTab]) => openApiV3Document(path, types) as Document;

test('the index names each group version once, below the prefix', () => {
  const { paths } = openApiV3Index([...builtin, cronTab], '/clusters/root:a');
  expect(paths['apis/apps/v1']?.serverRelativeURL).toMatch(
    /^\/clusters\/root:a\/openapi\/v3\/apis\/apps\/v1\?hash=[0-9A-F]{64}$/,
  );
  expect(Object.keys(paths)).toContain('api/v1');
  expect(Object.keys(paths)).toContain('apis/stable.example.com/v1');
  expect(openApiV3Document('apis/none/v1', builtin)).toBeUndefined();
});

test('the hash of a document changes with its schema and not with others', () => {
  const hashes = (type: ServedType) => openApiV3Index([...builtin, type]).paths;
  const before = hashes(cronTab);
  const after = hashes(cron({ type: 'object' }));
  expect(after['apis/stable.example.com/v1']).not.toEqual(before['apis/stable.example.com/v1']);
  expect(after['apis/apps/v1']).toEqual(before['apis/apps/v1']);
});

test('a patch operation names its kind and the parameters that kubectl looks for', () => {
  const patch = documentOf('apis/apps/v1').paths['/apis/apps/v1/namespaces/{namespace}/deployments/{name}']?.patch;
  expect(patch).toMatchObject({
    operationId: 'patchAppsV1NamespacedDeployment',
    'x-kubernetes-action': 'patch',
    'x-kubernetes-group-version-kind': { group: 'apps', version: 'v1', kind: 'Deployment' },
  });
  expect(patch?.parameters?.map(({ name }) => name)).toEqual(['dryRun', 'fieldManager', 'fieldValidation', 'force']);
});

test('every reference of every document resolves inside it', () => {
  for (const path of Object.keys(openApiV3Index([...builtin, cronTab]).paths)) {
    const document = documentOf(path);
    const refs = JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g);
    expect([...refs].filter(([, name]) => !document.components.schemas[name ?? ''])).toEqual([]);
  }
  const v2 = openApiV2Document([...builtin, cronTab]);
  const refs = JSON.stringify(v2).matchAll(/"#\/definitions\/([^"]+)"/g);
  expect([...refs].filter(([, name]) => !v2.definitions[name ?? ''])).toEqual([]);
});

test('a custom kind gets type and object metadata, in the naming of kube-apiserver', () => {
  const { schemas } = documentOf('apis/stable.example.com/v1').components;
  expect(schemas['com.example.stable.v1.CronTab']?.properties).toMatchObject({
    metadata: { $ref: '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' },
    extra: { nullable: true, properties: { a: { type: 'string' } } },
  });
  expect(schemas['com.example.stable.v1.CronTabList']?.required).toEqual(['items']);
});

test('v2 leaves out what kubectl misreads there', () => {
  const definition = (type: ServedType) =>
    (openApiV2Document([type]) as OpenApiV2Document).definitions['com.example.stable.v1.CronTab'] as Schema;
  expect(definition(cronTab).properties?.extra).toEqual({});
  expect(definition(cronTab).properties?.any).toEqual({ 'x-kubernetes-preserve-unknown-fields': true });
  const open = definition(cron({ type: 'object', 'x-kubernetes-preserve-unknown-fields': true }));
  expect(open).not.toHaveProperty('properties');
});

test('a field with a reference and a default wraps the reference in v3 and not in v2', () => {
  const name = 'io.k8s.api.apps.v1.Deployment';
  expect(documentOf('apis/apps/v1').components.schemas[name]?.properties?.spec).toEqual({
    default: {},
    allOf: [{ $ref: '#/components/schemas/io.k8s.api.apps.v1.DeploymentSpec' }],
  });
  const v2 = openApiV2Document(builtin).definitions[name] as Schema;
  expect(v2.properties?.spec).toEqual({ $ref: '#/definitions/io.k8s.api.apps.v1.DeploymentSpec' });
});
