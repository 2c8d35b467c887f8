/** Random objects of a few kinds, small enough that they meet: few names, few values, some of them wrong. */
import fc from 'fast-check';

export interface RandomKind {
  readonly path: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly subresources: readonly ('status' | 'scale')[];
  /** Everything beside metadata; strategic merge patches are drawn from it too. */
  readonly content: fc.Arbitrary<object>;
  readonly custom?: boolean;
}

const inNamespace = (group: string, resource: string) =>
  `${group === '' ? '/api/v1' : `/apis/${group}/v1`}/namespaces/{ns}/${resource}`;
const maybe = <T extends Record<string, fc.Arbitrary<unknown>>>(fields: T) => fc.record(fields, { requiredKeys: [] });
/** Mostly the first ones. */
const rarely = <T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ arbitrary: usual, weight: 12 }, { arbitrary: odd, weight: 1 });

const text = fc.constantFrom('1', '2', 'three', '');
/** Never empty: Go tells an empty map that was sent from none, in a few messages. */
const entries = (value: fc.Arbitrary<unknown>) =>
  fc.dictionary(fc.constantFrom('a', 'b', 'c.d'), value, { minKeys: 1, maxKeys: 3 });
const WRONG = fc.constantFrom<unknown>(null, 1, true, 'text', [], {}, [null], { a: { b: 1 } }, 1.5, -1);

const labels = rarely(
  fc.dictionary(fc.constantFrom('app', 'tier', 'example.com/x'), fc.constantFrom('1', '2', ''), { maxKeys: 2 }),
  fc.oneof(fc.constantFrom<unknown>({ '-bad': '1' }, { app: 'no spaces' }, { app: 1 }), WRONG),
);
const version = fc.constantFrom('', '0', '1', 'x', '$-1.metadata.resourceVersion', '$-2.metadata.resourceVersion');

export const metadataFields = {
  labels,
  annotations: rarely(entries(text), WRONG),
  finalizers: rarely(
    fc.subarray(['example.com/a', 'example.com/b']),
    fc.oneof(fc.constantFrom<unknown>(['nope'], ['a/b/c'], ['example.com/a', 'example.com/a']), WRONG),
  ),
};
const serverFields = {
  resourceVersion: version,
  uid: fc.constantFrom('$-1.metadata.uid', '$-2.metadata.uid', '11111111-1111-1111-1111-111111111111'),
  generation: fc.constantFrom<unknown>(0, 7, -1),
  creationTimestamp: fc.constantFrom<unknown>(null, '2001-01-01T00:00:00Z', 'soon'),
  deletionTimestamp: fc.constantFrom<unknown>(null, '2001-01-01T00:00:00Z'),
  deletionGracePeriodSeconds: fc.constantFrom<unknown>(null, 0, 5),
  managedFields: fc.constantFrom<unknown>(null, [], [{}]),
  namespace: fc.constantFrom('{ns}', '', 'other'),
  selfLink: fc.constant('/x'),
  unknown: fc.constant(1),
};

/** A merge of usual fields, and now and then of one that is the server's. */
export const metadata: fc.Arbitrary<object> = fc
  .tuple(
    maybe(metadataFields),
    fc.oneof({ arbitrary: fc.constant({}), weight: 5 }, { arbitrary: maybe(serverFields), weight: 1 }),
  )
  .map(([usual, odd]) => ({ ...usual, ...odd }));

const container = maybe({
  name: fc.constantFrom('c', 'd', 'Bad'),
  image: fc.constantFrom('nginx', 'nginx:2', ''),
  command: fc.constantFrom(['a'], [], ['a', 'b']),
  env: fc.array(maybe({ name: fc.constantFrom('A', 'B'), value: text }), { maxLength: 2 }),
  ports: fc.array(maybe({ containerPort: fc.constantFrom(80, 81, 0), name: fc.constantFrom('p', 'q') }), {
    maxLength: 2,
  }),
});
const usualContainers = fc.constantFrom<unknown>(
  [{ name: 'c', image: 'nginx' }],
  [{ name: 'c', image: 'nginx:2', env: [{ name: 'A', value: '1' }] }],
  [
    { name: 'c', image: 'nginx' },
    { name: 'd', image: 'x' },
  ],
);
const deploymentContent = maybe({
  spec: fc
    .tuple(
      fc.constant({ selector: { matchLabels: { app: '1' } } }),
      maybe({
        replicas: rarely(fc.constantFrom(0, 1, 3), fc.constantFrom<unknown>(-1, 'x', 1.5, null)),
        paused: fc.boolean(),
        minReadySeconds: rarely(fc.constantFrom(0, 5), fc.constant(-1)),
        strategy: fc.constantFrom<unknown>({ type: 'Recreate' }, { rollingUpdate: { maxSurge: '50%' } }, {}, null),
        unknown: fc.constant(1),
      }),
      rarely(usualContainers, fc.array(container, { maxLength: 2 })),
      rarely(fc.constant({ app: '1' }), fc.constant({ app: '2' })),
    )
    .map(([selector, more, containers, templateLabels]) => ({
      ...selector,
      ...more,
      template: { metadata: { labels: templateLabels }, spec: { containers } },
    })),
  status: maybe({
    replicas: fc.constantFrom(0, 2),
    observedGeneration: fc.constantFrom(0, 1),
    conditions: fc.constantFrom<unknown>([{ type: 'Available', status: 'True' }], []),
  }),
});

