/** Numbers that JavaScript would round or write otherwise, through every verb: the same digits as a real kube-apiserver's. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCluster } from '../kube/cluster.ts';
import type { KubeCluster } from '../kube/kube-cluster.ts';
import { waitFor } from '../support/wait-for.ts';
import { type HubHarness, startHub } from './hub-harness.ts';

const schema = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      'x-kubernetes-preserve-unknown-fields': true,
      properties: {
        int: { type: 'integer' },
        int32: { type: 'integer', format: 'int32' },
        int64: { type: 'integer', format: 'int64' },
        number: { type: 'number' },
        ruled: { type: 'integer', format: 'int64' },
        bounded: { type: 'integer', maximum: 100 },
        list: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'integer' } },
      },
      'x-kubernetes-validations': [
        { rule: '!has(self.ruled) || self.ruled != 9007199254740995', message: 'no such number' },
      ],
    },
  },
};
const DEFINITION = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'nums.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'nums', singular: 'num', kind: 'Num', listKind: 'NumList' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
  },
};
const NUMS = '/apis/example.com/v1/namespaces/default/nums';
const PODS = '/api/v1/namespaces/default/pods';

let cluster: KubeCluster;
let hub: HubHarness;

beforeAll(async () => {
  cluster = await startCluster({ name: 'numbers', controllers: false });
  hub = await startHub();
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  await cluster.fetchOk(definitions, { method: 'POST', body: DEFINITION });
  await hub.request('POST', definitions, DEFINITION);
  await cluster.fetchOk('/api/v1/namespaces/default/serviceaccounts', {
    method: 'POST',
    body: { metadata: { name: 'default' } },
  });
  await hub.request('POST', '/api/v1/namespaces', { metadata: { name: 'default' } });
  await waitFor('both serve the kind', async () => {
    const answers = await Promise.all([cluster.fetch(NUMS), hub.request('GET', NUMS)]);
    return answers.every(({ status }) => status === 200);
  });
});
afterAll(async () => {
  await cluster?.stop();
  await hub?.close();
});

/** What both said: the status, and the parts of the text that have numbers in them, or the message. */
async function both(method: string, path: string, body?: string, type = 'application/json') {
  const theirs = await cluster.fetch(path, {
    method,
    ...(body === undefined ? {} : { body, headers: { 'content-type': type } }),
  });
  const ours = await hub.request(method, path, body, { type });
  return { theirs: told(theirs.status, theirs.text), ours: told(ours.status, ours.text || JSON.stringify(ours.json)) };
}

/** Whole `spec` texts, with members in the order of their names, as they stand in the answer: not parsed. */
function told(status: number, text: string): string[] {
  if (status >= 400) return [`${status}`, (JSON.parse(text) as { message: string }).message];
  const members = [...text.matchAll(/"([a-zA-Z]\w*)":(-?\d[\d.eE+-]*|\[-?\d[^\]]*\])/g)].map(
    ([, key, value]) => `${key}=${value}`,
  );
  return [`${status}`, ...members.filter((one) => !/^(generation|code|priority|tolerationSeconds)=/.test(one)).sort()];
}

const named = (name: string, spec: string): string =>
  `{"apiVersion":"example.com/v1","kind":"Num","metadata":{"name":"${name}"},"spec":${spec}}`;
const pod = (name: string, spec: string): string =>
  `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"${name}"},"spec":{"containers":[{"name":"c","image":"i"}],${spec}}}`;

const NUMBERS = [
  '9007199254740993',
  '-9007199254740993',
  '9223372036854775807',
  '-9223372036854775808',
  '9223372036854775808',
  '18446744073709551616',
  '1.0',
  '1e3',
  '1E3',
  '-0',
  '0.1',
  '1e21',
  '1e-7',
  '123456789012345678901234567890',
  '1.5e300',
  '9007199254740993.0',
  '100000000000000000000',
  '1.0000000000000001',
  '4294967296',
];
const FIELDS = ['int', 'int32', 'int64', 'number', 'bounded', 'unknown'];

