/** Whether a CustomResourceDefinition is valid (apiextensions `apis/apiextensions/validation/validation.go`), with upstream's texts. */
import { isDeepStrictEqual } from 'node:util';
import { child, type FieldPath, index, invalidValue, notSupported, requiredValue } from '../../kube/field-error.ts';
import { dnsSubdomainErrors } from '../../kube/label-syntax.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { StatusCause } from '../../kube/status.ts';
import { ruleFaults } from '../cel/rules.ts';
import { pathExists, structuralCauses } from '../schema/structural.ts';
import type { CrdNames, CrdVersion, CustomResourceDefinition } from './custom-resource-definition.ts';
import { conversionCauses } from './validate-conversion.ts';

const COLUMN_TYPES = ['boolean', 'date', 'integer', 'number', 'string'];
const LABEL_1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const LABEL_1035_TEXT =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

const label1035Errors = (text: string): string[] => [
  ...(text.length > 63 ? ['must be no more than 63 bytes'] : []),
  ...(LABEL_1035.test(text) ? [] : [LABEL_1035_TEXT]),
];

export function validateCrd(object: KubeObject, old: KubeObject | undefined): StatusCause[] {
  const crd = object as CustomResourceDefinition;
  const { spec } = crd;
  if (spec === undefined) return [requiredValue('spec')];
  const wantedName = `${spec.names?.plural ?? ''}.${spec.group ?? ''}`;
  return [
    ...(object.metadata.name === wantedName
      ? []
      : [invalidValue('metadata.name', object.metadata.name, 'must be spec.names.plural+"."+spec.group')]),
    ...groupCauses(spec.group ?? ''),
    ...(spec.scope === 'Namespaced' || spec.scope === 'Cluster'
      ? []
      : spec.scope
        ? [notSupported('spec.scope', spec.scope, ['Cluster', 'Namespaced'])]
        : [requiredValue('spec.scope')]),
    ...versionsCauses(spec.versions ?? []),
    ...nameCauses(spec.names ?? {}, 'spec.names'),
    ...sharedCauses(spec.versions ?? []),
    ...conversionCauses(spec),
    ...preserveCauses(crd),
    ...storedVersionCauses(crd),
    ...(old === undefined ? approvalCauses(crd) : []),
    ...(old === undefined ? [] : immutableCauses(crd, old as CustomResourceDefinition)),
  ];
}

const APPROVED = 'api-approved.kubernetes.io';

/** Groups of the Kubernetes community are not for everybody (apihelpers `GetAPIApprovalState`). */
function approvalCauses({ spec, metadata }: CustomResourceDefinition): StatusCause[] {
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(spec.group ?? '')) return [];
  const said = metadata.annotations?.[APPROVED] ?? '';
  const field = `metadata.annotations[${APPROVED}]`;
  const see = 'see https://github.com/kubernetes/enhancements/pull/1111';
  if (said === '')
    return [requiredValue(field, `protected groups must have approval annotation "${APPROVED}", ${see}`)];
  if (said.startsWith('unapproved') || URL.canParse(said)) return [];
  const want = `protected groups must have approval annotation "${APPROVED}" with either a URL or a reason starting with "unapproved", ${see}`;
  return [invalidValue(field, said, want)];
}

function groupCauses(group: string): StatusCause[] {
  if (group === '') return [requiredValue('spec.group')];
  const errors = dnsSubdomainErrors(group);
  if (errors.length > 0) return [invalidValue('spec.group', group, errors.join(','))];
  return group.includes('.') ? [] : [invalidValue('spec.group', group, 'should be a domain with at least one dot')];
}

function versionsCauses(versions: readonly CrdVersion[]): StatusCause[] {
  const path = 'spec.versions';
  const names = versions.map((one) => one.name);
  const causes = versions.flatMap((version, at) => {
    const place = index(path, at);
    return [
      ...versionNameCauses(version, place),
      ...PARTS.flatMap((part) => (isShared(versions, part) ? [] : part.check(version, child(place, part.path)))),
    ];
  });
  if (new Set(names).size !== names.length)
    causes.push(invalidValue(path, versions, 'must contain unique version names'));
  if (versions.filter((one) => one.storage).length !== 1)
    causes.push(invalidValue(path, versions, 'must have exactly one version marked as storage version'));
  return causes;
}

function versionNameCauses(version: CrdVersion, path: FieldPath): StatusCause[] {
  const errors = label1035Errors(version.name ?? '');
  const causes = errors.length > 0 ? [invalidValue(child(path, 'name'), version.name, errors.join(','))] : [];
  if (version.schema?.openAPIV3Schema === undefined) causes.push(requiredValue(child(path, 'schema.openAPIV3Schema')));
  return causes;
}

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

const sharedCauses = (versions: readonly CrdVersion[]): StatusCause[] =>
  PARTS.flatMap((part) => {
    const [first] = versions;
    return first !== undefined && isShared(versions, part) ? part.check(first, part.sharedPath) : [];
  });

