/** Rules for metadata that hold for every kind (apimachinery `api/validation/objectmeta.go`), with upstream's texts. */
import { child, forbiddenField, index, invalidValue, requiredValue } from '../../kube/field-error.ts';
import { dnsLabelErrors, dnsSubdomainErrors, labelKeyErrors, labelValueErrors } from '../../kube/label-syntax.ts';
import type { KubeObject, ObjectMeta, OwnerReference } from '../../kube/object.ts';
import type { StatusCause } from '../../kube/status.ts';
import type { ResourceDefinition } from '../resource-definition.ts';

const PATH = 'metadata';
const MAX_ANNOTATION_BYTES = 256 * 1024;

const RBAC = 'rbac.authorization.k8s.io';

/** May the name stand in a URL's path segment. */
function pathSegmentErrors(name: string): string[] {
  if (name === '.' || name === '..') return [`may not be '${name}'`];
  return ['/', '%'].filter((text) => name.includes(text)).map((text) => `may not contain '${text}'`);
}

/** The name rule of a kind: RBAC names are free, namespaces and services are labels, all else subdomains. */
export function nameErrors(definition: ResourceDefinition, name: string): string[] {
  const { group, resource } = definition.info;
  if (group === RBAC) return pathSegmentErrors(name);
  if (group === '' && resource === 'events') return pathSegmentErrors(name);
  if (group === 'tenancy.kcp.io' || (group === '' && (resource === 'namespaces' || resource === 'services')))
    return dnsLabelErrors(name);
  if (group === 'apps' && resource === 'statefulsets') return dnsLabelErrors(name);
  return dnsSubdomainErrors(name);
}

/** A generated name's prefix may end in characters that the suffix makes valid. */
const prefixErrors = (definition: ResourceDefinition, prefix: string): string[] =>
  nameErrors(definition, prefix.endsWith('-') ? `${prefix.slice(0, -1)}a` : prefix);

/** Takes a complete object (name generated, namespace set). Answers causes in upstream's order. */
export function validateMetadata(definition: ResourceDefinition, object: KubeObject): StatusCause[] {
  const { metadata } = object;
  return [
    ...nameCauses(definition, metadata),
    ...namespaceCauses(definition.info.namespaced, metadata.namespace ?? ''),
    ...((metadata.generation ?? 0) < 0
      ? [invalidValue(child(PATH, 'generation'), metadata.generation, 'must be greater than or equal to 0')]
      : []),
    ...labelCauses(metadata.labels),
    ...annotationCauses(metadata.annotations),
    ...ownerCauses(metadata.ownerReferences),
    ...finalizerCauses(metadata.finalizers),
    ...(definition.custom || FREE_FINALIZERS.has(definition.info.group)
      ? []
      : unqualifiedFinalizerCauses(metadata.finalizers)),
  ];
}

function nameCauses(definition: ResourceDefinition, { name = '', generateName = '' }: ObjectMeta): StatusCause[] {
  const generate = generateName === '' ? [] : prefixErrors(definition, generateName);
  return [
    ...generate.map((text) => invalidValue(child(PATH, 'generateName'), generateName, text)),
    ...(name === ''
      ? [requiredValue(child(PATH, 'name'), 'name or generateName is required')]
      : nameErrors(definition, name).map((text) => invalidValue(child(PATH, 'name'), name, text))),
  ];
}

function namespaceCauses(namespaced: boolean, namespace: string): StatusCause[] {
  const path = child(PATH, 'namespace');
  if (!namespaced) return namespace === '' ? [] : [forbiddenField(path, 'not allowed on this type')];
  if (namespace === '') return [requiredValue(path)];
  return dnsLabelErrors(namespace).map((text) => invalidValue(path, namespace, text));
}

export const labelCauses = (labels: Readonly<Record<string, string>> | undefined, path = child(PATH, 'labels')) =>
  Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...labelKeyErrors(key).map((text) => invalidValue(path, key, text)),
    ...labelValueErrors(value).map((text) => invalidValue(path, value, text)),
  ]);