test.each(FIELDS.flatMap((field) => NUMBERS.map((number) => [field, number] as const)))(
  'custom resource: %s %s',
  async (field, number) => {
    const name = `n-${field}-${NUMBERS.indexOf(number)}`;
    const created = await both('POST', NUMS, named(name, `{"${field}":${number}}`));
    expect(created.ours).toEqual(created.theirs);
    if (created.theirs[0] !== '201') return;
    const read = await both('GET', `${NUMS}/${name}`);
    expect(read.ours).toEqual(read.theirs);
    const patched = await both(
      'PATCH',
      `${NUMS}/${name}`,
      `{"spec":{"more":${number}}}`,
      'application/merge-patch+json',
    );
    expect(patched.ours).toEqual(patched.theirs);
  },
);

test.each(
  ['activeDeadlineSeconds', 'terminationGracePeriodSeconds', 'priority'].flatMap((field) =>
    NUMBERS.map((number) => [field, number] as const),
  ),
)('pod: %s %s', async (field, number) => {
  const { ours, theirs } = await both('POST', `${PODS}?dryRun=All`, pod('p', `"${field}":${number}`));
  expect(ours).toEqual(theirs);
});

test('through create, get, list, patches, apply and update, digits stay', async () => {
  const BIG = '9007199254740993';
  const steps: [string, string, string?, string?][] = [
    [
      'POST',
      NUMS,
      named('walk', `{"int64":${BIG},"list":[9007199254740993,9007199254740992],"deep":[{"a":[${BIG}]}]}`),
    ],
    ['GET', `${NUMS}/walk`],
    ['GET', `${NUMS}?fieldSelector=metadata.name=walk`],
    ['PATCH', `${NUMS}/walk`, '{"metadata":{"labels":{"a":"b"}}}', 'application/merge-patch+json'],
    [
      'PATCH',
      `${NUMS}/walk`,
      `[{"op":"test","path":"/spec/int64","value":${BIG}},{"op":"add","path":"/spec/int","value":-${BIG}}]`,
      'application/json-patch+json',
    ],
    [
      'PATCH',
      `${NUMS}/walk`,
      `[{"op":"test","path":"/spec/int64","value":9007199254740992}]`,
      'application/json-patch+json',
    ],
    [
      'PATCH',
      `${NUMS}/walk?fieldManager=m`,
      named('walk', `{"list":[9007199254740995],"number":${BIG}}`),
      'application/apply-patch+yaml',
    ],
    [
      'PATCH',
      `${NUMS}/walk?fieldManager=m`,
      `apiVersion: example.com/v1\nkind: Num\nmetadata: {name: walk}\nspec: {list: [9007199254740995, 9007199254740997], number: ${BIG}, f: 1.0}\n`,
      'application/apply-patch+yaml',
    ],
    [
      'PATCH',
      `${NUMS}/walk?fieldManager=other`,
      named('walk', `{"number":9007199254740995}`),
      'application/apply-patch+yaml',
    ],
    ['PATCH', `${NUMS}/walk`, '{"spec":{"ruled":9007199254740995}}', 'application/merge-patch+json'],
    ['PATCH', `${NUMS}/walk`, '{"spec":{"list":[9007199254740993,9007199254740993]}}', 'application/merge-patch+json'],
    ['PATCH', `${NUMS}/walk`, '{"spec":{"bounded":9007199254740993}}', 'application/merge-patch+json'],
    ['GET', `${NUMS}/walk`],
    ['DELETE', `${NUMS}/walk`],
  ];
  for (const [method, path, body, type] of steps) {
    const { ours, theirs } = await both(method, path, body, type);
    expect({ step: `${method} ${body}`, answer: ours }).toEqual({ step: `${method} ${body}`, answer: theirs });
  }
});
