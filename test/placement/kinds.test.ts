import { describe, expect, it } from 'vitest';
import type { OwnerReference } from '../../src/kube/object.ts';
import { isPlaceable } from '../../src/placement/kinds.ts';

const owner = (apiVersion: string, kind: string, controller?: boolean): OwnerReference => ({
  apiVersion,
  kind,
  name: 'owner',
  uid: 'uid',
  ...(controller === undefined ? {} : { controller }),
});
const owned = (ownerReferences: OwnerReference[]) =>
  isPlaceable(
    { group: 'batch', resource: 'jobs' },
    { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'it', namespace: 'default', ownerReferences } },
  );

describe('isPlaceable', () => {
  it.each<[string, boolean, OwnerReference[]]>([
    ['nobody owns', true, []],
    ['was made from a CronJob by hand', true, [owner('batch/v1', 'CronJob', true)]],
    ['an operator made for its custom resource', true, [owner('example.com/v1', 'Database', true)]],
    ['a custom resource owns that is called as a built-in kind', true, [owner('example.com/v1', 'Deployment', true)]],
    ['a Deployment owns without controlling it', true, [owner('apps/v1', 'Deployment')]],
    ['clusters make again from a Deployment', false, [owner('apps/v1', 'Deployment', true)]],
    ['clusters make again from a ReplicationController', false, [owner('v1', 'ReplicationController', true)]],
  ])('what %s: %s', (_, placeable, owners) => {
    expect(owned(owners)).toBe(placeable);
  });
});
