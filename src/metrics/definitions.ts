/**
 * Every metric, as data. Labels are bounded: never a workspace, an object's name or a user, so that a million
 * workspaces cost no more series than one.
 */

export interface MetricDefinition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels?: readonly string[];
  readonly buckets?: readonly number[];
}

/** Seconds: from a cached read to a request's deadline. */
const LATENCY = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** Seconds: work that may wait for clusters. */
const DURATION = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600];

const counter = (help: string, ...labels: string[]) => ({ type: 'counter', help, labels }) as const;
const gauge = (help: string, ...labels: string[]) => ({ type: 'gauge', help, labels }) as const;
const histogram = (help: string, buckets: readonly number[], ...labels: string[]) =>
  ({ type: 'histogram', help, buckets, labels }) as const;

export const METRICS = {
  tmc_api_requests_total: counter('API requests answered.', 'door', 'verb', 'resource', 'code'),
  tmc_api_request_duration_seconds: histogram(
    'Time until an answer has ended; watches and streams are left out.',
    LATENCY,
    'door',
    'verb',
  ),
  tmc_api_long_running_requests: gauge('Watches and streams open now.', 'door', 'verb'),

  tmc_component_health: gauge('1 when the component is healthy.', 'component'),
  tmc_component_uptime_seconds: gauge('Seconds since the component started.', 'component'),
  tmc_component_operations_total: counter('Operations of the component.', 'component', 'operation', 'result'),
  tmc_component_errors_total: counter('Errors of the component, by type of the catalogue.', 'component', 'error_type'),
  tmc_component_operation_duration_seconds: histogram(
    'Time of an operation of the component.',
    DURATION,
    'component',
    'operation',
  ),

  tmc_placements_total: counter('Placement decisions.', 'strategy', 'result'),
  tmc_placement_duration_seconds: histogram('Time of a placement decision.', LATENCY, 'strategy'),
  tmc_placement_errors_total: counter('Placement decisions that failed.', 'error_type'),
  tmc_placement_retries_total: counter('Placement decisions that were tried again.'),
  tmc_placement_clusters: histogram(
    'Clusters chosen for one workload.',
    [0, 1, 2, 3, 5, 10, 25, 50, 100, 1000],
    'strategy',
  ),

  tmc_sync_resources_total: counter('Objects written to clusters.', 'cluster', 'operation', 'result'),
  tmc_sync_duration_seconds: histogram('Time to bring one object to one cluster.', DURATION, 'cluster'),
  tmc_sync_errors_total: counter('Objects that could not be written.', 'cluster', 'error_type'),
  tmc_sync_backlog_size: gauge('Objects that wait for their cluster.', 'cluster'),
  tmc_sync_lag_seconds: gauge('Age of the oldest object that waits.', 'cluster'),

  tmc_migrations_total: counter('Workloads moved between clusters.', 'result'),
  tmc_migration_duration_seconds: histogram('Time of a move.', DURATION),
  tmc_migration_errors_total: counter('Moves that failed.', 'error_type'),
  tmc_migration_rollbacks_total: counter('Moves that were undone.'),
  tmc_migration_data_size_bytes: histogram('Size of the objects moved.', [1e3, 1e4, 1e5, 1e6, 1e7, 1e8]),

  tmc_cluster_health: gauge('1 for the state the cluster is in.', 'cluster', 'state'),
  tmc_cluster_connectivity: gauge('1 when the last contact succeeded.', 'cluster'),
  tmc_cluster_capacity_utilization: gauge('Requested over allocatable, 0 to 1.', 'cluster', 'resource'),
  tmc_cluster_resources_total: gauge('Objects of the cluster held in caches.', 'cluster'),

  tmc_resource_aggregations_total: counter('Lists and watches merged over sources.', 'verb', 'result'),
  tmc_resource_projections_total: counter('Projections applied.', 'result'),
  tmc_resource_conflicts_total: counter('Conflicts between clusters or writers.', 'resolution'),
  tmc_resource_transformations_total: counter('Transforms applied.', 'type', 'result'),
  tmc_virtual_workspaces_total: gauge('Workspaces whose view is in use.'),
  tmc_virtual_workspace_operation_duration_seconds: histogram('Time of an operation on a view.', LATENCY, 'operation'),
  tmc_virtual_workspace_errors_total: counter('Operations on views that failed.', 'error_type'),

  tmc_recovery_attempts_total: counter('Recoveries begun.', 'error_type'),
  tmc_recovery_successes_total: counter('Recoveries that worked.', 'error_type'),
  tmc_recovery_failures_total: counter('Recoveries that did not.', 'error_type'),
  tmc_recovery_duration_seconds: histogram('Time of a recovery.', DURATION, 'error_type'),

  syncer_resources_synced_total: counter('Objects synced.', 'sync_target'),
  syncer_sync_duration_seconds: histogram('Time of one sync.', DURATION, 'sync_target'),
  syncer_sync_errors_total: counter('Syncs that failed.', 'sync_target'),
  syncer_heartbeat_total: counter('Heartbeats sent.', 'sync_target'),
  syncer_heartbeat_errors_total: counter('Heartbeats that failed.', 'sync_target'),
  syncer_sync_backlog_size: gauge('Objects waiting.', 'sync_target'),
  syncer_connection_status: gauge('1 when connected.', 'sync_target'),
  syncer_resource_controllers: gauge('Kinds being synced.', 'sync_target'),
  syncer_uptime_seconds: gauge('Seconds since the syncer started.', 'sync_target'),
  syncer_operations_total: counter('Operations.', 'sync_target', 'resource_type', 'operation', 'result'),
  syncer_operation_duration_seconds: histogram(
    'Time of an operation.',
    DURATION,
    'sync_target',
    'resource_type',
    'operation',
  ),
  syncer_resources_total: gauge('Objects by status.', 'sync_target', 'resource_type', 'status'),
  syncer_target_health: gauge('1 when healthy.', 'sync_target', 'cluster'),
  syncer_errors_total: counter('Errors by type.', 'sync_target', 'error_type'),
} satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof METRICS;
