import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../src/kube/object.ts';
import { toDownstream } from '../../src/sync/transform.ts';

const target = {
  clusterName: 'east',
  workspace: 'root',
  uid: 'target-uid',
  key: 'KEY',
  namespaceMapping: 'Hashed',
} as const;

const web: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'web',
    namespace: 'shop',
    uid: 'hub-uid',
    resourceVersion: '7',
    generation: 3,
    creationTimestamp: '2026-01-01T00:00:00Z',
    labels: { app: 'web', 'state.workload.kcp.io/KEY': 'Sync', 'state.workload.kcp.io/OTHER': 'Sync' },
    annotations: {
      note: 'kept',
      'kubectl.kubernetes.io/last-applied-configuration': '{}',
      'experimental.spec-diff.workload.kcp.io/KEY': '[{"op":"add","path":"/replicas","value":2}]',
      'experimental.status.workload.kcp.io/KEY': '{}',
    },
    finalizers: ['workload.kcp.io/syncer-KEY', 'example.com/own'],
    ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'y' }],
    managedFields: [{ manager: 'kubectl' }],
  },
  spec: { replicas: 4, template: {} },
  status: { replicas: 4 },
};

const object = (kind: string, content: object, metadata: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name: 'it', namespace: 'shop', uid: 'u', ...metadata },
  ...content,
});

describe('toDownstream', () => {
  it('carries what the author wrote, this target’s replicas, and who it is a copy of', () => {
    const before = structuredClone(web);
    const { object: copy, hash } = toDownstream(target, 'root:a', web);
    expect(copy).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: {
        name: 'web',
        namespace: expect.stringMatching(/^kcp-[0-9a-z]{12}$/),
        labels: { app: 'web', 'internal.workload.kcp.io/cluster': 'KEY' },
        annotations: { note: 'kept', 'tmc.kcp.io/upstream-uid': 'hub-uid', 'tmc.kcp.io/applied-hash': hash },
      },
      spec: { replicas: 2, template: {} },
    });
    expect(web).toEqual(before);
  });

  it('has the same hash for the same wish and another for another', () => {
    const { hash } = toDownstream(target, 'root:a', web);
    expect(toDownstream(target, 'root:a', { ...web, status: { replicas: 0 } }).hash).toBe(hash);
    expect(toDownstream(target, 'root:a', { ...web, spec: { replicas: 9, template: {} } }).hash).toBe(hash);
    expect(toDownstream(target, 'root:a', { ...web, spec: { replicas: 4, template: { a: 1 } } }).hash).not.toBe(hash);
  });

  it('puts equal names of two workspaces in different namespaces', () => {
    const [a, b] = ['root:a', 'root:b'].map((workspace) => toDownstream(target, workspace, web).object);
    expect(a?.metadata.namespace).not.toBe(b?.metadata.namespace);
  });

  it('leaves addresses to the cluster, but for a headless Service', () => {
    const spec = (clusterIP: string) =>
      toDownstream(target, 'root', object('Service', { spec: { clusterIP, clusterIPs: [clusterIP], ports: [] } }))
        .object.spec;
    expect(spec('10.0.0.1')).toEqual({ ports: [] });
    expect(spec('None')).toEqual({ clusterIP: 'None', clusterIPs: ['None'], ports: [] });
  });

  it('translates the namespaces of RoleBinding subjects', () => {
    const subjects = [
      { kind: 'ServiceAccount', name: 'bot', namespace: 'shop' },
      { kind: 'User', name: 'alice' },
    ];
    const { object: copy } = toDownstream(target, 'root', object('RoleBinding', { subjects }));
    expect(copy.subjects).toEqual([{ ...subjects[0], namespace: copy.metadata.namespace }, subjects[1]]);
  });

  it('says whose a cluster-scoped copy is, and any copy where namespaces are not ours', () => {
    const locator = (copy: KubeObject) => JSON.parse(copy.metadata.annotations?.['kcp.io/namespace-locator'] ?? 'null');
    const scoped: KubeObject = { ...object('Widget', {}), metadata: { name: 'w', uid: 'u' } };
    expect(locator(toDownstream(target, 'root:a', scoped).object)).toMatchObject({
      workspace: 'root:a',
      namespace: '',
    });
    const identity = { ...target, namespaceMapping: 'Identity' } as const;
    const { object: copy } = toDownstream(identity, 'root:a', web);
    expect(copy.metadata.namespace).toBe('shop');
    expect(locator(copy)).toMatchObject({ workspace: 'root:a', namespace: 'shop' });
  });

  it.each([
    ['a test that fails', '[{"op":"replace","path":"/absent/deep","value":1}]'],
    ['no JSON', '{'],
  ])('refuses a spec difference that does not apply: %s', (_name, diff) => {
    const broken = structuredClone(web);
    broken.metadata.annotations = { 'experimental.spec-diff.workload.kcp.io/KEY': diff };
    expect(() => toDownstream(target, 'root', broken)).toThrow();
  });

  it('takes no harm from prototype keys', () => {
    const data = JSON.parse('{"__proto__":"x","constructor":"y"}') as object;
    const { object: copy } = toDownstream(target, 'root', object('ConfigMap', { data }));
    expect(JSON.stringify(copy.data)).toBe('{"__proto__":"x","constructor":"y"}');
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });
});
