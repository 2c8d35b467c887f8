/** The versions of a CustomResourceDefinition: their names, schemas, subresources, columns and selectable fields. */
import { isDeepStrictEqual } from 'node:util';
import {
  child,
  duplicateValue,
  type FieldPath,
  index,
  invalidValue,
  requiredValue,
  tooMany,
} from '../../kube/field-error.ts';
import type { Schema } from '../../kube/schema.ts';
import type { StatusCause } from '../../kube/status.ts';
import { label1035Errors } from '../admission/validate-webhooks.ts';
import { structureCause } from '../builtin/validation/scalars.ts';
import { ruleFaults } from '../cel/rules.ts';
import { pathTarget, structuralCauses } from '../schema/structural.ts';
import type { CrdVersion, CustomResourceDefinition } from './custom-resource-definition.ts';
import { defaultRuleCauses } from './default-rules.ts';

type Spec = CustomResourceDefinition['spec'];

/** A part of a version: what upstream's internal type holds once for the definition where all versions have the same. */
interface VersionPart {
  readonly of: (version: CrdVersion) => unknown;
  /** Within a version. */
  readonly path: string;
  /** Where it is the same in all. */
  readonly sharedPath: string;
  readonly check: (version: CrdVersion, path: FieldPath) => StatusCause[];
}

const PARTS: readonly VersionPart[] = [
  {
    of: (version) => version.schema,
    path: 'schema.openAPIV3Schema',
    sharedPath: 'spec.validation.openAPIV3Schema',
    check: schemaCauses,
  },
  {
    of: (version) => version.subresources,
    path: 'subresources.scale',
    sharedPath: 'spec.subresources.scale',
    check: scaleCauses,
  },
  {
    of: (version) => version.additionalPrinterColumns,
    path: 'additionalPrinterColumns',
    sharedPath: 'spec.additionalPrinterColumns',
    check: columnCauses,
  },
  {
    of: (version) => version.selectableFields,
    path: 'selectableFields',
    sharedPath: 'spec.selectableFields',
    check: selectableCauses,
  },
];

const isShared = (versions: readonly CrdVersion[], { of }: VersionPart): boolean =>
  versions.every((version) => isDeepStrictEqual(of(version), of(versions[0] as CrdVersion)));

/** What all versions have alike. */
export function sharedCauses({ versions }: Spec): StatusCause[] {
  const [first] = versions ?? [];
  if (first === undefined) return [];
  const name = label1035Errors(first.name ?? '');
  return [
    // The internal type also names the first version for itself.
    ...(name.length > 0 && first.name ? [invalidValue('spec.version', first.name, name.join(','))] : []),
    ...PARTS.flatMap((part) => (isShared(versions, part) ? part.check(first, part.sharedPath) : [])),
  ];
}

export function versionsCauses({ versions: given }: Spec): StatusCause[] {
  const path = 'spec.versions';
  const versions = given ?? [];
  const names = versions.map((one) => one.name);
  const causes = versions.flatMap((version, at) => versionCauses(version, versions, index(path, at)));
  const shown = given?.map((version) => internalVersion(version, versions));
  const fault = (detail: string): StatusCause => structureCause('FieldValueInvalid', path, shown ?? null, detail);
  if (new Set(names).size !== names.length) causes.push(fault('must contain unique version names'));
  if (versions.filter((one) => one.storage).length !== 1)
    causes.push(fault('must have exactly one version marked as storage version'));
  return causes;
}

/** As upstream's Go type prints; parts that are not the same in all versions have no such form here. */
const internalVersion = (version: CrdVersion, versions: readonly CrdVersion[]): object => {
  const own = (part: VersionPart | undefined): unknown =>
    part === undefined || isShared(versions, part) ? null : (part.of(version) ?? null);
  const [schema, subresources, columns, fields] = PARTS;
  return {
    Name: version.name ?? '',
    Served: version.served,
    Storage: version.storage,
    Deprecated: version.deprecated ?? false,
    DeprecationWarning: version.deprecationWarning ?? null,
    Schema: own(schema),
    Subresources: own(subresources),
    AdditionalPrinterColumns: own(columns),
    SelectableFields: own(fields),
  };
};

function versionCauses(version: CrdVersion, versions: readonly CrdVersion[], path: FieldPath): StatusCause[] {
  const errors = label1035Errors(version.name ?? '');
  return [
    ...(version.schema?.openAPIV3Schema === undefined ? [requiredValue(child(path, 'schema.openAPIV3Schema'))] : []),
    ...(errors.length > 0 ? [invalidValue(child(path, 'name'), version.name ?? '', errors.join(','))] : []),
    ...deprecationCauses(version, child(path, 'deprecationWarning')),
    ...PARTS.flatMap((part) => (isShared(versions, part) ? [] : part.check(version, child(path, part.path)))),
  ];
}

const MAX_WARNING = 256;

