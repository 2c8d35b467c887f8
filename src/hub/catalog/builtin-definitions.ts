/** The built-in kinds as resource definitions, for the hub and for embedded clusters. */
import type { Json, KubeObject } from '../../kube/object.ts';
import { podQosClass } from '../../kube/pod-qos.ts';
import { groupResourceName, type ResourceInfo } from '../../kube/resource.ts';
import { mutatingBindingCauses, mutatingPolicyCauses } from '../admission/validate-mutating-policies.ts';
import { validatingBindingCauses, validatingPolicyCauses } from '../admission/validate-policies.ts';
import { webhookConfigurationCauses } from '../admission/validate-webhooks.ts';
import { defaultsFor } from '../builtin/defaults/defaults-for.ts';
import { forgetEmptyLists } from '../builtin/empty-lists.ts';
import { builtinDefinitionName, builtinResources, builtinType } from '../builtin/tables.ts';
import { validateFor } from '../builtin/validation/validate-for.ts';
import { warningsFor } from '../builtin/warnings/warnings-for.ts';
import {
  CLEANUP_FINALIZER,
  CRD_GROUP,
  CRD_RESOURCE,
  type CustomResourceDefinition,
  withCondition,
} from '../crd/custom-resource-definition.ts';
import { definitionWarnings } from '../crd/definition-warnings.ts';
import { validateCrd } from '../crd/validate-crd.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import { zeroObject } from '../schema/go-decode.ts';
import { AUTOSCALER_STORAGE } from './autoscaler-storage.ts';
import { EVENTS_STORAGE } from './event-storage.ts';
import {
  ANSWERS_DELETED,
  CLUSTER_ONLY,
  CONDITIONAL_UPDATE,
  CREATE_ON_UPDATE,
  DEPRECATED,
  GENERATION,
  INITIAL_STATUS,
  SELECTABLE_FIELDS,
  STATUS_KEEPS,
  unknownFieldText,
} from './kind-rules.ts';

import { completeAddresses, prepareService } from './service-rules.ts';

export type Profile = 'hub' | 'cluster';

/** Subresources that only a cluster with nodes can answer. */
const CLUSTER_SUBRESOURCES = new Set(['exec', 'attach', 'portforward', 'log', 'proxy', 'binding', 'eviction']);

export function builtinDefinitions(profile: Profile): ResourceDefinition[] {
  return builtinResources()
    .filter((info) => profile === 'cluster' || !CLUSTER_ONLY.has(groupResourceName(info)))
    .map((info) => toDefinition(profile === 'cluster' ? info : withoutClusterSubresources(info)));
}

const withoutClusterSubresources = (info: ResourceInfo): ResourceInfo => ({
  ...info,
  subresources: info.subresources.filter((one) => !CLUSTER_SUBRESOURCES.has(one.name)),
});

function toDefinition(info: ResourceInfo): ResourceDefinition {
  const name = groupResourceName(info);
  const initialStatus = INITIAL_STATUS[name] ?? emptyStatus(info);
  const defaults = defaultsFor(info);
  const validate = REGISTRATION_RULES[name] ?? validateFor(info);
  const forget = forgetEmptyLists(info);
  const warnings = warningsFor(info);
  return {
    info,
    storageVersion: info.group === 'autoscaling' ? 'v2' : info.version,
    preferred: !(info.group === 'autoscaling' && info.version === 'v1'),
    schema: builtinType(info),
    custom: false,
    status: info.subresources.some((one) => one.name === 'status'),
    ...(info.subresources.some((one) => one.name === 'scale') ? { scale: SCALE_PATHS } : {}),
    selectableFields: SELECTABLE_FIELDS[name] ?? [],
    generation: GENERATION.has(name),
    annotationsAreState: name === 'deployments.apps',
    createOnUpdate: CREATE_ON_UPDATE.has(name),
    unconditionalUpdate: !CONDITIONAL_UPDATE.has(name),
    answersDeleted: ANSWERS_DELETED.has(name),
    ...(STATUS_KEEPS[name] === undefined ? {} : { statusKeeps: STATUS_KEEPS[name] }),
    ...(initialStatus === undefined ? {} : { initialStatus }),
    ...(defaults === undefined ? {} : { defaults }),
    ...(validate === undefined ? {} : { validate }),
    ...(forget === undefined ? {} : { forget }),
    ...(warnings === undefined ? {} : { warnings }),
    ...(DEPRECATED[name] === undefined ? {} : { deprecated: DEPRECATED[name] }),
    ...(unknownFieldText(name, 'x') === undefined
      ? {}
      : { unknownField: (field: string) => unknownFieldText(name, field) as string }),
    ...(name === 'namespaces' ? NAMESPACE_RULES : {}),
    ...(name === 'services' ? { prepareForCreate: completeAddresses, prepareForUpdate: prepareService } : {}),
    ...(name === 'pods' ? { prepareForCreate: withPendingStatus } : {}),
    ...(name === `${CRD_RESOURCE}.${CRD_GROUP}` ? CRD_RULES : {}),
    ...(name === 'horizontalpodautoscalers.autoscaling' && info.version === 'v1'
      ? { storage: AUTOSCALER_STORAGE }
      : {}),
    ...(name === 'events.events.k8s.io' ? { storage: EVENTS_STORAGE } : {}),
  };
}

