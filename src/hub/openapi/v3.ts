/** OpenAPI v3 as kube-apiserver serves it at /openapi/v3: an index, and one document per group version. */
import { builtinVersion } from '../builtin/tables.ts';
import { definitionsOf, refPrefix } from './definitions.ts';
import { type Operation, pathsOf } from './operations.ts';
import type { Parameter } from './parameters.ts';
import { documentPath, type ServedType, typesHash } from './served-type.ts';

export interface OpenApiV3Index {
  readonly paths: Readonly<Record<string, { readonly serverRelativeURL: string }>>;
}

/**
 * The answer to GET /openapi/v3. `urlPrefix` is what stands before /openapi in the client's URL (`/clusters/root:a`):
 * clients follow `serverRelativeURL` from the server's root.
 */
export function openApiV3Index(types: readonly ServedType[], urlPrefix = ''): OpenApiV3Index {
  const byPath = new Map<string, ServedType[]>();
  for (const type of types) {
    const path = documentPath(type.info);
    byPath.set(path, [...(byPath.get(path) ?? []), type]);
  }
  return {
    paths: Object.fromEntries(
      [...byPath.keys()]
        .sort()
        .map((path) => [
          path,
          { serverRelativeURL: `${urlPrefix}/openapi/v3/${path}?hash=${typesHash(byPath.get(path) ?? [])}` },
        ]),
    ),
  };
}

/** The document at /openapi/v3/<path>; undefined when no served type is in that group version. */
export function openApiV3Document(path: string, types: readonly ServedType[]): object | undefined {
  const group = types.filter(({ info }) => documentPath(info) === path);
  if (group.length === 0) return undefined;
  return {
    openapi: '3.0.0',
    info: documentInfo(),
    paths: Object.fromEntries(
      group.flatMap(pathsOf).map((item) => [
        item.path,
        {
          ...Object.fromEntries(item.operations.map((operation) => [operation.method, operationObject(operation)])),
          parameters: item.parameters.map(parameterObject),
        },
      ]),
    ),
    components: {
      schemas: definitionsOf(group, 'v3'),
      securitySchemes: {
        BearerToken: {
          type: 'apiKey',
          description: 'Bearer Token authentication',
          name: 'authorization',
          in: 'header',
        },
      },
    },
  };
}

/** Title and minor version, as in upstream's documents. */
export const documentInfo = (): { title: string; version: string } => ({
  title: 'Kubernetes',
  version: builtinVersion().replace(/^v(\d+\.\d+).*/, '$1'),
});

/** Media types of patches; custom resources have no strategic merge. */
export const patchTypes = (custom: boolean): readonly string[] => [
  'application/apply-patch+yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
  ...(custom ? [] : ['application/strategic-merge-patch+json']),
];

/** Media types of an operation's answers. */
export function operationTypes({ action, custom, streams, responses }: Operation): readonly string[] {
  if (action === 'connect') return ['*/*'];
  const text = responses.some(([, definition]) => definition === undefined);
  return [...answerTypes(custom, streams), ...(text ? ['text/plain'] : [])];
}

const answerTypes = (custom: boolean, streams: boolean): readonly string[] => [
  'application/json',
  'application/yaml',
  ...(custom ? [] : ['application/vnd.kubernetes.protobuf']),
  ...(streams ? ['application/json;stream=watch'] : []),
  ...(streams && !custom ? ['application/vnd.kubernetes.protobuf;stream=watch'] : []),
];

const parameterObject = ({ name, in: place, type }: Parameter) => ({
  name,
  in: place,
  ...(place === 'path' ? { required: true } : {}),
  schema: { type, uniqueItems: true },
});

function operationObject(operation: Operation): object {
  const schema = (definition: string | undefined) => ({
    schema: definition === undefined ? { type: 'string' } : { $ref: refPrefix('v3') + definition },
  });
  const content = (types: readonly string[], definition: string | undefined) =>
    Object.fromEntries(types.map((type) => [type, schema(definition)]));
  const { body } = operation;
  return {
    tags: [operation.tag],
    operationId: operation.id,
    ...(operation.parameters.length > 0 ? { parameters: operation.parameters.map(parameterObject) } : {}),
    ...(body
      ? {
          requestBody: {
            content: content(body.patch ? patchTypes(operation.custom) : ['*/*'], body.definition),
            ...(body.required ? { required: true } : {}),
          },
        }
      : {}),
    responses: {
      ...Object.fromEntries(
        operation.responses.map(([code, definition]) => [
          String(code),
          {
            description: RESPONSE_TEXT[code],
            content: content(operationTypes(operation), definition),
          },
        ]),
      ),
      '401': { description: 'Unauthorized' },
    },
    'x-kubernetes-action': operation.action,
    'x-kubernetes-group-version-kind': operation.gvk,
  };
}

export const RESPONSE_TEXT: Readonly<Record<number, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' };