function deprecationCauses({ deprecated, deprecationWarning: text }: CrdVersion, path: FieldPath): StatusCause[] {
  if (text === undefined) return [];
  const fault = (detail: string): StatusCause => invalidValue(path, text, detail);
  if (deprecated !== true) return [fault('can only be set for deprecated versions')];
  const unprintable = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.exec(text)?.index;
  return [
    ...(Buffer.byteLength(text) > MAX_WARNING ? [fault('must be <= 256 characters long')] : []),
    ...(text === '' ? [fault('must not be an empty string')] : []),
    ...(unprintable === undefined
      ? []
      : [
          fault(
            `must only contain printable UTF-8 characters; non-printable character found at index ${Buffer.byteLength(text.slice(0, unprintable))}`,
          ),
        ]),
  ];
}

function schemaCauses({ schema, subresources }: CrdVersion, path: FieldPath): StatusCause[] {
  const root = schema?.openAPIV3Schema;
  if (root === undefined) return [];
  const structural = structuralCauses(root, path, subresources?.status !== undefined);
  if (structural.length > 0) return structural;
  const rules = ruleFaults(root, path);
  return rules.length > 0 ? rules : defaultRuleCauses(root, path);
}

const MAX_SELECTABLE = 8;
const SELECTABLE_TYPES = ['string', 'boolean', 'integer'];

function selectableCauses({ selectableFields, schema }: CrdVersion, path: FieldPath): StatusCause[] {
  const root = schema?.openAPIV3Schema;
  const seen = new Set<string>();
  const causes = (selectableFields ?? []).flatMap(({ jsonPath }, at) => {
    const field = child(index(path, at), 'jsonPath');
    if (!jsonPath) return [requiredValue(field)];
    const repeated = seen.has(jsonPath);
    const target = selectableTarget(jsonPath, root ?? {});
    if ('fault' in target) return [invalidValue(field, jsonPath, target.fault)];
    seen.add(jsonPath);
    return repeated ? [duplicateValue(field, jsonPath)] : [];
  });
  return seen.size > MAX_SELECTABLE ? [...causes, tooMany(path, seen.size, MAX_SELECTABLE)] : causes;
}

function selectableTarget(path: string, root: Schema): { readonly fault: string } | { readonly schema: Schema } {
  const begin = /^[^.[]+/.exec(path)?.[0];
  if (begin !== undefined) return { fault: `is an invalid path: expected [ or . but got: ${begin}` };
  if (/\[\d+\]/.test(path)) return { fault: 'is an invalid path: array notation is not allowed' };
  const schema = pathTarget(root, path);
  if (schema === undefined) return { fault: 'is an invalid path: does not refer to a valid field' };
  if (/^\.metadata(\.|$)/.test(path)) return { fault: 'must not point to fields in metadata' };
  if (!SELECTABLE_TYPES.includes(schema.type ?? ''))
    return {
      fault:
        'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
    };
  return { schema };
}

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string'];
const COLUMN_FORMATS = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password'];

function columnCauses({ additionalPrinterColumns }: CrdVersion, path: FieldPath): StatusCause[] {
  const types = `must be one of ${COLUMN_TYPES.join(',')}`;
  return (additionalPrinterColumns ?? []).flatMap(({ name, type, format, jsonPath }, at) => {
    const field = (of: string): FieldPath => child(index(path, at), of);
    return [
      ...(name ? [] : [requiredValue(field('name'))]),
      ...(type ? [] : [requiredValue(field('type'), types)]),
      ...(type && !COLUMN_TYPES.includes(type) ? [invalidValue(field('type'), type, types)] : []),
      ...(format && !COLUMN_FORMATS.includes(format)
        ? [invalidValue(field('format'), format, `must be one of ${COLUMN_FORMATS.join(',')}`)]
        : []),
      ...(jsonPath ? simplePathCauses(jsonPath, field('JSONPath')) : [requiredValue(field('JSONPath'))]),
    ];
  });
}

const simplePathCauses = (text: string, path: FieldPath): StatusCause[] =>
  text.startsWith('.') ? [] : [invalidValue(path, text, 'must be a simple json path starting with .')];

function scaleCauses({ subresources }: CrdVersion, path: FieldPath): StatusCause[] {
  const scale = subresources?.scale;
  if (scale === undefined || scale === null) return [];
  const check = (field: keyof typeof scale, roots: readonly string[], under: string): StatusCause[] => {
    const value = scale[field] ?? '';
    const at = child(path, field);
    if (value === '') return field === 'labelSelectorPath' ? [] : [requiredValue(at)];
    const simple = simplePathCauses(value, at);
    if (simple.length > 0 || roots.some((root) => value.startsWith(root))) return simple;
    return [invalidValue(at, value, `should be a json path under ${under}`)];
  };
  return [
    ...check('specReplicasPath', ['.spec.'], '.spec'),
    ...check('statusReplicasPath', ['.status.'], '.status'),
    ...check('labelSelectorPath', ['.spec.', '.status.'], 'either .spec or .status'),
  ];
}
