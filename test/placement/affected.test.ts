import { describe, expect, it } from 'vitest';
import { formatObjectId } from '../../src/hub/object-id.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import { affectedByCluster, affectedByObject } from '../../src/placement/affected.ts';
import { PlacementIndex } from '../../src/placement/placement-index.ts';
import { cluster } from './facts.ts';

const KINDS = {
  Deployment: { group: 'apps', resource: 'deployments' },
  ConfigMap: { group: '', resource: 'configmaps' },
  Service: { group: '', resource: 'services' },
  Ingress: { group: 'networking.k8s.io', resource: 'ingresses' },
} as const;

function tracked() {
  const objects = new Map<string, KubeObject>();
  const index = new PlacementIndex((id) => objects.get(formatObjectId(id)));
  const set = (kind: keyof typeof KINDS, workspace: string, name: string, object: KubeObject | undefined) => {
    const id = formatObjectId({ resource: KINDS[kind], workspace, namespace: 'shop', name });
    const previous = objects.get(id);
    if (object === undefined) objects.delete(id);
    else objects.set(id, object);
    return index.set(KINDS[kind], workspace, 'shop', name, object, previous);
  };
  const put = (kind: keyof typeof KINDS, name: string, content: object, metadata: object = {}, workspace = 'root') => {
    const object: KubeObject = {
      apiVersion: 'v1',
      kind,
      metadata: { name, namespace: 'shop', ...metadata },
      ...content,
    };
    const { before, after } = set(kind, workspace, name, object);
    return [...affectedByObject(index, before, after)].map((id) => id.split('|').slice(1).join('|')).sort();
  };
  const drop = (kind: keyof typeof KINDS, name: string) => {
    const { before, after } = set(kind, 'root', name, undefined);
    return [...affectedByObject(index, before, after)].map((id) => id.split('|').at(-1)).sort();
  };
  return { index, put, drop };
}

const runs = (configMap?: string) => ({
  spec: {
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [configMap ? { envFrom: [{ configMapRef: { name: configMap } }] } : {}] },
    },
  },
});
const on = (...keys: string[]) => ({
  labels: Object.fromEntries(keys.map((key) => [`state.workload.kcp.io/${key}`, 'Sync'])),
});
const names = (affected: string[]) => affected.map((id) => id.split('|').at(-1));

describe('affectedByObject', () => {
  it('is the object itself when it alone has changed', () => {
    const { put } = tracked();
    put('ConfigMap', 'other', {});
    put('Deployment', 'web', runs(), { generation: 1 });
    expect(names(put('Deployment', 'web', { ...runs(), replicas: 2 }, { generation: 2 }))).toEqual(['web']);
  });

  it('is nothing when status or someone else’s annotation changed', () => {
    const { put } = tracked();
    put('Deployment', 'web', runs(), { generation: 1 });
    const annotations = { note: 'x', 'experimental.status.workload.kcp.io/A': '{}' };
    expect(put('Deployment', 'web', { ...runs(), status: { replicas: 4 } }, { generation: 1, annotations })).toEqual(
      [],
    );
  });

  it('is what it needs, and the Services of its pods, when it is placed elsewhere', () => {
    const { put } = tracked();
    put('Service', 'web', { spec: { selector: { app: 'web' } } });
    put('Service', 'other', { spec: { selector: { app: 'other' } } });
    put('Deployment', 'web', runs('settings'), { generation: 1 });
    expect(names(put('Deployment', 'web', runs('settings'), { generation: 1, ...on('A') }))).toEqual([
      'default',
      'settings',
      'web',
      'web',
    ]);
  });

  it('is what it needed before and what it needs now when that changes', () => {
    const { put, drop } = tracked();
    put('Deployment', 'web', runs('old'), { generation: 1 });
    expect(names(put('Deployment', 'web', runs('new'), { generation: 2 }))).toEqual(['default', 'new', 'old', 'web']);
    expect(drop('Deployment', 'web')).toEqual(['default', 'new', 'web']);
  });

  it('is the Ingress that leads to a Service', () => {
    const { put } = tracked();
    put('Ingress', 'front', { spec: { defaultBackend: { service: { name: 'web' } } } });
    expect(names(put('Service', 'web', { spec: {} }, on('A')))).toContain('front');
  });

  it('never is anything of another workspace', () => {
    const { put } = tracked();
    put('Service', 'web', { spec: { selector: { app: 'web' } } }, {}, 'root:b');
    expect(put('Deployment', 'web', runs(), {}, 'root:a').every((id) => id.startsWith('root:a|'))).toBe(true);
  });
});

describe('affectedByCluster', () => {
  const { index, put } = tracked();
  put('Deployment', 'here', runs(), on('key-east'));
  put('Deployment', 'elsewhere', runs(), on('key-west'));
  put('Deployment', 'foreign', runs(), on('key-east'), 'other');
  const east = cluster('east');
  const affected = (before: typeof east | undefined, after: typeof east | undefined) =>
    [...affectedByCluster(index, before, after, ['root'], ['deployments.apps|root|shop|waiting'])]
      .map((id) => id.split('|').at(-1) ?? '')
      .sort();

  it.each<[string, string[], string[]]>([
    ['nothing changed', affected(east, { ...east }), []],
    ['it turned bad: what it holds', affected(east, { ...east, health: 'Unhealthy' }), ['foreign', 'here']],
    ['it came back: all that may use it', affected({ ...east, health: 'Unhealthy' }, east), ['elsewhere', 'here']],
    ['it joined', affected(undefined, east), ['elsewhere', 'here']],
    ['it was cordoned', affected(east, { ...east, unschedulable: true }), ['elsewhere', 'here']],
    [
      'it has more room: what has no place',
      affected(east, { ...east, allocatable: { cpu: 1, memory: 1, pods: 1 } }),
      ['waiting'],
    ],
    ['only the words about its health changed', affected(east, { ...east, healthReason: 'slow' }), []],
  ])('when %s', (_name, found, expected) => {
    expect(found).toEqual(expected);
  });
});
