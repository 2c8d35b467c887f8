/** apis.kcp.io: APIs that one workspace publishes and others bind (MISSION B5), in kcp's shapes. */
import { CONDITIONS, defineKind, LABEL_SELECTOR, list, object, oneOf, STRING, STRINGS } from './define-kind.ts';

const GROUP = 'apis.kcp.io';
const ANY = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } as const;

const PERMISSION_CLAIM = object(
  {
    group: STRING,
    resource: STRING,
    verbs: STRINGS,
    identityHash: STRING,
    selector: object({ ...LABEL_SELECTOR.properties, matchAll: { type: 'boolean' } }),
    state: oneOf('Accepted', 'Rejected'),
  },
  'resource',
);

const API_EXPORT = defineKind({
  group: GROUP,
  version: 'v1alpha2',
  kind: 'APIExport',
  plural: 'apiexports',
  categories: ['kcp'],
  spec: object({
    resources: list(object({ group: STRING, name: STRING, schema: STRING, storage: ANY }, 'name', 'schema')),
    identity: object({ secretRef: object({ namespace: STRING, name: STRING }) }),
    permissionClaims: list(PERMISSION_CLAIM),
    maximalPermissionPolicy: object({ local: ANY }),
  }),
  statusSchema: object({
    identityHash: STRING,
    conditions: CONDITIONS,
    virtualWorkspaces: list(object({ url: STRING })),
  }),
});

const API_BINDING = defineKind({
  group: GROUP,
  version: 'v1alpha2',
  kind: 'APIBinding',
  plural: 'apibindings',
  categories: ['kcp'],
  requiredSpec: true,
  spec: object(
    {
      reference: object({ export: object({ path: STRING, name: STRING }, 'name') }, 'export'),
      permissionClaims: list(PERMISSION_CLAIM),
    },
    'reference',
  ),
  statusSchema: object({
    phase: STRING,
    conditions: CONDITIONS,
    apiExportClusterName: STRING,
    boundResources: list(
      object({
        group: STRING,
        resource: STRING,
        schema: object({ name: STRING, UID: STRING, identityHash: STRING }),
        storageVersions: STRINGS,
      }),
    ),
    appliedPermissionClaims: list(PERMISSION_CLAIM),
    exportPermissionClaims: list(PERMISSION_CLAIM),
  }),
});

/** kcp serves the schema as v1alpha1; here both versions are, one stored shape. */
const apiResourceSchema = (version: 'v1alpha1' | 'v1alpha2') => ({
  ...defineKind({
    group: GROUP,
    version,
    kind: 'APIResourceSchema',
    plural: 'apiresourceschemas',
    categories: ['kcp'],
    requiredSpec: true,
    spec: object(
      {
        group: STRING,
        names: object(
          {
            plural: STRING,
            singular: STRING,
            kind: STRING,
            listKind: STRING,
            shortNames: STRINGS,
            categories: STRINGS,
          },
          'plural',
          'kind',
        ),
        scope: oneOf('Cluster', 'Namespaced'),
        versions: list({ ...object({ name: STRING }, 'name'), 'x-kubernetes-preserve-unknown-fields': true }),
        conversion: ANY,
      },
      'group',
      'names',
      'scope',
      'versions',
    ),
  }),
  storageVersion: 'v1alpha1',
  preferred: version === 'v1alpha2',
});

export const API_KINDS = [API_EXPORT, API_BINDING, apiResourceSchema('v1alpha2'), apiResourceSchema('v1alpha1')];
