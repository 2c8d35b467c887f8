/**
 * What can fail and how it recovers (MISSION F1, appendix 1): 24 types as one table. Messages name the thing, say what
 * happened and what was wanted; the table says the rest.
 */

export type Severity = 'Low' | 'Medium' | 'High' | 'Critical';
export type Component = 'hub' | 'aggregate' | 'clusters' | 'placement' | 'sync' | 'migration' | 'gateway';

/** Which recovery strategy takes care of it; `none`: nothing to do but tell. */
export type Recovery =
  | 'cluster-authentication'
  | 'migration'
  | 'cluster-connectivity'
  | 'resource-conflict'
  | 'placement'
  | 'sync'
  | 'generic'
  | 'none';

export interface ErrorType {
  readonly severity: Severity;
  readonly component: Component;
  /** What a person can do. */
  readonly hint: string;
  /** HTTP status and Status.reason when a request ends with it. */
  readonly code: number;
  readonly reason: string;
  readonly recovery: Recovery;
  /** Whether the same attempt may succeed later. */
  readonly retryable: boolean;
}

const row = (
  severity: Severity,
  component: Component,
  code: number,
  reason: string,
  recovery: Recovery,
  retryable: boolean,
  hint: string,
): ErrorType => ({ severity, component, code, reason, recovery, retryable, hint });

export const ERROR_TYPES = {
  ResourceNotFound: row('Low', 'hub', 404, 'NotFound', 'none', false, 'Check name, namespace and workspace.'),
  ResourceConflict: row(
    'Medium',
    'hub',
    409,
    'Conflict',
    'resource-conflict',
    true,
    'Read the object again and apply the change to its latest version.',
  ),
  ResourceValidation: row('Low', 'hub', 422, 'Invalid', 'none', false, 'Correct the fields that the causes name.'),
  ResourcePermission: row(
    'Medium',
    'hub',
    403,
    'Forbidden',
    'none',
    false,
    'Ask an administrator of the workspace for a role that allows it.',
  ),
  ClusterUnreachable: row(
    'High',
    'clusters',
    503,
    'ServiceUnavailable',
    'cluster-connectivity',
    true,
    'Check the network path and the address in the ClusterRegistration.',
  ),
  ClusterUnavailable: row(
    'High',
    'clusters',
    503,
    'ServiceUnavailable',
    'cluster-connectivity',
    true,
    'The API server answers but not usefully: look at its own health.',
  ),
  ClusterAuthentication: row(
    'Critical',
    'clusters',
    502,
    'BadGateway',
    'cluster-authentication',
    true,
    'Renew the credentials in the Secret that the ClusterRegistration names.',
  ),
  ClusterConfiguration: row(
    'High',
    'clusters',
    500,
    'InternalError',
    'none',
    false,
    'Correct the ClusterRegistration: address, CA or Secret.',
  ),
  PlacementConstraint: row(
    'Medium',
    'placement',
    422,
    'Invalid',
    'placement',
    true,
    'No cluster passes every filter: `tmc explain` says which one each fails.',
  ),
  PlacementCapacity: row(
    'High',
    'placement',
    503,
    'ServiceUnavailable',
    'placement',
    true,
    'Add capacity or lower the requests.',
  ),
  PlacementPolicy: row(
    'Medium',
    'placement',
    422,
    'Invalid',
    'none',
    false,
    'Correct the Placement or WorkloadPlacement.',
  ),
  SyncFailure: row(
    'High',
    'sync',
    500,
    'InternalError',
    'sync',
    true,
    "The object's condition has the cluster's own words.",
  ),
  SyncConflict: row(
    'Medium',
    'sync',
    409,
    'Conflict',
    'resource-conflict',
    true,
    'Another field manager in the cluster owns the fields: remove one of the two.',
  ),
  SyncTimeout: row('Medium', 'sync', 504, 'Timeout', 'sync', true, 'The cluster answers too slowly: look at its load.'),
  MigrationFailure: row(
    'High',
    'migration',
    500,
    'InternalError',
    'migration',
    true,
    'The workload still runs where it was.',
  ),
  MigrationTimeout: row(
    'High',
    'migration',
    504,
    'Timeout',
    'migration',
    true,
    'The new copy did not become ready in time.',
  ),
  MigrationRollback: row(
    'Critical',
    'migration',
    500,
    'InternalError',
    'migration',
    true,
    'Going back failed as well: both copies may exist.',
  ),
  AggregationFailure: row(
    'Medium',
    'aggregate',
    503,
    'ServiceUnavailable',
    'generic',
    true,
    'The answer may be partial: its Warning names the clusters.',
  ),
  AggregationConflict: row(
    'Medium',
    'aggregate',
    409,
    'Conflict',
    'resource-conflict',
    false,
    'The plain name is ambiguous: use `name@cluster`.',
  ),
  ProjectionFailure: row('Medium', 'aggregate', 500, 'InternalError', 'generic', false, 'Correct the projection.'),
  ProjectionTransform: row('Medium', 'aggregate', 422, 'Invalid', 'none', false, 'Correct the ResourceTransform.'),
  InternalError: row(
    'Critical',
    'gateway',
    500,
    'InternalError',
    'generic',
    true,
    "Look for the audit id in the gateway's log.",
  ),
  ConfigurationError: row(
    'High',
    'gateway',
    500,
    'InternalError',
    'none',
    false,
    'Correct the configuration and start again.',
  ),
  NetworkConnectivity: row(
    'High',
    'gateway',
    503,
    'ServiceUnavailable',
    'cluster-connectivity',
    true,
    'Check DNS, routes and firewalls.',
  ),
} as const satisfies Record<string, ErrorType>;

export type ErrorTypeName = keyof typeof ERROR_TYPES;
