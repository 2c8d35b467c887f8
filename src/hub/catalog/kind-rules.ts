/**
 * What kube-apiserver's strategies say of single built-in kinds, as data (k8s.io/kubernetes/pkg/registry/…/strategy.go,
 * pkg/apis/…/conversion.go). Keys are group resources (`deployments.apps`).
 */
import type { Json } from '../../kube/object.ts';
import type { ResourceDefinition } from '../resource-definition.ts';

/** Kinds whose generation counts changes of the desired state. */
export const GENERATION = new Set([
  'customresourcedefinitions.apiextensions.k8s.io',
  'daemonsets.apps',
  'deployments.apps',
  'replicasets.apps',
  'statefulsets.apps',
  'horizontalpodautoscalers.autoscaling',
  'cronjobs.batch',
  'jobs.batch',
  'pods',
  'podtemplates',
  'replicationcontrollers',
  'csidrivers.storage.k8s.io',
  'deviceclasses.resource.k8s.io',
  'devicetaintrules.resource.k8s.io',
  'endpointslices.discovery.k8s.io',
  'flowschemas.flowcontrol.apiserver.k8s.io',
  'ingressclasses.networking.k8s.io',
  'ingresses.networking.k8s.io',
  'mutatingadmissionpolicies.admissionregistration.k8s.io',
  'mutatingadmissionpolicybindings.admissionregistration.k8s.io',
  'mutatingwebhookconfigurations.admissionregistration.k8s.io',
  'networkpolicies.networking.k8s.io',
  'poddisruptionbudgets.policy',
  'priorityclasses.scheduling.k8s.io',
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io',
  'resourceslices.resource.k8s.io',
  'validatingadmissionpolicies.admissionregistration.k8s.io',
  'validatingadmissionpolicybindings.admissionregistration.k8s.io',
  'validatingwebhookconfigurations.admissionregistration.k8s.io',
]);

/** AllowCreateOnUpdate. */
export const CREATE_ON_UPDATE = new Set([
  'clusterrolebindings.rbac.authorization.k8s.io',
  'clusterroles.rbac.authorization.k8s.io',
  'endpoints',
  'events',
  'events.events.k8s.io',
  'leases.coordination.k8s.io',
  'limitranges',
  'rolebindings.rbac.authorization.k8s.io',
  'roles.rbac.authorization.k8s.io',
  'runtimeclasses.node.k8s.io',
  'services',
]);

/** Not AllowUnconditionalUpdate. */
export const CONDITIONAL_UPDATE = new Set([
  'clustertrustbundles.certificates.k8s.io',
  'csidrivers.storage.k8s.io',
  'csinodes.storage.k8s.io',
  'csistoragecapacities.storage.k8s.io',
  'customresourcedefinitions.apiextensions.k8s.io',
  'leases.coordination.k8s.io',
  'mutatingadmissionpolicies.admissionregistration.k8s.io',
  'mutatingadmissionpolicybindings.admissionregistration.k8s.io',
  'mutatingwebhookconfigurations.admissionregistration.k8s.io',
  'podcertificaterequests.certificates.k8s.io',
  'poddisruptionbudgets.policy',
  'runtimeclasses.node.k8s.io',
  'storageversionmigrations.storagemigration.k8s.io',
  'validatingadmissionpolicies.admissionregistration.k8s.io',
  'validatingadmissionpolicybindings.admissionregistration.k8s.io',
  'validatingwebhookconfigurations.admissionregistration.k8s.io',
  'volumeattachments.storage.k8s.io',
]);

/** Kinds that have a successor (APILifecycleDeprecated), with what upstream warns of at each request. */
export const DEPRECATED: Readonly<Record<string, string | undefined>> = {
  componentstatuses: 'v1 ComponentStatus is deprecated in v1.19+',
  endpoints: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
};

/** ReturnDeletedObject. */
export const ANSWERS_DELETED = new Set([
  'csidrivers.storage.k8s.io',
  'csinodes.storage.k8s.io',
  'deviceclasses.resource.k8s.io',
  'namespaces',
  'persistentvolumeclaims',
  'persistentvolumes',
  'pods',
  'podtemplates',
  'resourceclaims.resource.k8s.io',
  'resourceclaimtemplates.resource.k8s.io',
  'resourcequotas',
  'resourceslices.resource.k8s.io',
  'serviceaccounts',
  'services',
  'storageclasses.storage.k8s.io',
  'volumeattachments.storage.k8s.io',
  'volumeattributesclasses.storage.k8s.io',
]);

