import { expect, it } from 'vitest';
import type { ConflictPolicy } from '../../src/hub/kinds/resource-projection.ts';
import { RESOLVE_CONFLICT_ANNOTATION } from '../../src/hub/kinds/workload.ts';
import { type DriftRule, driftRule } from '../../src/sync/drift-rule.ts';

it.each<[ConflictPolicy, string, string | undefined, DriftRule]>([
  ['FirstWriter', 'heavy', 'Cluster', 'overwrite'],
  ['LastWriter', 'light', undefined, 'keep'],
  ['ClusterWeight', 'heavy', undefined, 'keep'],
  ['ClusterWeight', 'even', undefined, 'overwrite'],
  ['ClusterWeight', 'light', undefined, 'overwrite'],
  ['Manual', 'heavy', undefined, 'ask'],
  ['Manual', 'heavy', 'Workspace', 'overwrite'],
  ['Manual', 'light', 'Cluster', 'keep'],
  ['Manual', 'light', 'something', 'ask'],
])('%s in the %s cluster, decided %s: %s', (conflict, clusterName, decided, expected) => {
  const weights: Record<string, number> = { heavy: 2, even: 1, light: 0 };
  const annotations = decided === undefined ? {} : { [RESOLVE_CONFLICT_ANNOTATION]: decided };
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { annotations } };
  expect(driftRule({ conflict, weight: (name) => weights[name] ?? 1 }, clusterName, object)).toBe(expected);
});
