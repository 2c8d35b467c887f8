/** A kind `Widget` of `{ns}.example.com` in two versions, v1 with `host` and `port`, v2 with `address`, and what a webhook makes of it. */
import type { Json } from '../../../src/kube/object.ts';
import type { AdmissionReview, Reply } from '../../support/webhook-server.ts';
import { get, patch, post, put, type RequestStep } from '../oracle/step.ts';

type Body = { [key: string]: Json };
export interface Widget {
  apiVersion: string;
  kind: string;
  metadata: Body;
  spec?: Body;
  status?: Body;
}

export interface ConversionCase {
  readonly name: string;
  /** Of the CRD's versions; default v1. */
  readonly storage?: 'v1' | 'v2';
  /** What is done to each converted object before it is answered. */
  readonly spoil?: (widget: Widget) => unknown;
  /** The whole answer; default a review with the converted objects. */
  readonly answer?: (review: AdmissionReview, converted: readonly unknown[]) => Reply;
  readonly steps: readonly RequestStep[];
}

/** The conversion itself; unknown fields stay. */
export function convertWidget(widget: Widget, apiVersion: string): Widget {
  const { host, port, address, ...spec } = widget.spec ?? {};
  const [ownHost = '', ownPort = '0'] = String(address ?? '').split(':');
  const [from, to] = [widget.apiVersion, apiVersion].map((one) => one.split('/')[1]);
  if (from === to) return widget;
  const converted =
    to === 'v2'
      ? { ...spec, ...(host === undefined ? {} : { address: `${host}:${port ?? 0}` }) }
      : { ...spec, ...(address === undefined ? {} : { host: ownHost, port: Number(ownPort) }) };
  return { ...widget, apiVersion, ...(widget.spec === undefined ? {} : { spec: converted }) };
}

const GROUP = '/apis/{ns}.example.com';
const url = (version: string, name = '', more = ''): string =>
  `${GROUP}/${version}/namespaces/{ns}/widgets${name === '' ? '' : `/${name}`}${more}`;
const widget = (version: string, name: string, spec: object, metadata: object = {}) => ({
  apiVersion: `{ns}.example.com/${version}`,
  kind: 'Widget',
  metadata: { name, ...metadata },
  spec,
});
const one = (name: string, metadata: object = {}) => widget('v1', name, { host: 'here', port: 1 }, metadata);
const two = (name: string, metadata: object = {}) => widget('v2', name, { address: 'there:2' }, metadata);
const TABLE = 'application/json;as=Table;g=meta.k8s.io;v=v1';
const PARTIAL = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
const LIST_PARTIAL = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

const crdPatch = (versions: object, rest: object = {}) =>
  patch('merge', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.{ns}.example.com', {
    spec: { ...versions, ...rest },
  });

const review =
  (status: object, objects?: readonly unknown[], more: object = {}) =>
  (given: AdmissionReview): Reply => ({
    text: JSON.stringify({
      apiVersion: given.apiVersion,
      kind: given.kind,
      response: { uid: given.request.uid, result: status, convertedObjects: objects, ...more },
    }),
  });

const FAILED = { status: 'Failure', message: 'no way' };
/** Stored in v1, read in v2: what a spoilt answer comes to in each verb. */
const READS: readonly RequestStep[] = [
  post(url('v1'), one('a')),
  get(url('v1', 'a')),
  get(url('v2', 'a')),
  patch('merge', url('v2', 'a'), { metadata: { labels: { x: 'y' } } }),
  post(url('v2'), two('b')),
];
const spoilt = (name: string, spoil: (widget: Widget) => unknown): ConversionCase => ({ name, spoil, steps: READS });
const answered = (name: string, answer: NonNullable<ConversionCase['answer']>): ConversionCase => ({
  name,
  answer,
  steps: READS,
});
const metadata = (more: object) => (given: Widget) => ({ ...given, metadata: { ...given.metadata, ...more } });

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions?dryRun=All';
/** A definition of another kind, with a conversion that is to be looked at. */
const crd = (conversion: unknown): RequestStep =>
  post(CRDS, {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'gears.{ns}.example.com' },
    spec: {
      group: '{ns}.example.com',
      scope: 'Namespaced',
      names: { plural: 'gears', singular: 'gear', kind: 'Gear', listKind: 'GearList' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      conversion,
    },
  });
const webhook = (clientConfig: unknown, conversionReviewVersions: unknown = ['v1']) =>
  crd({ strategy: 'Webhook', webhook: { clientConfig, conversionReviewVersions } });
const URL_CONFIG = { url: 'https://hooks.example.com/convert' };