/** Fields beyond metadata.name and metadata.namespace that a field selector may name. */
export const SELECTABLE_FIELDS: Readonly<Record<string, readonly string[]>> = {
  'certificatesigningrequests.certificates.k8s.io': ['spec.signerName'],
  'clustertrustbundles.certificates.k8s.io': ['spec.signerName'],
  'podcertificaterequests.certificates.k8s.io': ['spec.signerName', 'spec.podName', 'spec.nodeName'],
  events: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
  'events.events.k8s.io': [
    'regarding.kind',
    'regarding.namespace',
    'regarding.name',
    'regarding.uid',
    'regarding.apiVersion',
    'regarding.resourceVersion',
    'regarding.fieldPath',
    'reason',
    'reportingController',
    'type',
  ],
  'jobs.batch': ['status.successful'],
  namespaces: ['status.phase'],
  nodes: ['spec.unschedulable'],
  pods: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.podIPs',
    'status.nominatedNodeName',
  ],
  replicationcontrollers: ['status.replicas'],
  'resourceslices.resource.k8s.io': ['spec.nodeName', 'spec.driver', 'spec.pool.name'],
  secrets: ['type'],
  services: ['spec.clusterIP', 'spec.type'],
};

/** Text for a field that the kind does not select on, where it is not the generic one. */
export function unknownFieldText(groupResource: string, field: string): string | undefined {
  if (groupResource === 'jobs.batch') return `field label "${field}" not supported for Job`;
  if (groupResource === 'resourceslices.resource.k8s.io')
    return `field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: ${field}`;
  return Object.hasOwn(SELECTABLE_FIELDS, groupResource) ? `field label not supported: ${field}` : undefined;
}

/** Status that creation gives, where it is not empty. */
export const INITIAL_STATUS: Readonly<Record<string, Json>> = {
  namespaces: { phase: 'Active' },
  persistentvolumeclaims: { phase: 'Pending' },
  persistentvolumes: { phase: 'Pending' },
  services: { loadBalancer: {} },
  'ingresses.networking.k8s.io': { loadBalancer: {} },
};

/** Kinds whose objects say what happens inside one real cluster: an embedded cluster serves them, the hub does not. */
export const CLUSTER_ONLY = new Set([
  'bindings',
  'componentstatuses',
  'nodes',
  'csinodes.storage.k8s.io',
  'volumeattachments.storage.k8s.io',
]);

/** What a status write leaves of metadata as it stands, where that is not nothing (PrepareForUpdate of the status strategies). */
export const STATUS_KEEPS: Readonly<Record<string, NonNullable<ResourceDefinition['statusKeeps']>>> = {
  'deployments.apps': ['labels'],
  pods: ['ownerReferences'],
  'apiservices.apiregistration.k8s.io': 'metadata',
  'csinodes.storage.k8s.io': 'metadata',
  'devicetaintrules.resource.k8s.io': 'metadata',
  'flowschemas.flowcontrol.apiserver.k8s.io': 'metadata',
  'podcertificaterequests.certificates.k8s.io': 'metadata',
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io': 'metadata',
  'resourceclaims.resource.k8s.io': 'metadata',
  'servicecidrs.networking.k8s.io': 'metadata',
  'storageversionmigrations.storagemigration.k8s.io': 'metadata',
  'validatingadmissionpolicies.admissionregistration.k8s.io': 'metadata',
  'volumeattachments.storage.k8s.io': 'metadata',
};

/** Fields of the scale subresource (autoscaling/v1 Scale). */
export const SCALE = {
  'deployments.apps': 'map',
  'replicasets.apps': 'map',
  'statefulsets.apps': 'map',
  replicationcontrollers: 'plain',
} as const;

/** Kinds whose dependents stay when a delete names no policy, for compatibility with old clients; with what upstream warns. */
export const ORPHAN_BY_DEFAULT: Readonly<Record<string, string | undefined>> = {
  replicationcontrollers: undefined,
  'jobs.batch':
    'child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or set propagationPolicy=Orphan to suppress this warning',
};
