/** Sequences of writes to one object, for comparing ownership with kube-apiserver's. */
import type { Json } from '../../../src/kube/object.ts';

export type Step =
  | { readonly verb: 'create' | 'update'; readonly manager: string; readonly body: Json; readonly subresource?: string }
  | {
      readonly verb: 'apply';
      readonly manager: string;
      readonly body: Json;
      readonly force?: boolean;
      readonly subresource?: string;
    }
  | {
      readonly verb: 'json' | 'merge' | 'strategic';
      readonly manager: string;
      readonly body: Json;
      readonly subresource?: string;
    };

export interface OwnershipCase {
  readonly name: string;
  readonly path: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly steps: readonly Step[];
}

const deployment = (spec: object, metadata: object = {}): Json =>
  ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec }) as Json;

const template = (containers: Json[]): Json => ({
  metadata: { labels: { app: 'web' } },
  spec: { containers },
});
const web = (image: string, extra: { [field: string]: Json } = {}): Json => ({ name: 'web', image, ...extra });
const selector = { matchLabels: { app: 'web' } };
const base = { selector, template: template([web('nginx:1')]) };

const deployments = { path: '/apis/apps/v1/namespaces/default/deployments', apiVersion: 'apps/v1', kind: 'Deployment' };
const configMaps = { path: '/api/v1/namespaces/default/configmaps', apiVersion: 'v1', kind: 'ConfigMap' };
const services = { path: '/api/v1/namespaces/default/services', apiVersion: 'v1', kind: 'Service' };
const configMap = (data: object | null | undefined, metadata: object = {}): Json =>
  ({ apiVersion: 'v1', kind: 'ConfigMap', metadata, ...(data === undefined ? {} : { data }) }) as Json;
const service = (spec: object, metadata: object = {}): Json =>
  ({ apiVersion: 'v1', kind: 'Service', metadata, spec }) as Json;