export const CONVERSION_CASES: readonly ConversionCase[] = [
  {
    name: 'what a definition may say of conversion',
    steps: [
      crd({ strategy: 'None' }),
      webhook(URL_CONFIG),
      webhook({ service: { namespace: 'a', name: 'b', path: '/c' } }),
      webhook({ service: { namespace: 'a', name: 'b', port: 70_000 } }),
      webhook({ service: { namespace: '', name: '' } }),
      webhook({ ...URL_CONFIG, service: { namespace: 'a', name: 'b' } }),
      webhook({}),
      webhook({ url: 'http://hooks.example.com' }),
      webhook({ url: 'https://user@hooks.example.com/?x=y#z' }),
      webhook(URL_CONFIG, []),
      webhook(URL_CONFIG, ['v1', 'v1']),
      webhook(URL_CONFIG, ['v2', 'Not Valid']),
      webhook(URL_CONFIG, ['v2', 'v1beta1']),
      crd({ strategy: 'Webhook' }),
      crd({ strategy: 'Other' }),
      crd({ strategy: 'None', webhook: { clientConfig: URL_CONFIG, conversionReviewVersions: ['v1'] } }),
    ],
  },
  {
    name: 'objects are stored in one version and served in both',
    steps: [
      post(url('v1'), one('a')),
      post(url('v2'), two('b', { labels: { of: 'two' } })),
      get(url('v1', 'a')),
      get(url('v2', 'a')),
      get(url('v1', 'b')),
      get(url('v2', 'b')),
      get(url('v2')),
      get(url('v1')),
      get(url('v2', '', '?limit=1')),
      get(url('v2', '', '?labelSelector=of%3Dtwo')),
      get(url('v2', '', '?labelSelector=of%3Dtwo&limit=1')),
      get(url('v2', '', '?fieldSelector=spec.address%3Dhere:1')),
      get(url('v2', '', '?fieldSelector=spec.address%3Dthere:2&limit=1')),
      get(url('v1', '', '?fieldSelector=spec.address%3Dhere:1')),
      get(url('v2', '', '?fieldSelector=metadata.name%3Db')),
    ],
  },
  {
    name: 'tables and metadata of the version that is asked for',
    steps: [
      post(url('v1'), one('a')),
      get(url('v2'), { accept: TABLE }),
      get(url('v2', 'a'), { accept: TABLE }),
      get(url('v1'), { accept: TABLE }),
      get(url('v2', 'a'), { accept: PARTIAL }),
      get(url('v2'), { accept: LIST_PARTIAL }),
      get(url('v2'), { accept: 'application/yaml' }),
    ],
  },
  {
    name: 'writes in either version',
    steps: [
      post(url('v1'), one('a')),
      put(url('v2', 'a'), widget('v2', 'a', { address: 'far:3' })),
      get(url('v1', 'a')),
      patch('merge', url('v2', 'a'), { spec: { address: 'near:4' } }),
      patch('json', url('v1', 'a'), [{ op: 'replace', path: '/spec/port', value: 5 }]),
      get(url('v2', 'a')),
      put(url('v2', 'a', '/status'), { ...widget('v2', 'a', { address: 'no:0' }), status: { ready: true } }),
      patch('merge', url('v2', 'a', '/status'), { spec: { address: 'no:0' }, status: { ready: true } }),
      get(url('v1', 'a')),
      patch('merge', url('v2', 'a', '?dryRun=All'), { spec: { address: 'dry:6' } }),
      post(url('v2', '', '?dryRun=All'), two('dry')),
      put(url('v2', 'a', '?fieldValidation=Strict'), widget('v2', 'a', { address: 'x:1', host: 'x' })),
      put(url('v2', 'a'), widget('v2', 'a', { address: 7 })),
      patch('merge', url('v2', 'a'), {}),
      { method: 'DELETE', url: url('v2', 'a') },
      get(url('v1', 'a')),
    ],
  },
  {
    name: 'the storage version may be the second one',
    storage: 'v2',
    steps: [
      post(url('v1'), one('a')),
      get(url('v1', 'a')),
      get(url('v2', 'a')),
      put(url('v1', 'a'), widget('v1', 'a', { host: 'again', port: 9 })),
      get(url('v2', 'a')),
      get(url('v1')),
    ],
  },
  {
    name: 'the storage version changes while there are objects',
    steps: [
      post(url('v1'), one('a')),
      crdPatch({ versions: '<storage v2>' }),
      post(url('v2'), two('b'), { until: 201 }),
      get(url('v1')),
      get(url('v2')),
      patch('merge', url('v1', 'a'), { metadata: { labels: { x: 'y' } } }),
      get(url('v2', 'a')),
      get('/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.{ns}.example.com'),
    ],
  },
  {
    name: 'fields are owned in the version in which they were written',
    steps: [
      patch('apply', `${url('v1', 'a')}?fieldManager=first`, one('a')),
      patch('apply', `${url('v2', 'a')}?fieldManager=second`, two('a')),
      patch('apply', `${url('v2', 'a')}?fieldManager=second&force=true`, two('a')),
      get(url('v1', 'a')),
      patch('apply', `${url('v1', 'a')}?fieldManager=first`, widget('v1', 'a', { host: 'there' })),
      patch('apply', `${url('v2', 'a')}?fieldManager=second`, widget('v2', 'a', {})),
      get(url('v1', 'a')),
      patch('merge', `${url('v1', 'a')}?fieldManager=third`, { spec: { port: 8 } }),
      get(url('v2', 'a')),
    ],
  },
  {
    name: "labels and annotations are the webhook's to change",
    spoil: metadata({ labels: { by: 'webhook' }, annotations: null, finalizers: ['x.example.com/no'], generation: 77 }),
    steps: [
      post(url('v1'), one('a', { labels: { was: 'here' }, annotations: { was: 'here' } })),
      get(url('v2', 'a')),
      get(url('v2', '', '?labelSelector=by%3Dwebhook')),
      get(url('v2', '', '?labelSelector=was%3Dhere')),
      post(url('v2'), two('b', { annotations: { was: 'here' } })),
      get(url('v1', 'b')),
    ],
  },
  {
    name: 'what the webhook answers is pruned and defaulted',
    spoil: (given) => ({ ...given, spec: { ...given.spec, unheard: 1 }, more: 2 }),
    steps: [post(url('v1'), one('a')), get(url('v2', 'a')), post(url('v2'), two('b')), get(url('v1', 'b'))],
  },
  spoilt('another name', metadata({ name: 'other' })),
  spoilt('another namespace', metadata({ namespace: 'other' })),
  spoilt('another uid', metadata({ uid: 'other' })),
  spoilt('no metadata', ({ metadata: _, ...rest }) => rest),
  spoilt('metadata that is none', (given) => ({ ...given, metadata: 'none' })),
  spoilt('labels that are none', metadata({ labels: 'none' })),
  spoilt('a label that is a number', metadata({ labels: { x: 1 } })),
  spoilt('a label that is not valid', metadata({ labels: { 'not valid!': 'x' } })),
  // One only: kube-apiserver goes through a map, and names several in any order.
  spoilt('an annotation that is not valid', metadata({ annotations: { 'not valid!': 'x' } })),
  spoilt('another kind', (given) => ({ ...given, kind: 'Gadget' })),
  spoilt('another version', (given) => ({ ...given, apiVersion: 'other.example.com/v3' })),
  spoilt('no kind', ({ apiVersion }) => ({ apiVersion })),
  spoilt('no apiVersion', ({ apiVersion: _, ...rest }) => rest),
  answered('a failure', review(FAILED)),
  answered('a failure without words', review({ status: 'Failure' })),
  answered('no status', review({})),
  answered('no objects', review({ status: 'Success' }, [])),
  answered('too many objects', (given, converted) =>
    review({ status: 'Success' }, [...converted, ...converted])(given),
  ),
  answered("another review's uid", (given, converted) =>
    review({ status: 'Success' }, converted, { uid: 'other' })(given),
  ),
  answered('no response', (given) => ({
    text: JSON.stringify({ apiVersion: given.apiVersion, kind: given.kind }),
  })),
  answered('no type', (given, converted) => ({
    text: JSON.stringify({
      response: { uid: given.request.uid, result: { status: 'Success' }, convertedObjects: converted },
    }),
  })),
  answered('a review of another kind', (given) => ({
    text: JSON.stringify({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: { uid: given.request.uid },
    }),
  })),
  answered('an answer that is no JSON', () => ({ text: 'hello' })),
  answered('an empty answer', () => ({ text: '' })),
  answered('status 500', () => ({ status: 500, type: 'text/plain', text: 'out of order' })),
  answered('status 404', () => ({ status: 404, type: 'text/plain', text: 'nothing here' })),
  {
    name: 'a list of what cannot be converted',
    answer: review(FAILED),
    steps: [
      post(url('v1'), one('a')),
      get(url('v1')),
      get(url('v2', '', '?resourceVersion=')),
      { method: 'DELETE', url: url('v2', 'a') },
      { method: 'DELETE', url: url('v1', 'a') },
    ],
  },
];
