/**
 * Where objects name namespaces beside their own metadata, as data. `*` stands for every element of a list. What is not
 * here is not translated, in neither direction: what a client read it can write back.
 */
import { type GroupResource, groupResourceName } from '../kube/resource.ts';

export const NESTED_NAMESPACES: Readonly<Record<string, readonly string[]>> = {
  events: ['involvedObject.namespace', 'related.namespace'],
  'events.events.k8s.io': ['regarding.namespace', 'related.namespace'],
  endpoints: ['subsets.*.addresses.*.targetRef.namespace', 'subsets.*.notReadyAddresses.*.targetRef.namespace'],
  'endpointslices.discovery.k8s.io': ['endpoints.*.targetRef.namespace'],
  persistentvolumes: [
    'spec.claimRef.namespace',
    'spec.csi.controllerPublishSecretRef.namespace',
    'spec.csi.nodePublishSecretRef.namespace',
    'spec.csi.nodeStageSecretRef.namespace',
    'spec.csi.controllerExpandSecretRef.namespace',
    'spec.csi.nodeExpandSecretRef.namespace',
  ],
  persistentvolumeclaims: ['spec.dataSourceRef.namespace'],
  pods: [
    'spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution.*.namespaces.*',
    'spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution.*.namespaces.*',
  ],
  'rolebindings.rbac.authorization.k8s.io': ['subjects.*.namespace'],
  'clusterrolebindings.rbac.authorization.k8s.io': ['subjects.*.namespace'],
  'mutatingwebhookconfigurations.admissionregistration.k8s.io': ['webhooks.*.clientConfig.service.namespace'],
  'validatingwebhookconfigurations.admissionregistration.k8s.io': ['webhooks.*.clientConfig.service.namespace'],
  'apiservices.apiregistration.k8s.io': ['spec.service.namespace'],
  'customresourcedefinitions.apiextensions.k8s.io': ['spec.conversion.webhook.clientConfig.service.namespace'],
  'ingressclasses.networking.k8s.io': ['spec.parameters.namespace'],
  'httproutes.gateway.networking.k8s.io': ['spec.parentRefs.*.namespace', 'spec.rules.*.backendRefs.*.namespace'],
  'gateways.gateway.networking.k8s.io': ['spec.listeners.*.tls.certificateRefs.*.namespace'],
  'referencegrants.gateway.networking.k8s.io': ['spec.from.*.namespace'],
  'volumesnapshotcontents.snapshot.storage.k8s.io': ['spec.volumeSnapshotRef.namespace'],
};

/** Sentences that controllers of a cluster write with namespaces in them: `Successfully assigned kcp-…/web to node`. */
const SENTENCES: Readonly<Record<string, string>> = { events: 'message', 'events.events.k8s.io': 'note' };

export const nestedPaths = (gr: GroupResource): readonly string[] => {
  const name = groupResourceName(gr);
  return Object.hasOwn(NESTED_NAMESPACES, name) ? (NESTED_NAMESPACES[name] as readonly string[]) : [];
};

/** Replaces every namespace at the paths by what `translate` answers; undefined leaves it. Mutates `object`: a private copy. */
export function translateNested(
  object: unknown,
  paths: readonly string[],
  translate: (namespace: string) => string | undefined,
): void {
  for (const path of paths) replaceAt(object, path.split('.'), 0, translate);
}

/** Replaces every downstream namespace that the object's sentence tells of; undefined leaves it. Mutates `object`: a private copy. */
export function translateSentence(
  object: Record<string, unknown>,
  gr: GroupResource,
  translate: (namespace: string) => string | undefined,
): void {
  const name = groupResourceName(gr);
  const field = Object.hasOwn(SENTENCES, name) ? SENTENCES[name] : undefined;
  const text = field === undefined ? undefined : object[field];
  if (field === undefined || typeof text !== 'string') return;
  object[field] = text.replace(DOWNSTREAM_NAMESPACE, (found) => translate(found) ?? found);
}

/** See `kube/namespace-locator.ts`. */
const DOWNSTREAM_NAMESPACE = /\bkcp-[0-9a-z]{12}\b/g;

function replaceAt(
  value: unknown,
  path: readonly string[],
  depth: number,
  translate: (namespace: string) => string | undefined,
): void {
  if (typeof value !== 'object' || value === null) return;
  const key = path[depth] as string;
  const container = value as Record<string, unknown>;
  const keys =
    key === '*' ? (Array.isArray(value) ? Object.keys(value) : []) : Object.hasOwn(container, key) ? [key] : [];
  for (const one of keys) {
    const found = container[one];
    if (depth < path.length - 1) replaceAt(found, path, depth + 1, translate);
    else if (typeof found === 'string') container[one] = translate(found) ?? found;
  }
}
