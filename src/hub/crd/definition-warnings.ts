/** What kube-apiserver warns of in valid CustomResourceDefinitions (registry/customresourcedefinition `strategy.go`). */
import type { KubeObject } from '../../kube/object.ts';
import type { Schema } from '../../kube/schema.ts';
import { isKnownFormat } from '../schema/formats.ts';
import type { CustomResourceDefinition } from './custom-resource-definition.ts';

/** An update is warned of what it brings. */
export function definitionWarnings(object: KubeObject, old: KubeObject | undefined): string[] {
  const before = old === undefined ? new Set<string>() : new Set(found(old));
  return found(object).filter((text) => !before.has(text));
}

function found(object: KubeObject): string[] {
  const { spec } = object as CustomResourceDefinition;
  const [first, ...rest] = (spec.versions ?? []).map(({ schema }) => schema?.openAPIV3Schema);
  // Versions with one schema have it together.
  const isSame = rest.every((schema) => JSON.stringify(schema) === JSON.stringify(first));
  const schemas = (isSame ? [first] : [first, ...rest]).flatMap((schema) => (schema ? within(schema) : []));
  return [
    ...schemas.flatMap(({ type, format }) =>
      format === undefined || format === '' || isRecognized(type ?? '', format)
        ? []
        : [`unrecognized format ${JSON.stringify(format)}`],
    ),
    ...new Set(schemas.flatMap(setWarning).sort()),
  ];
}

const NUMBERS: Readonly<Record<string, readonly string[]>> = {
  integer: ['int32', 'int64'],
  number: ['float', 'double'],
};
const UNCHECKED = ['password', 'byte'];

const isRecognized = (type: string, format: string): boolean =>
  type === '' || type === 'string'
    ? isKnownFormat(format) || UNCHECKED.includes(format)
    : (NUMBERS[type] ?? []).includes(format);

const setWarning = (schema: Schema): string[] =>
  schema['x-kubernetes-list-type'] === 'set' && ['object', 'array'].includes(schema.items?.type ?? '')
    ? [
        `x-kubernetes-list-type: set for items of type "${schema.items?.type}" is not supported by server-side apply or CEL validation rules`,
      ]
    : [];

/** A schema and all schemas within it. */
const within = (schema: Schema): Schema[] => [
  schema,
  ...[
    ...Object.values(schema.properties ?? {}),
    ...(typeof schema.additionalProperties === 'object' ? [schema.additionalProperties] : []),
    ...(schema.items ? [schema.items] : []),
    ...(schema.not ? [schema.not] : []),
    ...[schema.allOf, schema.anyOf, schema.oneOf].flatMap((list) => list ?? []),
  ].flatMap(within),
];
