/** Random sequences of requests; `$-1.path` in them stands for what the step before answered. */
import fc from 'fast-check';
import { metadata, metadataFields, RANDOM_KINDS, type RandomKind } from './random-objects.ts';
import type { RequestSequence, RequestStep } from './step.ts';

const NAMES = ['one', 'two'];
const name = fc.constantFrom(...NAMES);
const rare = <T>(usual: T, ...odd: T[]) =>
  fc.oneof({ arbitrary: fc.constant(usual), weight: 10 }, { arbitrary: fc.constantFrom(usual, ...odd), weight: 2 });

/** `?a=b` of what was drawn. */
const query = (fields: Record<string, fc.Arbitrary<string | undefined>>): fc.Arbitrary<string> =>
  fc.record(fields).map((values) => {
    const pairs = Object.entries(values).filter(([, value]) => value !== undefined);
    return pairs.length === 0
      ? ''
      : `?${pairs.map(([key, value]) => `${key}=${encodeURIComponent(value as string).replaceAll('%24', '$')}`).join('&')}`;
  });

const writeQuery = query({
  dryRun: rare(undefined, 'All', 'Odd'),
  fieldManager: fc.constantFrom(undefined, 'm1', 'm2'),
  fieldValidation: rare(undefined, 'Strict', 'Warn', 'Ignore', 'Odd'),
});
const applyQuery = query({
  dryRun: rare(undefined, 'All'),
  fieldManager: rare('m1', 'm2', 'kubectl', undefined),
  force: rare(undefined, 'true', 'false'),
  fieldValidation: rare(undefined, 'Strict', 'Ignore'),
});

/** A whole object; `named`: as its URL names it. */
const objectOf = ({ apiVersion, kind, content }: RandomKind, named: string | undefined): fc.Arbitrary<object> =>
  fc
    .tuple(
      metadata,
      content,
      named === undefined
        ? fc.constantFrom({ name: 'one' }, { name: 'two' }, { generateName: 'gen-' }, {})
        : fc.constant({ name: named }),
    )
    .map(([meta, rest, identity]) => ({ apiVersion, kind, metadata: { ...meta, ...identity }, ...rest }));

const partOf = ({ content }: RandomKind): fc.Arbitrary<object> =>
  fc.oneof(
    content,
    fc.record(metadataFields, { requiredKeys: [] }).map((fields) => ({ metadata: fields })),
    fc.tuple(metadata, content).map(([meta, rest]) => ({ metadata: meta, ...rest })),
    fc.constantFrom<object>(
      { metadata: { labels: null } },
      { metadata: { finalizers: null } },
      { metadata: { annotations: { a: null } } },
      { metadata: { name: 'other' } },
      { spec: null },
      {},
    ),
  );

const pointer = fc.constantFrom(
  '/metadata/labels',
  '/metadata/labels/app',
  '/metadata/finalizers',
  '/metadata/finalizers/-',
  '/metadata/finalizers/0',
  '/metadata/annotations',
  '/data',
  '/data/a',
  '/spec',
  '/spec/replicas',
  '/spec/size',
  '/spec/list/0',
  '/spec/template/spec/containers/0/image',
  '/status',
  '/nope/nope',
);
const operation = fc.record(
  {
    op: fc.constantFrom('add', 'remove', 'replace', 'test', 'copy', 'move', 'odd'),
    path: pointer,
    from: pointer,
    value: fc.constantFrom<unknown>('1', 2, null, {}, { app: '1' }, ['example.com/a'], 'example.com/b', []),
  },
  { requiredKeys: ['op', 'path'] },
);

const scaleOf = (named: string): fc.Arbitrary<object> =>
  fc.record(
    {
      apiVersion: fc.constant('autoscaling/v1'),
      kind: rare('Scale', 'Deployment'),
      metadata: fc.record(
        { name: rare(named, 'other'), resourceVersion: fc.constantFrom('', '1', '$-1.metadata.resourceVersion') },
        { requiredKeys: ['name'] },
      ),
      spec: fc.record({ replicas: fc.constantFrom<unknown>(0, 1, 2, -1, 'x', null) }, { requiredKeys: [] }),
      status: fc.constant({ replicas: 5 }),
    },
    { requiredKeys: ['apiVersion', 'kind', 'metadata'] },
  );

const patchTypes = ({ custom }: RandomKind) =>
  custom === true ? (['merge', 'json', 'merge'] as const) : (['merge', 'json', 'strategic'] as const);

const patchStep = (kind: RandomKind, url: string, part: fc.Arbitrary<object>): fc.Arbitrary<RequestStep> =>
  fc
    .constantFrom(...patchTypes(kind))
    .chain((patch) =>
      fc
        .tuple(writeQuery, patch === 'json' ? fc.array(operation, { minLength: 1, maxLength: 3 }) : part)
        .map(([options, body]) => ({ method: 'PATCH', url: `${url}${options}`, patch, body })),
    );

const bodyStep =
  (method: string, url: string, body: fc.Arbitrary<unknown>, more: Partial<RequestStep> = {}) =>
  (options: fc.Arbitrary<string>): fc.Arbitrary<RequestStep> =>
    fc.tuple(options, body).map(([text, value]) => ({ method, url: `${url}${text}`, body: value, ...more }));

