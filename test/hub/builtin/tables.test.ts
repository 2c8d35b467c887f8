import { expect, test } from 'vitest';
import {
  builtinDefinition,
  builtinDefinitionNames,
  builtinGroups,
  builtinMessage,
  builtinResources,
  builtinType,
} from '../../../src/hub/builtin/tables.ts';
import type { Schema } from '../../../src/kube/schema.ts';

test('a kind is found with its merge markers and defaults', () => {
  const type = builtinType({ group: 'apps', version: 'v1', kind: 'Deployment' });
  expect(type?.root.properties?.spec).toEqual({ $ref: 'io.k8s.api.apps.v1.DeploymentSpec', default: {} });
  expect(type?.resolve('io.k8s.api.apps.v1.DeploymentSpec')?.required).toEqual(['selector', 'template']);
  expect(type?.resolve('io.k8s.api.core.v1.ServiceSpec')?.properties?.ports).toMatchObject({
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['port', 'protocol'],
    'x-kubernetes-patch-merge-key': 'port',
  });
});

test('unknown kinds and prototype names have no type', () => {
  expect(builtinType({ group: 'example.com', version: 'v1', kind: 'Deployment' })).toBeUndefined();
  expect(builtinDefinition('__proto__')).toBeUndefined();
  expect(builtinDefinition('constructor')).toBeUndefined();
  expect(builtinMessage('toString')).toBeUndefined();
});

test('every reference of every definition and message resolves', () => {
  const refs = (schema: Schema): string[] => [
    ...(schema.$ref === undefined ? [] : [schema.$ref]),
    ...Object.values(schema.properties ?? {}).flatMap(refs),
    ...(schema.items ? refs(schema.items) : []),
    ...(typeof schema.additionalProperties === 'object' ? refs(schema.additionalProperties) : []),
  ];
  const names = builtinDefinitionNames();
  expect(names.length).toBeGreaterThan(500);
  expect(names.flatMap((name) => refs(builtinDefinition(name)!)).filter((ref) => !builtinDefinition(ref))).toEqual([]);
  const fields = names
    .flatMap((name) => builtinMessage(name) ?? [])
    .map(([, , type]) => type.replace(/^(\[\]|\{\}|\?)/, ''));
  expect(fields.filter((type) => type.includes('.') && !builtinMessage(type))).toEqual([]);
});

test('the tables hold facts only', () => {
  const prose = builtinDefinitionNames().filter((name) => builtinDefinition(name)?.description !== undefined);
  expect(prose).toEqual([]);
});

test('resources carry discovery facts, and each has a type', () => {
  const deployments = builtinResources().find((info) => info.group === 'apps' && info.resource === 'deployments');
  expect(deployments).toMatchObject({
    kind: 'Deployment',
    namespaced: true,
    shortNames: ['deploy'],
    categories: ['all'],
  });
  expect(deployments?.subresources).toContainEqual({
    name: 'scale',
    kind: 'Scale',
    group: 'autoscaling',
    version: 'v1',
    verbs: ['get', 'patch', 'update'],
  });
  expect(
    builtinResources()
      .filter((info) => !builtinType(info))
      .map((info) => info.resource),
  ).toEqual([]);
  expect(builtinGroups()[0]).toEqual({ name: '', versions: ['v1'] });
  expect(builtinGroups().find((group) => group.name === 'autoscaling')?.versions).toEqual(['v2', 'v1']);
});
