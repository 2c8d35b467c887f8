/** What a cluster takes of what is placed on it: the rule as a table, and between a hub and two clusters. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CLUSTER_REGISTRATIONS } from '../../src/clusters/kinds.ts';
import type { SyncFilter } from '../../src/hub/kinds/workload.ts';
import { formatObjectId } from '../../src/hub/object-id.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { refusalOf } from '../../src/sync/sync-filter.ts';
import { copies, DEPLOYMENTS, deployment, EVENTS, type Line, startLine, until } from './line.ts';

describe('refusalOf', () => {
  const web: KubeObject = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { labels: { tier: 'front' }, annotations: { team: 'a' } },
  };
  const id = formatObjectId({ resource: DEPLOYMENTS, workspace: 'root', namespace: 'shop', name: 'web' });

  it.each<[SyncFilter | undefined, string | undefined]>([
    [undefined, undefined],
    [{}, undefined],
    [{ namespaces: ['shop'], resources: [DEPLOYMENTS], selector: { matchLabels: { tier: 'front' } } }, undefined],
    [{ resources: [{ group: '*', resource: 'deployments' }], annotations: { team: 'a' } }, undefined],
    [{ resources: [{ group: 'apps', resource: '*' }] }, undefined],
    [{ resources: [{ resource: 'configmaps' }] }, 'it takes no deployments.apps'],
    [{ resources: [] }, 'it takes no deployments.apps'],
    [{ namespaces: ['other'] }, 'it takes nothing of the namespace "shop"'],
    [{ selector: { matchLabels: { tier: 'back' } } }, 'it takes nothing with such labels'],
    [{ annotations: { team: 'b' } }, 'it takes only what has the annotation team=b'],
  ])('%j: %s', (filter, expected) => expect(refusalOf(filter, id, web)).toBe(expected));

  it('does not ask cluster-scoped objects for a namespace', () => {
    const ofCluster = formatObjectId({
      resource: { group: '', resource: 'x' },
      workspace: 'root',
      namespace: '',
      name: 'a',
    });
    expect(refusalOf({ namespaces: ['shop'] }, ofCluster, web)).toBeUndefined();
  });
});

describe('a cluster with a filter', () => {
  let line: Line;
  beforeEach(async () => {
    line = await startLine();
  });
  afterEach(() => line.close());
  const registration = (sync: SyncFilter): KubeObject => ({
    apiVersion: 'tmc.kcp.io/v1alpha1',
    kind: 'ClusterRegistration',
    metadata: { name: 'east' },
    spec: {
      endpoint: { serverURL: 'https://east.test' },
      credentials: { secretRef: { namespace: 'default', name: 'east' } },
      sync,
    },
  });
  const names = async (cluster: Line['east']) =>
    (await copies(cluster, DEPLOYMENTS)).map(({ metadata }) => metadata.name).sort();

  it('takes what it selects and says so of the rest, lets go of what is deleted, and follows its filter', async () => {
    await line.hub.client.create('root', CLUSTER_REGISTRATIONS, registration({ annotations: { edge: 'yes' } }));
    const taken = deployment('taken', 2);
    taken.metadata.annotations = { edge: 'yes' };
    for (const one of [taken, deployment('left', 2)]) await line.hub.client.create('root', DEPLOYMENTS, one);
    await until('copies', async () => (await names(line.west)).length === 2 && (await names(line.east)).length > 0);
    const event = await until('the Event', async () =>
      (await line.hub.client.list('root', EVENTS)).items.find(({ object }) => object.reason === 'SyncNotTaken'),
    );
    expect(event.object).toMatchObject({
      message: 'east: it takes only what has the annotation edge=yes (spec.sync of its ClusterRegistration)',
      involvedObject: { name: 'left' },
    });
    expect(await names(line.east)).toEqual(['taken']);
    await line.hub.client.patch(
      { workspace: 'root', ...CLUSTER_REGISTRATIONS, name: 'east' },
      { type: 'merge', body: { spec: { sync: { annotations: { edge: null } } } } },
    );
    await until('both', async () => (await names(line.east)).length === 2);
    await line.hub.client.patch(
      { workspace: 'root', ...CLUSTER_REGISTRATIONS, name: 'east' },
      { type: 'merge', body: { spec: { sync: { namespaces: ['none'] } } } },
    );
    await line.hub.client.delete({ workspace: 'root', ...DEPLOYMENTS, namespace: 'default', name: 'left' });
    await until('the deletion to reach it', async () => String(await names(line.east)) === 'taken');
    await until(
      'the object to be gone',
      async () => (await line.hub.client.list('root', DEPLOYMENTS)).items.length === 1,
    );
  });
});
