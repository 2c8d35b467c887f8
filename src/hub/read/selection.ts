/** Label and field selectors of a request, compiled for one kind. */
import type { KubeObject } from '../../kube/object.ts';
import {
  type FieldRequirements,
  type LabelRequirements,
  matchesFields,
  matchesLabels,
  parseFieldSelector,
  parseLabelSelector,
} from '../../kube/selector.ts';
import { badRequest } from '../../kube/status.ts';
import type { ObjectPlace } from '../keys.ts';
import type { ResourceDefinition } from '../resource-definition.ts';

export interface Selection {
  /** True when there is nothing to check. */
  readonly everything: boolean;
  /** The one name asked for, where `metadata.name=x` is all or part of the selector. */
  readonly name: string | undefined;
  readonly namespace: string | undefined;
  matches(object: KubeObject): boolean;
  /** The same by what a key and the labels say; undefined where the object itself must be looked at. */
  decides(place: Pick<ObjectPlace, 'namespace' | 'name'>, labels: () => Labels): boolean | undefined;
}

type Labels = Readonly<Record<string, string>>;

/** Throws ApiError 400 for malformed selectors and for fields that the kind does not select on. */
export function compileSelection(definition: ResourceDefinition, labels: string, fields: string): Selection {
  const labelRequirements: LabelRequirements = parseLabelSelector(labels);
  const fieldRequirements: FieldRequirements = parseFieldSelector(fields).map((one) => ({
    ...one,
    field: one.field === 'spec.host' && definition.info.resource === 'pods' ? 'spec.nodeName' : one.field,
  }));
  for (const { field } of fieldRequirements) checkField(definition, field);
  const only = (field: string) =>
    fieldRequirements.find((one) => one.field === field && one.operator === '=' && one.value !== '')?.value;
  const byPlace = fieldRequirements.filter(({ field }) => field === 'metadata.name' || field === 'metadata.namespace');
  return {
    everything: labelRequirements.length === 0 && fieldRequirements.length === 0,
    name: only('metadata.name'),
    namespace: only('metadata.namespace'),
    matches: (object) =>
      matchesLabels(labelRequirements, object.metadata.labels) &&
      matchesFields(fieldRequirements, (field) => fieldText(definition, object, field)),
    decides({ namespace, name }, labels) {
      if (!matchesFields(byPlace, (field) => (field === 'metadata.name' ? name : namespace || undefined))) return false;
      if (labelRequirements.length > 0 && !matchesLabels(labelRequirements, labels())) return false;
      return byPlace.length === fieldRequirements.length ? true : undefined;
    },
  };
}

function checkField(definition: ResourceDefinition, field: string): void {
  const { info, selectableFields = [], unknownField } = definition;
  if (field === 'metadata.name' || selectableFields.includes(field)) return;
  // Cluster-scoped kinds with selectors of their own do not know the namespace.
  if (field === 'metadata.namespace' && (info.namespaced || unknownField === undefined)) return;
  if (unknownField !== undefined) throw badRequest(unknownField(field));
  const known = ['metadata.name', 'metadata.namespace', ...selectableFields].map((name) => JSON.stringify(name));
  throw badRequest(
    definition.custom && selectableFields.length > 0
      ? `field label not supported: ${field}`
      : `${JSON.stringify(field)} is not a known field selector: only ${known.join(', ')}`,
  );
}

/** Fields whose text is not simply what stands at their path. */
const SPECIAL: Readonly<Record<string, (object: KubeObject) => unknown>> = {
  'events/source': (object) => valueAt(object, 'source.component') || object.reportingComponent,
  'events/reportingComponent': (object) => object.reportingComponent,
  'nodes/spec.unschedulable': (object) => valueAt(object, 'spec.unschedulable') === true,
  'pods/spec.hostNetwork': (object) => valueAt(object, 'spec.hostNetwork') === true,
  'pods/status.podIPs': (object) =>
    ((valueAt(object, 'status.podIPs') as { ip: string }[] | undefined) ?? []).map((one) => one.ip).join(','),
  'jobs/status.successful': (object) => valueAt(object, 'status.succeeded') ?? 0,
  'replicationcontrollers/status.replicas': (object) => valueAt(object, 'status.replicas') ?? 0,
};

function fieldText(definition: ResourceDefinition, object: KubeObject, field: string): string | undefined {
  const special = SPECIAL[`${definition.info.resource}/${field}`];
  const value = special === undefined || definition.custom ? valueAt(object, field) : special(object);
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : typeof value === 'object' ? undefined : String(value);
}

function valueAt(object: unknown, path: string): unknown {
  let value = object;
  for (const part of path.replace(/^\./, '').split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string, unknown>)[part];
  }
  return value;
}
