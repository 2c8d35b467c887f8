/** What joining creates at a cluster. Pure; every right that is asked for says what it is needed for. */
import type { KubeObject } from '../kube/object.ts';

export const JOIN_NAMESPACE = 'tmc-system';
export const JOIN_ACCOUNT = 'tmc-gateway';
export const JOIN_TOKEN_SECRET = 'tmc-gateway-token';
const MANAGED = { 'app.kubernetes.io/managed-by': 'tmc' };
export const isManaged = (object: KubeObject): boolean =>
  object.metadata.labels?.['app.kubernetes.io/managed-by'] === 'tmc';

interface PolicyRule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly verbs: readonly string[];
}

/**
 * The gateway places and shows every kind that the cluster serves, CRDs of tomorrow included, so kinds cannot be listed.
 * What is left out matters: no `escalate` and no `bind` (it can grant nobody more than it has), no `impersonate` unless
 * users' identities are to reach the cluster, no `approve`, `sign` or `attest` of certificates, no `use`.
 */
const READ_AND_WRITE: PolicyRule = {
  apiGroups: ['*'],
  resources: ['*'],
  verbs: ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'],
};
/** Health, discovery and OpenAPI, for clusters that took these from `system:authenticated`. */
const ASK_WHAT_IS_SERVED: PolicyRule = {
  nonResourceURLs: [
    '/readyz',
    '/livez',
    '/healthz',
    '/version',
    '/api',
    '/api/*',
    '/apis',
    '/apis/*',
    '/openapi',
    '/openapi/*',
  ],
  verbs: ['get'],
};
/** ClusterRegistration `spec.impersonateUsers`: the cluster's own RBAC then decides what each user may do there. */
const IMPERSONATE: PolicyRule[] = [
  { apiGroups: [''], resources: ['users', 'groups'], verbs: ['impersonate'] },
  { apiGroups: ['authentication.k8s.io'], resources: ['uids', 'userextras'], verbs: ['impersonate'] },
  { apiGroups: ['authentication.k8s.io'], resources: ['userextras/*'], verbs: ['impersonate'] },
];

export interface JoinManifest {
  /** Path of the object, for apply and delete. */
  readonly path: string;
  /** For messages: `ClusterRole tmc-gateway`. */
  readonly what: string;
  readonly object: KubeObject;
}

/** In the order in which they are applied; deleted in the opposite one. */
export function joinManifests(options: { readonly impersonateUsers: boolean }): JoinManifest[] {
  const inNamespace = `/api/v1/namespaces/${JOIN_NAMESPACE}`;
  const rbac = 'rbac.authorization.k8s.io';
  const account = { kind: 'ServiceAccount', name: JOIN_ACCOUNT, namespace: JOIN_NAMESPACE };
  const rules = [READ_AND_WRITE, ASK_WHAT_IS_SERVED, ...(options.impersonateUsers ? IMPERSONATE : [])];
  const manifest = (
    collection: string,
    apiVersion: string,
    kind: string,
    name: string,
    fields: object,
  ): JoinManifest => {
    const namespace = collection.startsWith(inNamespace) ? { namespace: JOIN_NAMESPACE } : {};
    const object = { apiVersion, kind, metadata: { name, ...namespace, labels: { ...MANAGED } }, ...fields };
    return { path: `${collection}/${name}`, what: `${kind} ${name}`, object };
  };
  const token = manifest(`${inNamespace}/secrets`, 'v1', 'Secret', JOIN_TOKEN_SECRET, {
    type: 'kubernetes.io/service-account-token',
  });
  token.object.metadata.annotations = { 'kubernetes.io/service-account.name': JOIN_ACCOUNT };
  return [
    manifest('/api/v1/namespaces', 'v1', 'Namespace', JOIN_NAMESPACE, {}),
    manifest(`${inNamespace}/serviceaccounts`, 'v1', 'ServiceAccount', JOIN_ACCOUNT, {}),
    manifest(`/apis/${rbac}/v1/clusterroles`, `${rbac}/v1`, 'ClusterRole', JOIN_ACCOUNT, { rules }),
    manifest(`/apis/${rbac}/v1/clusterrolebindings`, `${rbac}/v1`, 'ClusterRoleBinding', JOIN_ACCOUNT, {
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: JOIN_ACCOUNT },
      subjects: [account],
    }),
    token,
  ];
}