const gadgetContent = maybe({
  spec: rarely(
    maybe({
      size: rarely(fc.constantFrom(0, 1, 2), fc.constantFrom<unknown>(-1, 'x', 1.5, null, 11)),
      color: rarely(fc.constantFrom('red', 'green'), WRONG),
      set: rarely(fc.subarray(['a', 'b', 'c']), fc.constantFrom<unknown>(['a', 'a'], [1])),
      list: rarely(
        fc.uniqueArray(fc.record({ k: fc.constantFrom('x', 'y'), v: fc.constantFrom(1, 2) }), {
          selector: ({ k }) => k,
          maxLength: 2,
        }),
        fc.constantFrom<unknown>([{ v: 1 }], [{ k: 'x' }, { k: 'x' }]),
      ),
      atomic: entries(text),
      free: entries(fc.oneof(text, WRONG)),
      replicas: rarely(fc.constantFrom(0, 1, 2), fc.constantFrom<unknown>(-1, 'x')),
      unknown: fc.constant(1),
    }),
    WRONG,
  ),
  status: rarely(maybe({ replicas: fc.constantFrom(0, 2), phase: text, unknown: fc.constant(1) }), WRONG),
  unknown: fc.constant({ a: 1 }),
});

export const RANDOM_KINDS: readonly RandomKind[] = [
  {
    path: inNamespace('', 'configmaps'),
    apiVersion: 'v1',
    kind: 'ConfigMap',
    subresources: [],
    content: maybe({
      data: rarely(entries(text), fc.oneof(WRONG, entries(WRONG))),
      binaryData: rarely(entries(fc.constantFrom('', 'AQ==')), entries(fc.constantFrom<unknown>('!', 1))),
      immutable: fc.boolean(),
      unknown: fc.constant(1),
    }),
  },
  {
    path: inNamespace('', 'secrets'),
    apiVersion: 'v1',
    kind: 'Secret',
    subresources: [],
    content: maybe({
      data: rarely(entries(fc.constantFrom('', 'AQ==')), entries(WRONG)),
      stringData: entries(text),
      type: rarely(fc.constantFrom('Opaque', 'example.com/x'), fc.constantFrom('kubernetes.io/basic-auth', 'a b')),
    }),
  },
  {
    path: inNamespace('apps', 'deployments'),
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    subresources: ['status', 'scale'],
    content: deploymentContent,
  },
  {
    path: inNamespace('coordination.k8s.io', 'leases'),
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    subresources: [],
    content: maybe({
      spec: maybe({
        holderIdentity: text,
        leaseDurationSeconds: fc.constantFrom<unknown>(1, 5, 0, -1, 'x'),
        renewTime: fc.constantFrom<unknown>('2024-01-01T00:00:00.000000Z', null, 'x'),
      }),
    }),
  },
  {
    path: inNamespace('rbac.authorization.k8s.io', 'roles'),
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    subresources: [],
    content: maybe({
      rules: fc.array(
        maybe({
          apiGroups: fc.constantFrom<unknown>([''], ['apps', '']),
          resources: fc.constantFrom<unknown>(['pods'], ['*'], []),
          verbs: fc.constantFrom<unknown>(['get'], ['*'], []),
          unknown: fc.constant(1),
        }),
        { maxLength: 2 },
      ),
    }),
  },
  {
    path: inNamespace('fuzz.example.com', 'gadgets'),
    apiVersion: 'fuzz.example.com/v1',
    kind: 'Gadget',
    subresources: ['status', 'scale'],
    content: gadgetContent,
    custom: true,
  },
];

const text1 = { type: 'string' };
/** The definition of the kind that is not built in. */
export const GADGET_DEFINITION = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'gadgets.fuzz.example.com' },
  spec: {
    group: 'fuzz.example.com',
    scope: 'Namespaced',
    names: { plural: 'gadgets', singular: 'gadget', kind: 'Gadget', listKind: 'GadgetList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: {
          status: {},
          scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
        },
        selectableFields: [{ jsonPath: '.spec.color' }],
        additionalPrinterColumns: [{ name: 'Color', type: 'string', jsonPath: '.spec.color' }],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                'x-kubernetes-validations': [{ rule: '!has(self.size) || self.size != 2 || self.color != "green"' }],
                properties: {
                  size: { type: 'integer', minimum: 0, maximum: 10 },
                  color: { type: 'string', enum: ['red', 'green'], default: 'red' },
                  set: { type: 'array', items: text1, 'x-kubernetes-list-type': 'set' },
                  list: {
                    type: 'array',
                    'x-kubernetes-list-type': 'map',
                    'x-kubernetes-list-map-keys': ['k'],
                    items: { type: 'object', required: ['k'], properties: { k: text1, v: { type: 'integer' } } },
                  },
                  atomic: { type: 'object', additionalProperties: text1, 'x-kubernetes-map-type': 'atomic' },
                  free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                  replicas: { type: 'integer' },
                },
              },
              status: { type: 'object', properties: { replicas: { type: 'integer' }, phase: text1 } },
            },
          },
        },
      },
    ],
  },
};
