import { describe, expect, it } from 'vitest';
import { currentPlacement, heldTargets } from '../../src/hub/kinds/placed-object.ts';
import type { KubeObject, ObjectMeta } from '../../src/kube/object.ts';
import { placementPatch } from '../../src/placement/placement-patch.ts';

const NOW = '2026-01-01T00:00:00Z';
const object = (metadata: ObjectMeta): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', resourceVersion: '9', ...metadata },
});
const target = (key: string, replicas?: number) => ({ key, name: key, replicas });
const placed = object({
  labels: { app: 'web', 'state.workload.kcp.io/A': 'Sync' },
  annotations: { 'experimental.spec-diff.workload.kcp.io/A': '[{"op":"add","path":"/replicas","value":4}]' },
  finalizers: ['other', 'workload.kcp.io/syncer-A'],
});

describe('placementPatch', () => {
  it('writes label, replicas and finalizer of a new target, against the version that was read', () => {
    expect(placementPatch(object({ finalizers: ['other'] }), [target('A', 4)], NOW)).toEqual({
      metadata: {
        resourceVersion: '9',
        labels: { 'state.workload.kcp.io/A': 'Sync' },
        annotations: { 'experimental.spec-diff.workload.kcp.io/A': '[{"op":"add","path":"/replicas","value":4}]' },
        finalizers: ['other', 'workload.kcp.io/syncer-A'],
      },
    });
  });

  it('writes nothing when the decision stands', () => {
    expect(placementPatch(placed, [target('A', 4)], NOW)).toBeUndefined();
  });

  it('marks a target that is left, and keeps the rest until it is gone there', () => {
    expect(placementPatch(placed, [], NOW)).toEqual({
      metadata: { annotations: { 'deletion.internal.workload.kcp.io/A': NOW } },
    });
  });

  it('takes the mark away when the target is wanted again', () => {
    const leaving = object({
      ...placed.metadata,
      annotations: { ...placed.metadata.annotations, 'deletion.internal.workload.kcp.io/A': NOW },
    });
    expect(currentPlacement(leaving)).toEqual(new Map());
    expect(heldTargets(leaving)).toEqual(new Set(['A']));
    expect(placementPatch(leaving, [target('A', 4)], NOW)).toEqual({
      metadata: { annotations: { 'deletion.internal.workload.kcp.io/A': null } },
    });
  });

  it('removes what someone wrote under our prefixes by hand, and nothing else', () => {
    const written = object({
      labels: { app: 'web', 'state.workload.kcp.io/B': 'Sync' },
      annotations: { note: 'x', 'experimental.spec-diff.workload.kcp.io/B': '[]' },
    });
    expect(placementPatch(written, [], NOW)).toEqual({
      metadata: {
        labels: { 'state.workload.kcp.io/B': null },
        annotations: { 'experimental.spec-diff.workload.kcp.io/B': null },
      },
    });
  });

  it('reads back what it wrote, and survives nonsense', () => {
    expect(currentPlacement(placed)).toEqual(new Map([['A', 4]]));
    for (const nonsense of ['{', '5', '[{"path":"/replicas","value":-1}]', '[null]'])
      expect(
        currentPlacement(
          object({
            labels: { 'state.workload.kcp.io/A': 'Sync' },
            annotations: { 'experimental.spec-diff.workload.kcp.io/A': nonsense },
          }),
        ),
      ).toEqual(new Map([['A', undefined]]));
  });
});
