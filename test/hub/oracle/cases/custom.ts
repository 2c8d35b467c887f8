/** CustomResourceDefinitions and their objects. */
import { del, get, patch, post, put, type RequestSequence, sequence } from '../step.ts';

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const TABLE = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' };

const schema = {
  type: 'object',
  required: ['spec'],
  properties: {
    spec: {
      type: 'object',
      required: ['size'],
      properties: {
        size: { type: 'integer', minimum: 1, maximum: 10, multipleOf: 1 },
        color: { type: 'string', enum: ['red', 'green'], default: 'red' },
        name: { type: 'string', minLength: 2, maxLength: 5, pattern: '^[a-z]+$' },
        port: { 'x-kubernetes-int-or-string': true },
        when: { type: 'string', format: 'date-time' },
        maybe: { type: 'string', nullable: true },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        map: { type: 'object', additionalProperties: { type: 'integer' }, maxProperties: 2 },
        set: { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set', maxItems: 3 },
        list: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['k'],
          items: {
            type: 'object',
            required: ['k'],
            properties: { k: { type: 'string' }, v: { type: 'string', default: 'dv' } },
          },
        },
        replicas: { type: 'integer' },
        fixed: { type: 'string', 'x-kubernetes-validations': [{ rule: 'self == oldSelf', message: 'may not change' }] },
        pod: { type: 'object', 'x-kubernetes-embedded-resource': true, 'x-kubernetes-preserve-unknown-fields': true },
      },
      'x-kubernetes-validations': [
        {
          rule: "!has(self.name) || self.name != 'bad'",
          message: 'not bad',
          reason: 'FieldValueForbidden',
          fieldPath: '.name',
        },
        { rule: 'self.size < 9' },
      ],
    },
    status: {
      type: 'object',
      properties: { replicas: { type: 'integer' }, selector: { type: 'string' }, phase: { type: 'string' } },
    },
  },
};

