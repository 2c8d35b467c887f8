import { describe, expect, test } from 'vitest';
import type { ClusterCalls } from '../../src/clusters/join-calls.ts';
import { removePlaced } from '../../src/clusters/remove-placed.ts';
import { COPY_LABEL } from '../../src/hub/kinds/workload.ts';
import { locatorJson, NAMESPACE_LOCATOR_ANNOTATION, syncTargetKey } from '../../src/kube/namespace-locator.ts';
import type { ObjectMeta } from '../../src/kube/object.ts';

const OURS = { [COPY_LABEL]: syncTargetKey('root', 'east') };

/** A cluster with namespaces and ConfigMaps; what has a finalizer does not go. */
function fakeCluster(objects: Record<string, ObjectMeta>): ClusterCalls & { deleted: string[] } {
  const deleted: string[] = [];
  const verbs = ['list', 'delete'];
  const resources = [
    { name: 'namespaces', kind: 'Namespace', namespaced: false, verbs },
    { name: 'configmaps', kind: 'ConfigMap', namespaced: true, verbs },
    { name: 'configmaps/status', kind: 'ConfigMap', namespaced: true, verbs },
    { name: 'events', kind: 'Event', namespaced: true, verbs },
  ];
  const listed = (path: string, query: URLSearchParams): object => {
    const [, namespace, resource] = /^\/api\/v1\/(?:namespaces\/([^/]+)\/)?([a-z]+)$/.exec(path) ?? [];
    const selector = query.get('labelSelector') ?? '';
    const items = Object.entries(objects).filter(
      ([key, { labels }]) =>
        key.startsWith(`/api/v1/${namespace === undefined ? '' : `namespaces/${namespace}/`}`) &&
        key.split('/').at(-2) === resource &&
        (selector.startsWith('!') ? !labels?.[COPY_LABEL] : labels?.[COPY_LABEL] === OURS[COPY_LABEL]),
    );
    return { items: items.map(([, metadata]) => ({ metadata })) };
  };
  return {
    deleted,
    async call(method, url) {
      const [path = '', search = ''] = url.split('?');
      if (path === '/apis') return { groups: [] };
      if (path === '/api/v1') return { resources };
      if (method === 'GET') return listed(path, new URLSearchParams(search));
      deleted.push(path);
      const known = objects[path];
      if (known?.finalizers !== undefined) objects[path] = { ...known, deletionTimestamp: '2026-01-01T00:00:00Z' };
      else for (const key of Object.keys(objects)) if (key === path || key.startsWith(`${path}/`)) delete objects[key];
      return {};
    },
    apply: () => Promise.reject(new Error('nothing is applied')),
    remove: () => Promise.reject(new Error('nothing of joining is removed')),
    close: () => {},
  };
}

const namespace = (name: string, extra: Partial<ObjectMeta> = {}) => ({
  [`/api/v1/namespaces/${name}`]: { name, uid: name, labels: OURS, ...extra },
});
const map = (space: string, name: string, extra: Partial<ObjectMeta> = {}) => ({
  [`/api/v1/namespaces/${space}/configmaps/${name}`]: { name, namespace: space, uid: name, ...extra },
});

async function run(objects: Record<string, ObjectMeta>, patienceMs?: number) {
  const cluster = fakeCluster(objects);
  const steps: string[] = [];
  const options = { workspace: 'root', name: 'east', onStep: (text: string) => steps.push(text) };
  const failure = await removePlaced(cluster, { ...options, ...(patienceMs !== undefined && { patienceMs }) }).then(
    () => undefined,
    (error: Error) => error.message,
  );
  return { ...cluster, steps, failure, objects };
}

describe('what was placed in a cluster that leaves', () => {
  test('goes with its namespaces, in which what clusters make does not count', async () => {
    const locator = {
      syncTarget: { workspace: 'root', name: 'east', uid: 'u' },
      workspace: 'root:dev',
      namespace: 'shop',
    };
    const owned = { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'copy', uid: 'copy' }] };
    const { deleted, steps, failure } = await run({
      ...namespace('kcp-1', { annotations: { [NAMESPACE_LOCATOR_ANNOTATION]: locatorJson(locator) } }),
      ...map('kcp-1', 'copy', { labels: OURS }),
      ...map('kcp-1', 'made-of-it', owned),
      ...map('kcp-1', 'kube-root-ca.crt'),
    });
    expect(failure).toBeUndefined();
    expect(deleted).toEqual(['/api/v1/namespaces/kcp-1']);
    expect(steps).toEqual(['delete namespace kcp-1 (shop of root:dev)', '1 deleted and gone']);
  });

  test('leaves a namespace with what somebody else keeps there', async () => {
    const { deleted, steps, objects } = await run({
      ...namespace('kcp-1'),
      ...map('kcp-1', 'copy', { labels: OURS }),
      ...map('kcp-1', 'mine'),
    });
    expect(deleted).toEqual(['/api/v1/namespaces/kcp-1/configmaps/copy']);
    expect(Object.keys(objects)).toEqual(['/api/v1/namespaces/kcp-1', '/api/v1/namespaces/kcp-1/configmaps/mine']);
    expect(steps[0]).toBe('keep namespace kcp-1: it holds what was not placed: ConfigMap kcp-1/mine');
  });

  test('is named when something holds it, and deleted once only', async () => {
    const { deleted, failure } = await run(
      { ...namespace('kcp-1'), ...map('default', 'held', { labels: OURS, finalizers: ['x'] }) },
      700,
    );
    expect(failure).toBe(
      'Cannot leave "east": still there after 0.7 s: ConfigMap default/held; see what holds it, then run this again',
    );
    expect(deleted.filter((path) => path.endsWith('/held'))).toHaveLength(1);
  });

  test('may be nothing', async () => {
    expect((await run({ ...map('default', 'mine') })).steps).toEqual(['nothing was placed in the cluster']);
  });
});
