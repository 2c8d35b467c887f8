/** All kinds of TMC that the hub serves. */
import type { ResourceDefinition } from '../resource-definition.ts';
import { AGGREGATED_VIEW } from './aggregated-view.ts';
import { API_KINDS } from './api-kinds.ts';
import { CLUSTER_REGISTRATION } from './cluster-registration.ts';
import { PLACEMENT } from './placement.ts';
import { PLACEMENT_REVIEW } from './placement-review.ts';
import { RESOURCE_PROJECTION } from './resource-projection.ts';
import { RESOURCE_TRANSFORM } from './resource-transform.ts';
import { SYNC_TARGET } from './sync-target.ts';
import { WORKLOAD_PLACEMENT } from './workload-placement.ts';
import { LOGICAL_CLUSTER, WORKSPACE } from './workspace.ts';

export const TMC_KINDS: readonly ResourceDefinition[] = [
  WORKSPACE,
  LOGICAL_CLUSTER,
  ...API_KINDS,
  SYNC_TARGET,
  PLACEMENT,
  PLACEMENT_REVIEW,
  CLUSTER_REGISTRATION,
  WORKLOAD_PLACEMENT,
  RESOURCE_TRANSFORM,
  RESOURCE_PROJECTION,
  AGGREGATED_VIEW,
];
