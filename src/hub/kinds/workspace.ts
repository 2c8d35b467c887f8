/** tenancy.kcp.io/v1alpha1 Workspace, in its parent; core.kcp.io/v1alpha1 LogicalCluster `cluster`, in itself. */
import { CONDITIONS, defineKind, list, object, oneOf, STRING } from './define-kind.ts';

/** Holds a Workspace until everything inside is gone (kcp's name for it). */
export const WORKSPACE_FINALIZER = 'core.kcp.io/logicalcluster';

export const WORKSPACE = defineKind({
  group: 'tenancy.kcp.io',
  version: 'v1alpha1',
  kind: 'Workspace',
  plural: 'workspaces',
  shortNames: ['ws'],
  prepareForCreate: ({ metadata }) => {
    const finalizers = metadata.finalizers ?? [];
    if (!finalizers.includes(WORKSPACE_FINALIZER)) metadata.finalizers = [...finalizers, WORKSPACE_FINALIZER];
  },
  categories: ['kcp'],
  spec: object({ type: object({ name: STRING, path: STRING }, 'name'), cluster: STRING, URL: STRING }),
  statusSchema: object({
    phase: oneOf('Scheduling', 'Initializing', 'Ready', 'Unavailable'),
    conditions: CONDITIONS,
    initializers: list(STRING),
  }),
});

export const LOGICAL_CLUSTER = defineKind({
  group: 'core.kcp.io',
  version: 'v1alpha1',
  kind: 'LogicalCluster',
  plural: 'logicalclusters',
  categories: ['kcp'],
  spec: object({
    owner: object({
      apiVersion: STRING,
      resource: STRING,
      name: STRING,
      namespace: STRING,
      cluster: STRING,
      uid: STRING,
    }),
    initializers: list(STRING),
  }),
  statusSchema: object({ URL: STRING, phase: STRING, conditions: CONDITIONS, initializers: list(STRING) }),
});
