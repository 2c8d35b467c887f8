/** Strategic merge patches over one Deployment, each also sent to kube-apiserver. */
import type { Json } from '../../../src/kube/object.ts';

export const ORIGINAL = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'web',
    namespace: 'default',
    labels: { a: '1', b: '2' },
    finalizers: ['x.io/a', 'x.io/b', 'x.io/c'],
  },
  spec: {
    replicas: 2,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: {
        containers: [
          {
            name: 'web',
            image: 'nginx:1',
            args: ['a', 'b'],
            env: [
              { name: 'A', value: '1' },
              { name: 'B', value: '2' },
            ],
            ports: [{ containerPort: 80 }, { containerPort: 443, name: 'tls' }],
          },
          { name: 'side', image: 'busybox' },
        ],
        volumes: [
          { name: 'v', emptyDir: {} },
          { name: 'w', hostPath: { path: '/w' } },
        ],
        tolerations: [{ key: 'k', operator: 'Exists' }],
        nodeSelector: { zone: 'x' },
      },
    },
  },
} as const;

const pod = (spec: Json): Json => ({ spec: { template: { spec } } });
const containers = (...list: Json[]): Json => pod({ containers: list });

export const STRATEGIC_PATCHES: readonly (readonly [name: string, patch: Json])[] = [
  ['scalar', { spec: { replicas: 5 } }],
  ['merge map, remove key', { metadata: { labels: { a: null, c: '3' } } }],
  ['remove a map', pod({ nodeSelector: null })],
  ['merge list item by key', containers({ name: 'web', image: 'nginx:2' })],
  ['add a list item', containers({ name: 'new', image: 'new' })],
  ['delete a list item', containers({ name: 'side', $patch: 'delete' })],
  ['delete an item that is not there', containers({ name: 'nope', $patch: 'delete' })],
  ['replace a list', containers({ $patch: 'replace' }, { name: 'only', image: 'x' })],
  ['atomic list replaced', containers({ name: 'web', args: ['c'] })],
  ['list without merge key replaced', pod({ tolerations: [{ key: 'z', operator: 'Exists' }] })],
  [
    'nested list by other key',
    containers({ name: 'web', ports: [{ containerPort: 443, name: 'https' }, { containerPort: 90 }] }),
  ],
  [
    'nested env',
    containers({
      name: 'web',
      env: [
        { name: 'B', value: '9' },
        { name: 'C', value: '3' },
        { name: 'A', $patch: 'delete' },
      ],
    }),
  ],
  ['primitive list merged', { metadata: { finalizers: ['x.io/d', 'x.io/a'] } }],
  ['primitive list deletion', { metadata: { '$deleteFromPrimitiveList/finalizers': ['x.io/b'] } }],
  [
    'primitive order',
    { metadata: { '$setElementOrder/finalizers': ['x.io/c', 'x.io/d', 'x.io/a'], finalizers: ['x.io/d'] } },
  ],
  [
    'element order',
    containers({ name: 'web', image: 'nginx:3' }) &&
      pod({
        '$setElementOrder/containers': [{ name: 'side' }, { name: 'web' }],
        containers: [{ name: 'web', image: 'nginx:3' }],
      }),
  ],
  [
    'element order with a new item',
    pod({
      '$setElementOrder/containers': [{ name: 'new' }, { name: 'web' }],
      containers: [{ name: 'new', image: 'x' }],
    }),
  ],
  ['order alone', pod({ '$setElementOrder/containers': [{ name: 'side' }, { name: 'web' }] })],
  [
    'order that the patch does not follow',
    pod({ '$setElementOrder/containers': [{ name: 'web' }], containers: [{ name: 'new', image: 'x' }] }),
  ],
  ['replace a map', { spec: { strategy: { $patch: 'replace', type: 'Recreate' } } }],
  ['retainKeys', { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } }],
  [
    'retainKeys on a volume',
    pod({ volumes: [{ name: 'v', $retainKeys: ['name', 'hostPath'], hostPath: { path: '/v' } }] }),
  ],
  ['retainKeys that lacks what is set', { spec: { strategy: { $retainKeys: ['rollingUpdate'], type: 'Recreate' } } }],
  ['retainKeys of a wrong type', { spec: { strategy: { $retainKeys: 'type', type: 'Recreate' } } }],
  ['unknown directive', { metadata: { labels: { $patch: 'zap' } } }],
  ['delete directive on a map', { metadata: { labels: { $patch: 'delete' } } }],
  ['item without its key', containers({ image: 'x' })],
  ['mixed list items', containers('x', { name: 'web' })],
  ['not an object', []],
  ['null where there is nothing', { metadata: { annotations: { x: null, y: 'z' } } }],
  ['order of a wrong type', pod({ '$setElementOrder/containers': 'x' })],
  ['merge directive in a list', containers({ $patch: 'merge', name: 'web' })],
];
