/** workload.kcp.io/v1alpha1 SyncTarget: what a cluster offers (MISSION C2). */
import { parseGoDuration } from '../../kube/duration.ts';
import { invalidValue } from '../../kube/field-error.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { StatusCause } from '../../kube/status.ts';
import { BOOLEAN, CONDITIONS, defineKind, list, object, oneOf, STRING, STRING_MAP, STRINGS } from './define-kind.ts';
import type { SyncTarget } from './workload.ts';

const QUANTITIES = { type: 'object', additionalProperties: { 'x-kubernetes-int-or-string': true } } as const;

const RFC_3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

/** evictAfter is an instant (RFC 3339), as in kcp, or how long the cluster may be unusable. */
function validate(given: KubeObject): StatusCause[] {
  const after = (given as SyncTarget).spec?.evictAfter;
  if (after === undefined || (parseGoDuration(after) ?? -1n) >= 0n) return [];
  return RFC_3339.test(after) && !Number.isNaN(Date.parse(after))
    ? []
    : [invalidValue('spec.evictAfter', after, "must be an RFC 3339 time, or a duration such as '10m'")];
}

export const SYNC_TARGET = defineKind({
  group: 'workload.kcp.io',
  version: 'v1alpha1',
  kind: 'SyncTarget',
  plural: 'synctargets',
  categories: ['kcp'],
  spec: object({
    kcpCluster: STRING,
    supportedAPIExports: list(
      object({ workspace: object({ path: STRING, exportName: STRING }, 'path', 'exportName'), export: STRING }),
    ),
    cells: STRING_MAP,
    unschedulable: BOOLEAN,
    evictAfter: STRING,
  }),
  statusSchema: {
    ...object({
      allocatable: QUANTITIES,
      capacity: QUANTITIES,
      conditions: CONDITIONS,
      syncedResources: list(
        object(
          {
            group: STRING,
            resource: STRING,
            versions: STRINGS,
            state: oneOf('Pending', 'Accepted', 'Incompatible'),
          },
          'resource',
          'versions',
        ),
      ),
      lastSyncerHeartbeatTime: STRING,
      virtualWorkspaces: list(object({ url: STRING, syncerURL: STRING })),
    }),
    'x-kubernetes-preserve-unknown-fields': true,
  },
  validate,
});
