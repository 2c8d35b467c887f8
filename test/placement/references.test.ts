import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../src/kube/object.ts';
import { podRequests } from '../../src/placement/pod-template.ts';
import { referencesOf } from '../../src/placement/references.ts';

const names = (object: KubeObject): string[] => referencesOf(object).map(({ resource, name }) => `${resource}/${name}`);

describe('referencesOf', () => {
  it('finds everything that a pod template names, once', () => {
    const deployment: KubeObject = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web' },
      spec: {
        template: {
          spec: {
            serviceAccountName: 'runner',
            imagePullSecrets: [{ name: 'registry' }],
            initContainers: [{ name: 'init', envFrom: [{ secretRef: { name: 'boot' } }] }],
            containers: [
              {
                name: 'main',
                env: [
                  { name: 'A', value: 'plain' },
                  { name: 'B', valueFrom: { configMapKeyRef: { name: 'settings', key: 'b' } } },
                  { name: 'C', valueFrom: { secretKeyRef: { name: 'key', key: 'c' } } },
                ],
                envFrom: [{ configMapRef: { name: 'settings' } }],
              },
            ],
            volumes: [
              { name: 'a', configMap: { name: 'files' } },
              { name: 'b', secret: { secretName: 'tls' } },
              { name: 'c', persistentVolumeClaim: { claimName: 'data' } },
              { name: 'd', projected: { sources: [{ configMap: { name: 'more' } }, { secret: { name: 'hidden' } }] } },
              { name: 'e', emptyDir: {} },
            ],
          },
        },
      },
    };
    expect(names(deployment).sort()).toEqual([
      'configmaps/files',
      'configmaps/more',
      'configmaps/settings',
      'persistentvolumeclaims/data',
      'secrets/boot',
      'secrets/hidden',
      'secrets/key',
      'secrets/registry',
      'secrets/tls',
      'serviceaccounts/runner',
    ]);
  });

  it.each<[string, KubeObject, string[]]>([
    [
      'a CronJob',
      {
        apiVersion: 'batch/v1',
        kind: 'CronJob',
        metadata: {},
        spec: {
          jobTemplate: {
            spec: { template: { spec: { containers: [{ envFrom: [{ configMapRef: { name: 'a' } }] }] } } },
          },
        },
      },
      ['configmaps/a', 'serviceaccounts/default'],
    ],
    [
      'an Ingress',
      { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: {}, spec: { tls: [{ secretName: 'cert' }] } },
      ['secrets/cert'],
    ],
    ['a ConfigMap', { apiVersion: 'v1', kind: 'ConfigMap', metadata: {}, data: { a: 'b' } }, []],
    ['nonsense', { apiVersion: 'v1', kind: 'Pod', metadata: {}, spec: { containers: 'x', volumes: 5 } }, []],
  ])('finds what %s names', (_name, object, expected) => {
    expect(names(object)).toEqual(expected);
  });
});

describe('podRequests', () => {
  it('adds containers up, counts limits where requests are missing, and the largest init container', () => {
    const resources = (requests: object, limits: object = {}) => ({ resources: { requests, limits } });
    expect(
      podRequests({
        containers: [resources({ cpu: '250m', memory: '64Mi' }), resources({}, { cpu: '1', memory: '1Gi' })],
        initContainers: [resources({ cpu: '2' })],
      }),
    ).toEqual({ cpu: 2_000, memory: 64 * 2 ** 20 + 2 ** 30, pods: 1 });
  });
});
