/** Columns of TMC's own kinds and kcp's, by resource. */
import type { GroupResource } from '../../kube/resource.ts';
import { groupResourceName } from '../../kube/resource.ts';
import type { PrinterColumn } from '../resource-definition.ts';

const text = (name: string, jsonPath: string, description: string, priority = 0): PrinterColumn => ({
  name,
  type: 'string',
  jsonPath,
  description,
  priority,
});
const number = (name: string, jsonPath: string, description: string, priority = 0): PrinterColumn => ({
  name,
  type: 'integer',
  jsonPath,
  description,
  priority,
});
const ready = text('Ready', '.status.conditions[?(@.type=="Ready")].status', 'Whether it is ready.');
const why = text('Reason', '.status.conditions[?(@.type=="Ready")].reason', 'Why it is, or is not.', 1);
const age: PrinterColumn = {
  name: 'Age',
  type: 'date',
  jsonPath: '.metadata.creationTimestamp',
  description: 'Time since the object was created.',
};

const COLUMNS: Readonly<Record<string, readonly PrinterColumn[]>> = {
  'workspaces.tenancy.kcp.io': [
    text('Type', '.spec.type.name', 'Type of the workspace.'),
    text('Region', '.metadata.labels.region', 'Region of the workspace.', 1),
    text('Phase', '.status.phase', 'How far the workspace has come.'),
    text('URL', '.spec.URL', 'Where its API is.'),
    age,
  ],
  'logicalclusters.core.kcp.io': [
    text('Phase', '.status.phase', 'How far the logical cluster has come.'),
    text('URL', '.status.URL', 'Where its API is.'),
    age,
  ],
  'synctargets.workload.kcp.io': [
    ready,
    text('Heartbeat', '.status.lastSyncerHeartbeatTime', 'When the syncer was last heard of.', 1),
    { name: 'Unschedulable', type: 'boolean', jsonPath: '.spec.unschedulable', description: 'Takes nothing new.' },
    text('CPU', '.status.allocatable.cpu', 'Processors that it offers.', 1),
    text('Memory', '.status.allocatable.memory', 'Memory that it offers.', 1),
    why,
    age,
  ],
  'clusterregistrations.tmc.kcp.io': [
    text('Server', '.spec.endpoint.serverURL', 'Where the cluster is.'),
    text('Version', '.status.kubernetesVersion', 'Kubernetes version of the cluster.'),
    text('Region', '.spec.location.region', 'Region of the cluster.', 1),
    text('Zone', '.spec.location.zone', 'Zone of the cluster.', 1),
    text('Mode', '.spec.mode', 'Who dials whom.', 1),
    ready,
    why,
    age,
  ],
  'placements.placement.kcp.io': [
    text('Strategy', '.spec.placementPolicy.strategy', 'How targets are chosen.'),
    text('Targets', '.status.selectedTargets[*].name', 'First of the targets that were chosen.'),
    ready,
    why,
    age,
  ],
  'workloadplacements.tmc.kcp.io': [text('Strategy', '.spec.strategy', 'How clusters are chosen.'), ready, why, age],
  'resourcetransforms.tmc.kcp.io': [
    number('Priority', '.spec.priority', 'Higher is applied later, and so has the last word.'),
    text('Resource', '.spec.resources[*].resource', 'First of the resources that it concerns.'),
    text('Operation', '.spec.transforms[*].operation', 'First of its operations.'),
    text('Path', '.spec.transforms[*].path', 'Where the first of its operations works.'),
    age,
  ],
  'resourceprojections.tmc.kcp.io': [
    text('Resource', '.spec.resources[*].resource', 'First of the resources that it concerns.'),
    text('Projection', '.spec.projection', 'What of them is shown.'),
    text('Merge', '.spec.merge', 'How equal names of several clusters are shown.'),
    text('Conflict', '.spec.conflict', 'Whose word stands where a copy was changed.', 1),
    text('Status', '.spec.status', 'How the statuses of copies become one.', 1),
    text('Health', '.spec.health', 'How many clusters must be well.', 1),
    number('Priority', '.spec.priority', 'Higher is applied later, and so has the last word.', 1),
    ready,
    why,
    age,
  ],
  'aggregatedviews.tmc.kcp.io': [
    text('Workspace', '.status.workspaceName', 'The workspace whose view is counted.'),
    text('Health', '.status.health', 'What the health of the clusters comes to.'),
    number('Healthy', '.status.healthStatus.healthy', 'Clusters that are healthy.'),
    number('Degraded', '.status.healthStatus.degraded', 'Clusters that answer, but not as they should.'),
    number('Unhealthy', '.status.healthStatus.unhealthy', 'Clusters that do not answer.'),
    number('Unknown', '.status.healthStatus.unknown', 'Clusters of which nothing is known yet.', 1),
    number('Deployments', '.status.resourceCount.deployments', 'Deployments in the view.'),
    number('Pods', '.status.resourceCount.pods', 'Pods in the view.'),
    number('Services', '.status.resourceCount.services', 'Services in the view.'),
    number('ConfigMaps', '.status.resourceCount.configMaps', 'ConfigMaps in the view.'),
    number('Secrets', '.status.resourceCount.secrets', 'Secrets in the view.'),
    text('Updated', '.status.lastUpdated', 'When this was counted.', 1),
  ],
  'apiexports.apis.kcp.io': [ready, why, age],
  'apibindings.apis.kcp.io': [text('Export', '.spec.reference.export.name', 'What is bound.'), ready, age],
};

/** Undefined for resources that are not TMC's. */
export const tmcColumns = (resource: GroupResource): readonly PrinterColumn[] | undefined => {
  const name = groupResourceName(resource);
  return Object.hasOwn(COLUMNS, name) ? COLUMNS[name] : undefined;
};