/** Admission's own kinds, whose expressions must compile. */
const REGISTRATION_RULES: Readonly<Record<string, ResourceDefinition['validate']>> = {
  'mutatingadmissionpolicies.admissionregistration.k8s.io': mutatingPolicyCauses,
  'mutatingadmissionpolicybindings.admissionregistration.k8s.io': mutatingBindingCauses,
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': webhookConfigurationCauses(true),
  'validatingadmissionpolicies.admissionregistration.k8s.io': validatingPolicyCauses,
  'validatingadmissionpolicybindings.admissionregistration.k8s.io': validatingBindingCauses,
  'validatingwebhookconfigurations.admissionregistration.k8s.io': webhookConfigurationCauses(false),
};

/** What Go writes of a status in which nothing is set. */
function emptyStatus(info: ResourceInfo): Json | undefined {
  const definition = builtinDefinitionName(info);
  return definition && (zeroObject('', '', definition).status as Json | undefined);
}

/** The finalizer that holds a namespace until it is empty, and the label with its name, given or generated (core/namespace strategy). */
function beginNamespace(namespace: KubeObject): void {
  const { metadata } = namespace;
  metadata.labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name as string };
  const { finalizers = [] } = (namespace.spec ?? {}) as { finalizers?: string[] };
  namespace.spec = { finalizers: finalizers.includes('kubernetes') ? finalizers : [...finalizers, 'kubernetes'] };
}

/** core/pod strategy. */
function withPendingStatus(pod: KubeObject): void {
  pod.status = { phase: 'Pending', qosClass: podQosClass(pod.spec) };
}

/** Only `finalize` lets go of a namespace, and does nothing else. */
function keepSpecFinalizers(namespace: KubeObject, old: KubeObject, subresource: string): void {
  if (subresource === 'finalize') {
    if (old.status === undefined) delete namespace.status;
    else namespace.status = structuredClone(old.status);
    return;
  }
  if (old.spec === undefined) delete namespace.spec;
  else namespace.spec = structuredClone(old.spec);
}

const markTerminating = (namespace: KubeObject): void => {
  namespace.status = { ...(namespace.status as object), phase: 'Terminating' };
};

const NAMESPACE_RULES: Partial<ResourceDefinition> = {
  prepareForCreate: beginNamespace,
  prepareForUpdate: keepSpecFinalizers,
  onDeletion: markTerminating,
};

/** A new storage version is one that objects are stored in. */
function noteStorageVersion(crd: CustomResourceDefinition, old: CustomResourceDefinition): void {
  const stored = old.status?.storedVersions ?? [];
  const storage = crd.spec?.versions?.find((one) => one.storage)?.name;
  if (storage === undefined || stored.includes(storage)) return;
  crd.status = { ...old.status, storedVersions: [...stored, storage] };
}

const CRD_RULES: Partial<ResourceDefinition> = {
  validate: validateCrd,
  warnings: definitionWarnings,
  deletionFinalizer: CLEANUP_FINALIZER,
  prepareForCreate: (object) => {
    const { spec } = object as CustomResourceDefinition;
    const storage = spec?.versions?.find((one) => one.storage);
    const storedVersions = storage === undefined ? null : [storage.name];
    object.status = { conditions: null, acceptedNames: { plural: '', kind: '' }, storedVersions };
  },
  prepareForUpdate: (object, old, subresource) => {
    if (subresource === '') noteStorageVersion(object as CustomResourceDefinition, old as CustomResourceDefinition);
  },
  onDeletion: (object, now) => {
    const crd = object as CustomResourceDefinition;
    const conditions = withCondition(crd.status?.conditions ?? [], {
      type: 'Terminating',
      status: 'True',
      lastTransitionTime: now,
      reason: 'InstanceDeletionPending',
      message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
    });
    crd.status = { ...crd.status, conditions };
  },
};

const SCALE_PATHS = {
  specReplicasPath: '.spec.replicas',
  statusReplicasPath: '.status.replicas',
  labelSelectorPath: '.spec.selector',
};