function schemaCauses({ schema, subresources }: CrdVersion, path: FieldPath): StatusCause[] {
  const root = schema?.openAPIV3Schema;
  if (root === undefined) return [];
  const structural = structuralCauses(root, path, subresources?.status !== undefined);
  return structural.length === 0 ? ruleFaults(root, path) : structural;
}

function selectableCauses({ selectableFields = [], schema }: CrdVersion, path: FieldPath): StatusCause[] {
  const root = schema?.openAPIV3Schema;
  return selectableFields.flatMap(({ jsonPath }, at) => {
    const field = child(index(path, at), 'jsonPath');
    if (!jsonPath) return [requiredValue(field)];
    const known = root === undefined || pathExists(root, jsonPath);
    return known ? [] : [invalidValue(field, jsonPath, 'is an invalid path: does not refer to a valid field')];
  });
}

function columnCauses({ additionalPrinterColumns = [] }: CrdVersion, path: FieldPath): StatusCause[] {
  const types = `must be one of ${COLUMN_TYPES.join(',')}`;
  return additionalPrinterColumns.flatMap((column, at) => {
    const causes: StatusCause[] = [];
    if (!column.name) causes.push(requiredValue(child(index(path, at), 'name')));
    if (!column.type) causes.push(requiredValue(child(index(path, at), 'type'), types));
    else if (!COLUMN_TYPES.includes(column.type))
      causes.push(invalidValue(child(index(path, at), 'type'), column.type, types));
    if (!column.jsonPath) causes.push(requiredValue(child(index(path, at), 'JSONPath')));
    return causes;
  });
}

function scaleCauses({ subresources }: CrdVersion, path: FieldPath): StatusCause[] {
  const scale = subresources?.scale;
  if (scale === undefined) return [];
  const check = (field: 'specReplicasPath' | 'statusReplicasPath' | 'labelSelectorPath', roots: readonly string[]) => {
    const value = scale[field];
    if (value === undefined || value === '')
      return field === 'labelSelectorPath' ? [] : [requiredValue(child(path, field))];
    return roots.some((root) => value.startsWith(root))
      ? []
      : [invalidValue(child(path, field), value, `should be a json path under ${roots.join(' or ')}`)];
  };
  return [
    ...check('specReplicasPath', ['.spec']),
    ...check('statusReplicasPath', ['.status']),
    ...check('labelSelectorPath', ['.spec', '.status']),
  ];
}

function nameCauses(names: CrdNames, path: FieldPath): StatusCause[] {
  const causes: StatusCause[] = [];
  for (const field of ['plural', 'singular', 'kind', 'listKind'] as const) {
    const value = names[field] ?? '';
    const mixed = field === 'kind' || field === 'listKind';
    if (value === '') causes.push(requiredValue(child(path, field)));
    const errors = value === '' ? [] : label1035Errors(mixed ? value.toLowerCase() : value);
    if (errors.length > 0) {
      const detail = `${mixed ? 'may have mixed case, but should otherwise match: ' : ''}${errors.join(',')}`;
      causes.push(invalidValue(child(path, field), value, detail));
    }
  }
  for (const field of ['shortNames', 'categories'] as const)
    (names[field] ?? []).forEach((value, at) => {
      const errors = label1035Errors(value);
      if (errors.length > 0) causes.push(invalidValue(index(child(path, field), at), value, errors.join(',')));
    });
  if (names.kind !== undefined && names.kind !== '' && names.kind === names.listKind)
    causes.push(invalidValue(child(path, 'listKind'), names.listKind, 'kind and listKind may not be the same'));
  return causes;
}

const preserveCauses = ({ spec }: CustomResourceDefinition): StatusCause[] =>
  spec.preserveUnknownFields === true
    ? [
        invalidValue(
          'spec.preserveUnknownFields',
          true,
          'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
        ),
      ]
    : [];

function storedVersionCauses({ spec, status }: CustomResourceDefinition): StatusCause[] {
  const stored = status?.storedVersions ?? [];
  const known = new Set((spec.versions ?? []).map((one) => one.name));
  return stored.flatMap((version, at) =>
    known.has(version)
      ? []
      : [
          invalidValue(
            `status.storedVersions[${at}]`,
            version,
            `missing from spec.versions; ${version} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${version} and removes ${version} from status.storedVersions`,
          ),
        ],
  );
}

function immutableCauses(crd: CustomResourceDefinition, old: CustomResourceDefinition): StatusCause[] {
  const established = old.status?.conditions?.some((one) => one.type === 'Established' && one.status === 'True');
  const causes: StatusCause[] = [];
  const check = (path: string, now: unknown, before: unknown) => {
    if (now !== before) causes.push(invalidValue(path, now, 'field is immutable'));
  };
  if (established) {
    check('spec.scope', crd.spec.scope, old.spec.scope);
    check('spec.names.kind', crd.spec.names.kind, old.spec.names.kind);
  }
  check('spec.group', crd.spec.group, old.spec.group);
  check('spec.names.plural', crd.spec.names.plural, old.spec.names.plural);
  return causes;
}