const deleteOptions = fc.record(
  {
    propagationPolicy: rare('Background', 'Odd'),
    preconditions: fc.record(
      {
        uid: fc.constantFrom('$-1.metadata.uid', '$-2.metadata.uid', 'x'),
        resourceVersion: fc.constantFrom('$-1.metadata.resourceVersion', '1'),
      },
      { requiredKeys: [] },
    ),
    gracePeriodSeconds: fc.constantFrom(0, 5, -1),
    dryRun: fc.constantFrom(['All'], ['Odd'], []),
  },
  { requiredKeys: [] },
);

const accept = rare(
  undefined,
  'application/json;as=Table;v=v1;g=meta.k8s.io',
  'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io,application/json',
  'application/yaml',
);
const selectors = {
  labelSelector: rare(undefined, 'app=1', 'app!=1', 'app in (1,2),tier', '!app', 'app=', 'a b'),
  fieldSelector: rare(undefined, 'metadata.name=one', 'metadata.name!=one', 'spec.color=red', 'nope=1'),
};
const listQuery = query({
  ...selectors,
  limit: rare(undefined, '1', '0', 'x'),
  resourceVersion: rare(undefined, '$-1.metadata.resourceVersion', 'x'),
  resourceVersionMatch: rare(undefined, 'Exact', 'NotOlderThan', 'Odd'),
});
const watchQuery = query({
  ...selectors,
  watch: fc.constant('true'),
  timeoutSeconds: fc.constant('1'),
  resourceVersion: fc.constantFrom('$-1.metadata.resourceVersion', '$-2.metadata.resourceVersion'),
});

const accepting = (step: fc.Arbitrary<RequestStep>, lists = false): fc.Arbitrary<RequestStep> =>
  fc
    .tuple(step, accept)
    .map(([request, type]) =>
      type === undefined ? request : { ...request, accept: lists ? type.replace('Metadata;', 'MetadataList;') : type },
    );

/** Requests for one kind, the frequent ones often. */
const stepFor = (kind: RandomKind, named: string): fc.Arbitrary<RequestStep> => {
  const { path, subresources } = kind;
  const url = `${path}/${named}`;
  const part = partOf(kind);
  const whole = objectOf(kind, named);
  const plain = (method: string, at: fc.Arbitrary<string>): fc.Arbitrary<RequestStep> =>
    at.map((text) => ({ method, url: text }));
  const weighted: [number, fc.Arbitrary<RequestStep>][] = [
    [6, accepting(bodyStep('POST', path, objectOf(kind, undefined))(writeQuery))],
    [5, bodyStep('PUT', url, whole)(writeQuery)],
    [6, patchStep(kind, url, part)],
    [6, bodyStep('PATCH', url, whole, { patch: 'apply' })(applyQuery)],
    [2, accepting(plain('GET', fc.constant(url)))],
    [
      2,
      accepting(
        plain(
          'GET',
          listQuery.map((text) => `${path}${text}`),
        ),
        true,
      ),
    ],
    [3, bodyStep('DELETE', url, deleteOptions)(fc.constant(''))],
    [1, bodyStep('DELETE', path, deleteOptions)(query(selectors))],
    [1, fc.constant({ method: 'PATCH', url, patch: 'merge' as const, body: { metadata: { finalizers: null } } })],
  ];
  if (subresources.includes('status')) {
    weighted.push([2, patchStep(kind, `${url}/status`, part)]);
    weighted.push([1, bodyStep('PUT', `${url}/status`, whole)(writeQuery)]);
    weighted.push([1, bodyStep('PATCH', `${url}/status`, whole, { patch: 'apply' })(applyQuery)]);
  }
  if (subresources.includes('scale')) {
    weighted.push([1, plain('GET', fc.constant(`${url}/scale`))]);
    weighted.push([1, bodyStep('PUT', `${url}/scale`, scaleOf(named))(writeQuery)]);
    weighted.push([
      1,
      patchStep(
        kind,
        `${url}/scale`,
        fc.record({ spec: fc.record({ replicas: fc.constantFrom<unknown>(0, 2, -1, 'x', null) }) }),
      ),
    ]);
    // Upstream cannot apply to the scale of a custom resource (500).
    if (kind.custom !== true)
      weighted.push([1, bodyStep('PATCH', `${url}/scale`, scaleOf(named), { patch: 'apply' })(applyQuery)]);
  }
  return fc.oneof(...weighted.map(([weight, arbitrary]) => ({ weight, arbitrary })));
};

/** Earlier steps by number: `$-2.` in step 5 is `$3.`; before the first one there is nothing. */
const settled = (step: RequestStep, at: number): RequestStep =>
  JSON.parse(
    JSON.stringify(step).replace(/\$-(\d)\.([\w.]+)/g, (_, back: string, path: string) =>
      at - Number(back) < 0 ? '1' : `$${at - Number(back)}.${path}`,
    ),
  ) as RequestStep;

/** Several requests to one kind, now and then ended by a watch over what happened (it takes a second). */
export const randomSequence = (watches: boolean): fc.Arbitrary<RequestSequence> =>
  fc
    .constantFrom(...RANDOM_KINDS)
    .chain((kind) =>
      fc.tuple(
        fc.array(
          name.chain((named) => stepFor(kind, named)),
          { minLength: 1, maxLength: 10 },
        ),
        watches
          ? fc.oneof(
              { weight: 9, arbitrary: fc.constant([]) },
              {
                weight: 1,
                arbitrary: watchQuery.map((text): RequestStep[] => [{ method: 'GET', url: `${kind.path}${text}` }]),
              },
            )
          : fc.constant([]),
      ),
    )
    .map(([steps, watch]) => ({ name: 'random', steps: [...steps, ...watch].map(settled) }));
