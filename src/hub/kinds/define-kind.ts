/** TMC's own kinds are defined like custom resources: structural schema, status subresource. Their printer columns stand in printing/tmc-columns.ts. */
import type { KubeObject } from '../../kube/object.ts';
import type { Schema } from '../../kube/schema.ts';
import type { StatusCause } from '../../kube/status.ts';
import { tmcColumns } from '../printing/tmc-columns.ts';
import type { ResourceDefinition } from '../resource-definition.ts';

export interface KindSource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  /** Undefined: the kind has none. */
  readonly spec?: Schema;
  readonly requiredSpec?: boolean;
  readonly statusSchema?: Schema;
  /** Computed when it is read: get and list, nothing else. */
  readonly readOnly?: boolean;
  /** What the server adds to a new object. Mutates a private copy. */
  readonly prepareForCreate?: (object: KubeObject) => void;
  readonly validate?: (object: KubeObject, old: KubeObject | undefined) => readonly StatusCause[];
}

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const READ_VERBS = ['get', 'list'];

export function defineKind(source: KindSource): ResourceDefinition {
  const { group, version, kind, plural, readOnly = false } = source;
  const columns = tmcColumns({ group, resource: plural });
  const root: Schema = {
    type: 'object',
    ...(source.requiredSpec ? { required: ['spec'] } : {}),
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      ...(source.spec === undefined ? {} : { spec: source.spec }),
      status: source.statusSchema ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    },
  };
  return {
    info: {
      group,
      version,
      resource: plural,
      kind,
      singular: kind.toLowerCase(),
      namespaced: false,
      verbs: readOnly ? READ_VERBS : VERBS,
      shortNames: source.shortNames ?? [],
      categories: ['tmc', ...(source.categories ?? [])],
      subresources: readOnly ? [] : [{ name: 'status', kind, verbs: ['get', 'patch', 'update'] }],
    },
    storageVersion: version,
    preferred: true,
    schema: { root, resolve: () => undefined },
    custom: true,
    statusKeeps: 'metadata',
    status: !readOnly,
    generation: true,
    ...(columns === undefined ? {} : { printerColumns: columns }),
    ...(source.prepareForCreate === undefined ? {} : { prepareForCreate: source.prepareForCreate }),
    ...(source.validate === undefined ? {} : { validate: source.validate }),
  };
}

export const STRING: Schema = { type: 'string' };
export const BOOLEAN: Schema = { type: 'boolean' };
export const STRINGS: Schema = { type: 'array', items: STRING };
export const STRING_MAP: Schema = { type: 'object', additionalProperties: STRING };
export const oneOf = (...values: string[]): Schema => ({ type: 'string', enum: values });
export const object = (properties: Readonly<Record<string, Schema>>, ...required: string[]): Schema => ({
  type: 'object',
  properties,
  ...(required.length === 0 ? {} : { required }),
});
/** Fields beyond those named are kept: strategies that users add bring their own. */
export const open = (schema: Schema): Schema => ({ ...schema, 'x-kubernetes-preserve-unknown-fields': true });
export const list = (items: Schema): Schema => ({ type: 'array', items });
export const optional = (schema: Schema, fallback: NonNullable<Schema['default']>): Schema => ({
  ...schema,
  default: fallback,
});

const STATUS_VALUES = oneOf('True', 'False', 'Unknown');
export const CONDITIONS: Schema = {
  type: 'array',
  items: object(
    {
      type: STRING,
      status: STATUS_VALUES,
      reason: STRING,
      message: STRING,
      lastTransitionTime: { type: 'string', format: 'date-time' },
      observedGeneration: { type: 'integer', format: 'int64' },
    },
    'type',
    'status',
  ),
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['type'],
};

export const LABEL_SELECTOR_FIELDS: Readonly<Record<string, Schema>> = {
  matchLabels: STRING_MAP,
  matchExpressions: list(
    object(
      { key: STRING, operator: oneOf('In', 'NotIn', 'Exists', 'DoesNotExist'), values: STRINGS },
      'key',
      'operator',
    ),
  ),
};
export const LABEL_SELECTOR = object(LABEL_SELECTOR_FIELDS);
