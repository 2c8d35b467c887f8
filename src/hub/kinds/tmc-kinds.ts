/** All kinds of TMC that the hub serves. */
import type { ResourceDefinition } from '../resource-definition.ts';
import { CLUSTER_REGISTRATION } from './cluster-registration.ts';
import { PLACEMENT } from './placement.ts';
import { SYNC_TARGET } from './sync-target.ts';
import { LOGICAL_CLUSTER, WORKSPACE } from './workspace.ts';

export const TMC_KINDS: readonly ResourceDefinition[] = [
  WORKSPACE,
  LOGICAL_CLUSTER,
  CLUSTER_REGISTRATION,
  SYNC_TARGET,
  PLACEMENT,
];
