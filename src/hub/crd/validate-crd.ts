/** Whether a CustomResourceDefinition is valid (apiextensions `apis/apiextensions/validation/validation.go`), with upstream's texts. */
import { child, type FieldPath, index, invalidValue, notSupported, requiredValue } from '../../kube/field-error.ts';
import { dnsSubdomainErrors } from '../../kube/label-syntax.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { StatusCause } from '../../kube/status.ts';
import { label1035Errors } from '../admission/validate-webhooks.ts';
import type { CrdNames, CustomResourceDefinition } from './custom-resource-definition.ts';
import { conversionCauses } from './validate-conversion.ts';
import { sharedCauses, versionsCauses } from './version-causes.ts';

export function validateCrd(object: KubeObject, old: KubeObject | undefined): StatusCause[] {
  const crd = object as CustomResourceDefinition;
  const { spec } = crd;
  if (spec === undefined) return [requiredValue('spec')];
  return [
    ...(old === undefined ? objectNameCauses(crd) : []),
    ...groupCauses(spec.group ?? ''),
    ...(spec.scope === 'Namespaced' || spec.scope === 'Cluster'
      ? []
      : spec.scope
        ? [notSupported('spec.scope', spec.scope, ['Cluster', 'Namespaced'])]
        : [requiredValue('spec.scope')]),
    ...versionsCauses(spec),
    ...nameCauses(spec.names ?? {}, 'spec.names'),
    ...sharedCauses(spec),
    ...conversionCauses(spec),
    ...preservingCauses(spec),
    ...storedVersionCauses(crd),
    ...(old === undefined ? approvalCauses(crd) : []),
    ...(old === undefined ? [] : immutableCauses(crd, old as CustomResourceDefinition)),
  ];
}

/** Its name says what it defines; that there is one at all, metadata's own rules see to. */
function objectNameCauses({ metadata: { name }, spec: { names, group } }: CustomResourceDefinition): StatusCause[] {
  if (name === undefined || name === '' || name === `${names?.plural ?? ''}.${group ?? ''}`) return [];
  return [invalidValue('metadata.name', name, 'must be spec.names.plural+"."+spec.group')];
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

/** What an old API allowed is not there any more, and never went with defaults. */
function preservingCauses({ preserveUnknownFields, versions }: CustomResourceDefinition['spec']): StatusCause[] {
  if (preserveUnknownFields !== true) return [];
  const field = 'spec.preserveUnknownFields';
  const instead = 'set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead';
  const hasDefaults = versions?.some(({ schema }) => schemaHas(schema?.openAPIV3Schema, 'default')) === true;
  return [
    ...(hasDefaults ? [invalidValue(field, true, 'must be false in order to use defaults in the schema')] : []),
    invalidValue(field, true, `cannot set to true, ${instead}`),
  ];
}

/** Whether a schema or one within it has the keyword. */
function schemaHas(schema: unknown, keyword: string): boolean {
  if (typeof schema !== 'object' || schema === null) return false;
  return Object.hasOwn(schema, keyword) || Object.values(schema).some((part) => schemaHas(part, keyword));
}

function storedVersionCauses({ spec, status }: CustomResourceDefinition): StatusCause[] {
  const stored = status?.storedVersions ?? [];
  if (stored.length === 0)
    return [invalidValue('status.storedVersions', null, 'must have at least one stored version')];
  const known = new Set((spec.versions ?? []).map((one) => one.name));
  // Each stored version stands for one version.
  const unmatched = new Set(stored);
  const missing = (spec.versions ?? []).filter((one) => !unmatched.delete(one.name) && one.storage);
  return [
    ...missing.map(({ name }) =>
      invalidValue('status.storedVersions', stored, `must have the storage version ${name}`),
    ),
    ...lost(stored, known),
  ];
}

const lost = (stored: readonly string[], known: ReadonlySet<string>): StatusCause[] =>
  stored.flatMap((version, at) =>
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