const version = (name: string, more: object = {}) => ({
  name,
  served: true,
  storage: true,
  schema: { openAPIV3Schema: schema },
  ...more,
});
const crd = (plural: string, kind: string, spec: object = {}, group = '{ns}.io') => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.${group}` },
  spec: { group, scope: 'Namespaced', names: { plural, kind }, versions: [version('v1')], ...spec },
});
const full = {
  names: { plural: 'things', kind: 'Thing', shortNames: ['th'], categories: ['all'] },
  versions: [
    version('v1', {
      subresources: {
        status: {},
        scale: {
          specReplicasPath: '.spec.replicas',
          statusReplicasPath: '.status.replicas',
          labelSelectorPath: '.status.selector',
        },
      },
      selectableFields: [{ jsonPath: '.spec.color' }, { jsonPath: '.spec.size' }],
      additionalPrinterColumns: [
        { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
        { name: 'Phase', type: 'string', jsonPath: '.status.phase', priority: 1 },
        { name: 'Color', type: 'string', jsonPath: '.spec.color', description: 'of it', format: 'byte' },
      ],
    }),
    // Where all versions had one schema, upstream would take it for the definition's.
    version('v2', { storage: false, schema: { openAPIV3Schema: { ...schema, description: 'v2' } } }),
    version('v3', { storage: false, served: false }),
  ],
};
const THINGS = '/apis/{ns}.io/v1/namespaces/{ns}/things';
const thing = (name: string, spec: unknown, more: object = {}, metadata: object = {}) => ({
  apiVersion: '{ns}.io/v1',
  kind: 'Thing',
  metadata: { name, ...metadata },
  spec,
  ...more,
});
const served = [post(CRDS, crd('things', 'Thing', full)), get(THINGS, { until: 200 })];
const bad = (properties: object, more: object = {}) => ({
  versions: [version('v1', { schema: { openAPIV3Schema: { type: 'object', properties }, ...more } })],
});

export const CUSTOM: readonly RequestSequence[] = [
  sequence(
    'definitions that are refused',
    post(CRDS, crd('bads', 'Bad', { versions: [] })),
    post(CRDS, crd('bads', 'Bad', { versions: [version('v1', { storage: false })] })),
    post(CRDS, crd('bads', 'Bad', { versions: [version('v1'), version('v1')] })),
    post(CRDS, crd('bads', 'Bad', { versions: [version('v1', { schema: undefined })] })),
    post(CRDS, crd('bads', 'Bad', { scope: 'Wide' })),
    post(CRDS, crd('bads', 'Bad', { group: 'other.io' })),
    post(CRDS, crd('Bads', 'bad')),
    post(CRDS, crd('bads', 'Bad', { names: {} })),
    post(CRDS, crd('bads', 'Bad', bad({ spec: { type: 'wrong' } }))),
    post(CRDS, crd('bads', 'Bad', bad({ spec: {} }))),
    post(CRDS, crd('bads', 'Bad', bad({ spec: { type: 'object', properties: { a: { type: 'array' } } } }))),
    post(
      CRDS,
      crd('bads', 'Bad', bad({ spec: { type: 'object', properties: { a: { type: 'string', pattern: '(' } } } })),
    ),
    post(
      CRDS,
      crd('bads', 'Bad', bad({ spec: { type: 'object', properties: { a: { type: 'string', default: 5 } } } })),
    ),
    post(
      CRDS,
      crd(
        'bads',
        'Bad',
        bad({
          spec: { type: 'object', additionalProperties: { type: 'string' }, properties: { a: { type: 'string' } } },
        }),
      ),
    ),
    post(
      CRDS,
      crd(
        'bads',
        'Bad',
        bad({
          spec: {
            type: 'array',
            'x-kubernetes-list-type': 'map',
            items: { type: 'object', properties: { a: { type: 'string' } } },
          },
        }),
      ),
    ),
    post(
      CRDS,
      crd(
        'bads',
        'Bad',
        bad({ spec: { type: 'object', 'x-kubernetes-validations': [{ rule: 'self.nothing == 1' }] } }),
      ),
    ),
    post(CRDS, crd('bads', 'Bad', bad({ spec: { type: 'object', 'x-kubernetes-validations': [{ rule: 'self.' }] } }))),
    post(CRDS, crd('bads', 'Bad', bad({ metadata: { type: 'object', properties: { labels: { type: 'object' } } } }))),
    post(CRDS, crd('bads', 'Bad', { conversion: { strategy: 'Webhook' } })),
    post(CRDS, crd('bads', 'Bad', { preserveUnknownFields: true })),
    post(
      CRDS,
      crd('bads', 'Bad', {
        versions: [
          version('v1', { subresources: { scale: { specReplicasPath: 'x', statusReplicasPath: '.status.x' } } }),
        ],
      }),
    ),
    post(
      CRDS,
      crd('bads', 'Bad', {
        versions: [version('v1', { additionalPrinterColumns: [{ name: 'x', type: 'odd', jsonPath: 'y' }] })],
      }),
    ),
    post(
      CRDS,
      crd('bads', 'Bad', { versions: [version('v1', { selectableFields: [{ jsonPath: '.spec.nothing' }] })] }),
    ),
    post(CRDS, crd('bads', 'Bad', { versions: [version('One')] })),
    post(CRDS, { ...crd('bads', 'Bad'), metadata: { name: 'wrong' } }),
    post(CRDS, crd('bads', 'Bad', {}, 'thing.k8s.io')),
    post(CRDS, {}),
    post(`${CRDS}?fieldValidation=Strict`, { ...crd('bads', 'Bad'), nope: 1 }),
    post(`${CRDS}?dryRun=All`, crd('bads', 'Bad')),
    get(`${CRDS}/bads.{ns}.io`),
  ),
  sequence(
    'a definition becomes established, changes and goes',
    ...served,
    get(`${CRDS}/things.{ns}.io`, { untilText: 'Established' }),
    get(CRDS, { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io' }),
    get('/apis/{ns}.io', { until: 200 }),
    get('/apis/{ns}.io/v1', { until: 200 }),
    get('/apis/{ns}.io/v2/namespaces/{ns}/things'),
    get('/apis/{ns}.io/v3/namespaces/{ns}/things'),
    patch('merge', `${CRDS}/things.{ns}.io`, { spec: { scope: 'Cluster' } }),
    patch('merge', `${CRDS}/things.{ns}.io`, { spec: { names: { kind: 'Other' } } }),
    patch('merge', `${CRDS}/things.{ns}.io`, { spec: { group: 'other.io' } }),
    patch('merge', `${CRDS}/things.{ns}.io`, { spec: { versions: [] } }),
    patch('merge', `${CRDS}/things.{ns}.io`, { metadata: { labels: { a: 'b' } } }),
    post(THINGS, thing('t', { size: 1 })),
    del(`${CRDS}/things.{ns}.io`),
    get(`${CRDS}/things.{ns}.io`, { until: 404 }),
    get(THINGS, { until: 404 }),
    post(THINGS, thing('t', { size: 1 })),
  ),
  sequence(
    'objects: validation',
    ...served,
    ...[
      {},
      undefined,
      null,
      'x',
      [],
      { size: 0 },
      { size: 11 },
      { size: '1' },
      { size: 1.5 },
      { size: null },
      { size: 9 },
      { size: 1, color: 'blue' },
      { size: 1, name: 'a' },
      { size: 1, name: 'abcdef' },
      { size: 1, name: 'A1' },
      { size: 1, name: 'bad' },
      { size: 1, when: 'yesterday' },
      { size: 1, port: true },
      { size: 1, map: { a: 'x' } },
      { size: 1, map: { a: 1, b: 2, c: 3 } },
      { size: 1, set: ['a', 'a'] },
      { size: 1, set: ['a', 'b', 'c', 'd'] },
      { size: 1, list: [{ k: 'a' }, { k: 'a' }] },
      { size: 1, list: [{ v: 'a' }] },
      { size: 1, pod: { spec: {} } },
      { size: 0, color: 'x', name: '1' },
      { size: 1, maybe: null, color: null },
    ].map((spec, at) => post(THINGS, thing(`v${at}`, spec))),
    post(THINGS, { apiVersion: '{ns}.io/v1', kind: 'Thing', metadata: { name: 'Bad_Name' }, spec: { size: 1 } }),
    post(THINGS, {
      apiVersion: '{ns}.io/v1',
      kind: 'Thing',
      metadata: { name: 'lbl', labels: { 'a b': 'c' }, finalizers: ['x'] },
      spec: { size: 1 },
    }),
    post(THINGS, {
      apiVersion: '{ns}.io/v1',
      kind: 'Thing',
      metadata: { name: 'md', labels: { a: 1 } },
      spec: { size: 1 },
    }),
    post(THINGS, { apiVersion: '{ns}.io/v1', kind: 'Thing', metadata: 'x', spec: { size: 1 } }),
    post(THINGS, { apiVersion: '{ns}.io/v1', kind: 'Thing', spec: { size: 1 } }),
    post(THINGS, { kind: 'Thing', metadata: { name: 'noapi' }, spec: { size: 1 } }),
    post(THINGS, { metadata: { name: 'untyped' }, spec: { size: 1 } }),
    post(THINGS, thing('k', { size: 1 }, { kind: 'Other' })),
    post(THINGS, thing('k', { size: 1 }, { apiVersion: '{ns}.io/v2' })),
    post(THINGS, thing('k', { size: 1 }, { apiVersion: 'v1' })),
    post(THINGS, thing('k', { size: 1 }, {}, { namespace: 'elsewhere' })),
    post('/apis/{ns}.io/v1/namespaces/nowhere/things', thing('k', { size: 1 })),
    post(THINGS, ''),
    post(THINGS, '{'),
    post(THINGS, '[]'),
    post(THINGS, 'null'),
    post(THINGS, thing('k', { size: 1 }), { type: 'application/vnd.kubernetes.protobuf' }),
    post(THINGS, thing('k', { size: 1 }), { type: 'text/plain' }),
    post(THINGS, 'apiVersion: {ns}.io/v1\nkind: Thing\nmetadata: {name: yam}\nspec: {size: 2}\n', {
      type: 'application/yaml',
    }),
  ),
  sequence(
    'objects: pruning, defaults, warnings',
    ...served,
    post(
      THINGS,
      thing(
        'p1',
        { size: 1, extra: 1, list: [{ k: 'a', extra: 2 }], free: { any: { thing: 1 } } },
        { more: 1, status: { phase: 'x' } },
      ),
    ),
    post(
      `${THINGS}?fieldValidation=Strict`,
      thing('p2', { size: 1, extra: 1, list: [{ k: 'a', extra: 2 }] }, { more: 1 }),
    ),
    post(`${THINGS}?fieldValidation=Ignore`, thing('p3', { size: 1, extra: 1 }, {}, { unknown: 1 })),
    post(`${THINGS}?fieldValidation=Strict`, thing('p4', { size: 1 }, {}, { unknown: 1 })),
    post(THINGS, '{"apiVersion":"{ns}.io/v1","kind":"Thing","metadata":{"name":"p5"},"spec":{"size":1,"size":2}}'),
    post(
      THINGS,
      '{"apiVersion":"{ns}.io/v1","kind":"Thing","metadata":{"name":"p6"},"spec":{"size":1,"free":{"__proto__":{"a":1},"constructor":2},"__proto__":{"x":1}}}',
    ),
    get(`${THINGS}/p6`),
    post(
      THINGS,
      thing('p7', {
        size: 1,
        pod: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x', bogus: 1 }, spec: { a: 1 } },
        port: 80,
        maybe: null,
      }),
    ),
    patch('merge', `${THINGS}/p1`, { spec: { extra: 3, size: 2 } }),
    patch('merge', `${THINGS}/p1?fieldValidation=Strict`, { spec: { extra: 3 } }),
    patch('json', `${THINGS}/p1`, [{ op: 'add', path: '/spec/extra', value: 4 }]),
    patch('apply', `${THINGS}/p1?fieldManager=m`, thing('p1', { extra: 1, size: 2 })),
    patch('apply', `${THINGS}/p1?fieldManager=m&fieldValidation=Strict`, thing('p1', { extra: 1, size: 2 })),
    patch('apply', `${THINGS}/p1?fieldManager=m`, thing('p1', { size: 5, set: ['a'], list: [{ k: 'z', v: '1' }] })),
    patch('apply', `${THINGS}/p1?fieldManager=n`, thing('p1', { size: 2, set: ['b'], list: [{ k: 'y', v: '2' }] })),
    patch('apply', `${THINGS}/p1?fieldManager=m&force=true`, thing('p1', { size: 5 })),
    get(`${THINGS}/p1`),
    get('/apis/{ns}.io/v2/namespaces/{ns}/things/p1'),
  ),
  sequence(
    'objects: updates, status, scale, selectable fields, tables',
    ...served,
    post(THINGS, thing('u1', { size: 1, fixed: 'a', replicas: 2 }, { status: { phase: 'ignored' } })),
    put(`${THINGS}/u1`, thing('u1', { size: 2, fixed: 'a' })),
    put(`${THINGS}/u1`, thing('u1', { size: 2, fixed: 'b' }, {}, { resourceVersion: '$2.metadata.resourceVersion' })),
    put(
      `${THINGS}/u1`,
      thing('u1', { size: 2, fixed: 'a', replicas: 3 }, {}, { resourceVersion: '$2.metadata.resourceVersion' }),
    ),
    put(`${THINGS}/u1`, thing('u1', { size: 3, fixed: 'a' }, {}, { resourceVersion: '$2.metadata.resourceVersion' })),
    put(`${THINGS}/none`, thing('none', { size: 3 })),
    put(`${THINGS}/none`, thing('none', { size: 3 }, {}, { resourceVersion: '3' })),
    put(`${THINGS}/u1`, thing('other', { size: 3 })),
    patch('merge', `${THINGS}/u1/status`, {
      spec: { size: 8 },
      status: { phase: 'Ready', replicas: 1, selector: 'a=b', bogus: 1 },
      metadata: { labels: { x: 'y' } },
    }),
    patch('merge', `${THINGS}/u1/status`, { status: { phase: 5 } }),
    put(
      `${THINGS}/u1/status`,
      thing('u1', { size: 1 }, { status: { phase: 'Put' } }, { resourceVersion: '$10.metadata.resourceVersion' }),
    ),
    get(`${THINGS}/u1/status`),
    get(`${THINGS}/u1/scale`),
    patch('merge', `${THINGS}/u1/scale`, { spec: { replicas: 4 } }),
    put(`${THINGS}/u1/scale`, {
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'u1', namespace: '{ns}' },
      spec: { replicas: 6 },
    }),
    put(`${THINGS}/u1/scale`, {
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'u1', namespace: '{ns}' },
      spec: { replicas: -6 },
    }),
    patch('merge', `${THINGS}/u1/scale`, { spec: { replicas: 'x' } }),
    get(`${THINGS}/u1`),
    post(THINGS, thing('u2', { size: 7, color: 'green' })),
    get(`${THINGS}?fieldSelector=spec.color=green`),
    get(`${THINGS}?fieldSelector=spec.color!=green,spec.size=2`),
    get(`${THINGS}?fieldSelector=spec.name=x`),
    get(`${THINGS}?fieldSelector=metadata.name=u2`),
    get(THINGS, TABLE),
    get(`${THINGS}/u1`, TABLE),
    get('/apis/{ns}.io/v2/namespaces/{ns}/things', TABLE),
    get(`${THINGS}?watch=true&resourceVersion=$20.metadata.resourceVersion&timeoutSeconds=1`),
    get(`${THINGS}?watch=true&timeoutSeconds=1&fieldSelector=spec.color=green`, TABLE),
    get(`${THINGS}?limit=1`),
    patch('strategic', `${THINGS}/u1`, {}),
    patch('json', `${THINGS}/u1`, [{ op: 'replace', path: '/spec/size', value: 0 }]),
    patch('merge', `${THINGS}/u1`, { spec: null }),
    patch('merge', `${THINGS}/u1`, { kind: 'Other' }),
    patch('merge', `${THINGS}/none`, {}),
    get(THINGS, { accept: 'application/yaml' }),
    get(THINGS, { accept: 'application/vnd.kubernetes.protobuf' }),
    get(THINGS, { accept: 'application/vnd.kubernetes.protobuf, */*' }),
    del(THINGS),
    get(THINGS),
  ),
];
