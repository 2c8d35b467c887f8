/**
 * tmc.kcp.io/v1alpha1 AggregatedView (MISSION A8): what a workspace's view holds, in numbers. Computed when it is read
 * (src/aggregate/aggregated-view.ts) and never stored, so it can only be read.
 */
import type { KubeObject } from '../../kube/object.ts';
import { defineKind, object, oneOf, STRING, STRINGS } from './define-kind.ts';

/** The one object that each workspace has. */
export const AGGREGATED_VIEW_NAME = 'workspace';

export interface AggregatedView extends KubeObject {
  status: {
    /** The workspace's path. */
    workspaceName: string;
    /** Clusters that the workspace may use, by name. */
    syncTargets: string[];
    /** Objects in the view, by kind (`deployments`, `configMaps`): hub and clusters, placed copies not counted again. */
    resourceCount: Record<string, number>;
    /** The sync targets by the health that the gateway sees. */
    healthStatus: { healthy: number; degraded: number; unhealthy: number; unknown: number };
    /** What they come to, by the rule `health` of the projections that name `aggregatedviews.tmc.kcp.io`; default All. */
    health: 'Healthy' | 'Degraded' | 'Unhealthy' | 'Unknown';
    /** RFC 3339: when this was counted. */
    lastUpdated: string;
  };
}

const COUNT = { type: 'integer', format: 'int64' } as const;

export const AGGREGATED_VIEW = defineKind({
  group: 'tmc.kcp.io',
  version: 'v1alpha1',
  kind: 'AggregatedView',
  plural: 'aggregatedviews',
  readOnly: true,
  statusSchema: object({
    workspaceName: STRING,
    syncTargets: STRINGS,
    resourceCount: { type: 'object', additionalProperties: COUNT },
    healthStatus: object({ healthy: COUNT, degraded: COUNT, unhealthy: COUNT, unknown: COUNT }),
    health: oneOf('Healthy', 'Degraded', 'Unhealthy', 'Unknown'),
    lastUpdated: { type: 'string', format: 'date-time' },
  }),
});