export function annotationCauses(
  annotations: Readonly<Record<string, string>> | undefined,
  path = child(PATH, 'annotations'),
): StatusCause[] {
  const entries = Object.entries(annotations ?? {});
  const size = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  return [
    // Upstream compares annotation keys without regard to case.
    ...entries.flatMap(([key]) => labelKeyErrors(key.toLowerCase()).map((text) => invalidValue(path, key, text))),
    ...(size > MAX_ANNOTATION_BYTES
      ? [
          {
            reason: 'FieldValueTooLong',
            message: `Too long: may not be more than ${MAX_ANNOTATION_BYTES} bytes`,
            field: path,
          },
        ]
      : []),
  ];
}

function ownerCauses(owners: readonly OwnerReference[] | undefined): StatusCause[] {
  const path = child(PATH, 'ownerReferences');
  const causes = (owners ?? []).flatMap((owner, at) => ownerCausesOf(owner, index(path, at)));
  const controllers = (owners ?? []).filter((owner) => owner.controller);
  for (const second of controllers.slice(1)) {
    const [first] = controllers as [OwnerReference];
    causes.push(
      invalidValue(
        path,
        owners,
        `Only one reference can have Controller set to true. Found "true" in references for ${first.kind}/${first.name} and ${second.kind}/${second.name}`,
      ),
    );
  }
  return causes;
}

function ownerCausesOf(owner: OwnerReference, path: string): StatusCause[] {
  const causes = (['apiVersion', 'kind', 'name', 'uid'] as const)
    .filter((field) => typeof owner[field] !== 'string' || owner[field] === '')
    .map((field) => requiredValue(child(path, field), 'must not be empty'));
  if ((owner.apiVersion ?? '').split('/').length > 2)
    causes.push(invalidValue(child(path, 'apiVersion'), owner.apiVersion, 'must be <group>/<version> or <version>'));
  if (owner.apiVersion === 'v1' && owner.kind === 'Event')
    causes.push(invalidValue(path, owner, '/v1, Kind=Event is disallowed from being an owner'));
  return causes;
}

function finalizerCauses(finalizers: readonly string[] | undefined): StatusCause[] {
  const path = child(PATH, 'finalizers');
  const causes = (finalizers ?? []).flatMap((finalizer) =>
    labelKeyErrors(finalizer).map((text) => invalidValue(path, finalizer, text)),
  );
  if (finalizers?.includes('orphan') && finalizers.includes('foregroundDeletion'))
    causes.push(invalidValue(path, finalizers, 'finalizer orphan and foregroundDeletion cannot be both set'));
  return causes;
}

/** Groups whose validation does not go through core's. */
const FREE_FINALIZERS = new Set([
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'apiregistration.k8s.io',
  'coordination.k8s.io',
]);

/** Built-in kinds know three finalizers by their bare names (core/validation ValidateFinalizerName). */
const STANDARD_FINALIZERS = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);

const unqualifiedFinalizerCauses = (finalizers: readonly string[] | undefined): StatusCause[] =>
  (finalizers ?? []).flatMap((finalizer, at) =>
    finalizer.includes('/') || STANDARD_FINALIZERS.has(finalizer)
      ? []
      : [
          invalidValue(
            index(child(PATH, 'finalizers'), at),
            finalizer,
            'name is neither a standard finalizer name nor is it fully qualified',
          ),
        ],
  );

const IMMUTABLE = 'field is immutable';

/** What an update may not change (ValidateObjectMetaAccessorUpdate). */
export function validateMetadataUpdate(now: ObjectMeta, old: ObjectMeta): StatusCause[] {
  const causes: StatusCause[] = [];
  if (old.deletionTimestamp !== undefined) {
    const added = (now.finalizers ?? []).filter((one) => !(old.finalizers ?? []).includes(one)).sort();
    if (added.length > 0) {
      const list = `[]string{${added.map((one) => JSON.stringify(one)).join(', ')}}`;
      causes.push(
        forbiddenField(
          child(PATH, 'finalizers'),
          `no new finalizers can be added if the object is being deleted, found new finalizers ${list}`,
        ),
      );
    }
  }
  for (const field of ['name', 'namespace', 'uid', 'creationTimestamp', 'deletionTimestamp'] as const) {
    if ((now[field] ?? '') !== (old[field] ?? ''))
      causes.push(invalidValue(child(PATH, field), now[field] ?? '', IMMUTABLE));
  }
  if (now.deletionGracePeriodSeconds !== old.deletionGracePeriodSeconds)
    causes.push(invalidValue(child(PATH, 'deletionGracePeriodSeconds'), now.deletionGracePeriodSeconds, IMMUTABLE));
  return causes;
}