export const OWNERSHIP_CASES: readonly OwnershipCase[] = [
  {
    name: 'create, then update and patches by others',
    ...deployments,
    steps: [
      { verb: 'create', manager: 'kubectl-create', body: deployment({ replicas: 2, ...base }, { labels: { a: '1' } }) },
      { verb: 'merge', manager: 'scaler', body: { spec: { replicas: 3 } } },
      { verb: 'strategic', manager: 'setter', body: { spec: { template: template([web('nginx:2')]) } } },
      { verb: 'json', manager: 'jsoner', body: [{ op: 'add', path: '/metadata/labels/b', value: '2' }] },
      { verb: 'merge', manager: 'scaler', body: { metadata: { labels: null, annotations: { x: 'y' } } } },
    ],
  },
  {
    name: 'apply, apply again, remove a field',
    ...deployments,
    steps: [
      { verb: 'apply', manager: 'one', body: deployment({ replicas: 2, ...base }, { labels: { a: '1', b: '2' } }) },
      { verb: 'apply', manager: 'one', body: deployment({ replicas: 2, ...base }, { labels: { a: '1', b: '2' } }) },
      { verb: 'apply', manager: 'one', body: deployment(base, { labels: { a: '1' } }) },
      { verb: 'apply', manager: 'one', body: deployment(base) },
    ],
  },
  {
    name: 'conflicts, force, shared ownership',
    ...deployments,
    steps: [
      { verb: 'apply', manager: 'one', body: deployment({ replicas: 2, ...base }) },
      { verb: 'apply', manager: 'two', body: deployment({ replicas: 3 }) },
      { verb: 'apply', manager: 'two', body: deployment({ replicas: 3, template: template([web('nginx:9')]) }) },
      { verb: 'apply', manager: 'two', body: deployment({ replicas: 3 }), force: true },
      { verb: 'apply', manager: 'three', body: deployment({ replicas: 3 }) },
      { verb: 'apply', manager: 'two', body: deployment({}) },
      { verb: 'apply', manager: 'one', body: deployment({ replicas: 2, ...base }) },
    ],
  },
  {
    name: 'conflict with updaters, with a subresource',
    ...deployments,
    steps: [
      { verb: 'create', manager: 'maker', body: deployment({ replicas: 2, ...base }) },
      { verb: 'apply', manager: 'one', body: deployment({ replicas: 5, paused: true, ...base }) },
      { verb: 'apply', manager: 'one', body: deployment({ replicas: 5, ...base }), force: true },
      {
        verb: 'merge',
        manager: 'controller',
        subresource: 'status',
        body: { status: { observedGeneration: 1, replicas: 5 } },
      },
      {
        verb: 'apply',
        manager: 'reporter',
        subresource: 'status',
        body: { apiVersion: 'apps/v1', kind: 'Deployment', status: { replicas: 6 } },
      },
      {
        verb: 'apply',
        manager: 'reporter',
        subresource: 'status',
        force: true,
        body: {
          apiVersion: 'apps/v1',
          kind: 'Deployment',
          status: { replicas: 6, conditions: [{ type: 'Available', status: 'True' }] },
        },
      },
    ],
  },
  {
    name: 'lists by key: ports, env, several containers, order',
    ...deployments,
    steps: [
      {
        verb: 'apply',
        manager: 'one',
        body: deployment({
          selector,
          template: template([
            web('nginx:1', { ports: [{ containerPort: 80 }], env: [{ name: 'A', value: '1' }] }),
            { name: 'side', image: 'busybox' },
          ]),
        }),
      },
      {
        verb: 'apply',
        manager: 'two',
        body: deployment({
          template: {
            spec: {
              containers: [
                { name: 'extra', image: 'x' },
                { name: 'web', env: [{ name: 'B', value: '2' }], ports: [{ containerPort: 81, protocol: 'UDP' }] },
              ],
            },
          },
        }),
      },
      {
        verb: 'apply',
        manager: 'one',
        body: deployment({ selector, template: template([web('nginx:1', { env: [{ name: 'C', value: '3' }] })]) }),
      },
      { verb: 'apply', manager: 'two', body: deployment({}) },
    ],
  },
  {
    name: 'map data: granular keys, empty maps, nulls',
    ...configMaps,
    steps: [
      { verb: 'apply', manager: 'one', body: configMap({ a: '1', b: '2' }) },
      { verb: 'apply', manager: 'two', body: configMap({ c: '3' }) },
      { verb: 'apply', manager: 'one', body: configMap({ b: '2' }) },
      { verb: 'apply', manager: 'one', body: configMap({}) },
      { verb: 'apply', manager: 'two', body: configMap(undefined) },
      { verb: 'apply', manager: 'one', body: configMap(null) },
      {
        verb: 'apply',
        manager: 'one',
        body: configMap({ a: '<&>' }, { annotations: { 'x.io/y': 'z' }, finalizers: ['x.io/f'] }),
      },
      { verb: 'merge', manager: 'cleaner', body: { metadata: { finalizers: null } } },
    ],
  },
  {
    name: 'moving from client-side apply',
    ...configMaps,
    steps: [
      {
        verb: 'create',
        manager: 'kubectl-client-side-apply',
        body: configMap(
          { a: '1', b: '2' },
          {
            annotations: {
              'kubectl.kubernetes.io/last-applied-configuration':
                '{"apiVersion":"v1","data":{"a":"1","b":"2"},"kind":"ConfigMap","metadata":{"annotations":{},"name":"x","namespace":"default"}}\n',
            },
          },
        ),
      },
      { verb: 'apply', manager: 'kubectl', body: configMap({ a: '2', b: '2' }) },
      { verb: 'merge', manager: 'other', body: { data: { b: '9' } } },
      { verb: 'apply', manager: 'kubectl', body: configMap({ a: '2', b: '3' }) },
    ],
  },
  {
    name: 'reset and rewriting of managedFields by an update',
    ...configMaps,
    steps: [
      { verb: 'apply', manager: 'one', body: configMap({ a: '1' }) },
      { verb: 'merge', manager: 'other', body: { metadata: { managedFields: [{}] } } },
      { verb: 'merge', manager: 'other', body: { data: { a: '2' } } },
      { verb: 'apply', manager: 'one', body: configMap({ a: '3' }) },
      { verb: 'apply', manager: 'one', body: configMap({ a: '3' }), force: true },
      { verb: 'json', manager: 'other', body: [{ op: 'replace', path: '/metadata/managedFields', value: [] }] },
      { verb: 'apply', manager: 'one', body: configMap({ b: '3' }) },
    ],
  },
  {
    name: 'many updaters become ancient changes',
    ...configMaps,
    steps: [
      { verb: 'create', manager: 'm0', body: configMap({ k0: '0' }) },
      ...Array.from({ length: 13 }, (_, at) => ({
        verb: 'merge' as const,
        manager: `m${at + 1}`,
        body: { data: { [`k${at + 1}`]: 'x' } },
      })),
    ],
  },
  {
    name: 'service ports with a defaulted key, atomic and replaced lists',
    ...services,
    steps: [
      {
        verb: 'apply',
        manager: 'one',
        body: service({
          selector: { app: 'web' },
          ports: [
            { port: 80, name: 'http' },
            { port: 443, name: 'tls' },
          ],
        }),
      },
      { verb: 'apply', manager: 'two', body: service({ ports: [{ port: 80, protocol: 'TCP', targetPort: 8080 }] }) },
      {
        verb: 'apply',
        manager: 'two',
        body: service({ ports: [{ port: 80, protocol: 'TCP', targetPort: 8080 }] }),
        force: true,
      },
      {
        verb: 'apply',
        manager: 'one',
        body: service({ selector: { app: 'api' }, ports: [{ port: 80, name: 'http' }] }),
      },
      { verb: 'apply', manager: 'two', body: service({ externalIPs: ['1.2.3.4'], selector: null }) },
    ],
  },
  {
    name: 'faults: not of the type, duplicates, wrong kind, managedFields in the body',
    ...services,
    steps: [
      { verb: 'apply', manager: 'one', body: service({ ports: [{ port: 80 }] }) },
      { verb: 'apply', manager: 'one', body: service({ ports: [{ port: 80 }, { port: 80 }] }) },
      { verb: 'apply', manager: 'one', body: service({ ports: [{ name: 'x' }] }) },
      { verb: 'apply', manager: 'one', body: service({ foo: 1 }) },
      { verb: 'apply', manager: 'one', body: service({ ports: {} }) },
      { verb: 'apply', manager: 'one', body: service({ type: 5 }) },
      { verb: 'apply', manager: 'one', body: service({}, { managedFields: [] }) },
      { verb: 'apply', manager: 'one', body: { apiVersion: 'v1', kind: 'Pod', metadata: {} } },
      { verb: 'apply', manager: 'one', body: { apiVersion: 'v2', kind: 'Service', metadata: {} } },
    ],
  },
];
