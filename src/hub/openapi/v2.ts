/** OpenAPI v2 (Swagger) of everything that is served, as kube-apiserver serves it at /openapi/v2. */
import { LRUCache } from 'lru-cache';
import { definitionsOf, refPrefix } from './definitions.ts';
import { type Operation, pathsOf } from './operations.ts';
import type { Parameter } from './parameters.ts';
import { type ServedType, typesHash } from './served-type.ts';
import { documentInfo, operationTypes, patchTypes, RESPONSE_TEXT } from './v3.ts';

export interface OpenApiV2Document {
  readonly swagger: '2.0';
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, V2PathItem>>;
  readonly definitions: Readonly<Record<string, Record<string, unknown>>>;
  readonly securityDefinitions: Readonly<Record<string, V2ApiKey>>;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
}

export interface V2ApiKey {
  readonly type: 'apiKey';
  readonly name: string;
  readonly in: string;
  readonly description: string;
}

export type V2Method = 'get' | 'put' | 'post' | 'delete' | 'patch';
export type V2PathItem = { readonly [method in V2Method]?: V2Operation } & {
  readonly parameters: readonly V2Parameter[];
};

export interface V2Operation {
  readonly consumes: readonly string[];
  readonly produces: readonly string[];
  readonly schemes: readonly string[];
  readonly tags: readonly string[];
  readonly operationId: string;
  readonly parameters: readonly V2Parameter[];
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly schema?: Record<string, unknown> }>
  >;
  readonly 'x-kubernetes-action': string;
  readonly 'x-kubernetes-group-version-kind': object;
}

export interface V2Parameter {
  readonly name: string;
  readonly in: 'query' | 'path' | 'body';
  readonly type?: string;
  readonly required?: boolean;
  readonly uniqueItems?: boolean;
  readonly schema?: Record<string, unknown>;
}

/** Workspaces that serve the same types share one document; it is large and slow to make, so few are kept. */
const made = new LRUCache<string, OpenApiV2Document>({ max: 4 });

/** The document as JSON; `encodeOpenApiV2` writes the same as protobuf. */
export function openApiV2Document(types: readonly ServedType[]): OpenApiV2Document {
  const key = typesHash(types);
  const document = made.get(key) ?? documentOf(types);
  made.set(key, document);
  return document;
}

const documentOf = (types: readonly ServedType[]): OpenApiV2Document => ({
  swagger: '2.0',
  info: documentInfo(),
  paths: Object.fromEntries(
    types.flatMap(pathsOf).map((item) => [
      item.path,
      {
        ...Object.fromEntries(item.operations.map((operation) => [operation.method, v2Operation(operation)])),
        parameters: item.parameters.map(v2Parameter),
      },
    ]),
  ),
  definitions: definitionsOf(types, 'v2'),
  securityDefinitions: {
    BearerToken: { description: 'Bearer Token authentication', type: 'apiKey', name: 'authorization', in: 'header' },
  },
  security: [{ BearerToken: [] }],
});

const v2Parameter = ({ name, in: place, type }: Parameter): V2Parameter => ({
  name,
  in: place,
  type,
  uniqueItems: true,
  ...(place === 'path' ? { required: true } : {}),
});

const reference = (definition: string) => ({ $ref: refPrefix('v2') + definition });

function v2Operation(operation: Operation): V2Operation {
  const { body } = operation;
  return {
    consumes: body?.patch ? patchTypes(operation.custom) : ['*/*'],
    produces: operationTypes(operation),
    schemes: ['https'],
    tags: [operation.tag],
    operationId: operation.id,
    parameters: [
      ...(body
        ? [
            {
              name: 'body',
              in: 'body' as const,
              ...(body.required ? { required: true } : {}),
              schema: reference(body.definition),
            },
          ]
        : []),
      ...operation.parameters.map(v2Parameter),
    ],
    responses: {
      ...Object.fromEntries(
        operation.responses.map(([code, definition]) => [
          String(code),
          {
            description: RESPONSE_TEXT[code] ?? '',
            schema: definition === undefined ? { type: 'string' } : reference(definition),
          },
        ]),
      ),
      '401': { description: 'Unauthorized' },
    },
    'x-kubernetes-action': operation.action,
    'x-kubernetes-group-version-kind': operation.gvk,
  };
}
