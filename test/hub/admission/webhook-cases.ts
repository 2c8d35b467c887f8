/** Webhooks and requests about which the hub and kube-apiserver must say and send the same. */
import { jsonPatch, type Replies, type Reply } from '../../support/webhook-server.ts';
import { CM, configMap, DEPLOY, del, deployment, get, NS, patch, post, put, type RequestStep } from '../oracle/step.ts';

export interface HookSpec {
  /** Last segment of the URL; also names the webhook: `<path>.example.com`. */
  readonly path: string;
  /** Laid over the defaults of a webhook on ConfigMaps. */
  readonly more?: object;
  readonly reply: Replies[string];
}

export interface WebhookCase {
  readonly name: string;
  readonly mutating?: readonly HookSpec[];
  readonly validating?: readonly HookSpec[];
  readonly steps: readonly RequestStep[];
}

const allow = (): Reply => ({ response: { allowed: true } });
const respond = (response: object) => (): Reply => ({ response });
const patchWith =
  (...operations: object[]) =>
  (): Reply => ({ response: jsonPatch(operations) });
const rule = (
  operations: string[],
  apiGroups: string[],
  apiVersions: string[],
  resources: string[],
  scope?: string,
) => [{ operations, apiGroups, apiVersions, resources, ...(scope === undefined ? {} : { scope }) }];
const dry = (url: string) => `${url}?dryRun=All`;

export const WEBHOOK_CASES: readonly WebhookCase[] = [
  {
    name: 'allowed, with what is sent',
    validating: [{ path: 'allow', more: { rules: rule(['*'], [''], ['v1'], ['configmaps']) }, reply: allow }],
    steps: [
      post(
        `${CM}?fieldManager=me&fieldValidation=Strict`,
        configMap('a', { data: { x: '1' } }, { labels: { l: '1' } }),
      ),
      post(CM, { ...configMap('', { data: {} }), metadata: { generateName: 'gen-' } }),
      put(`${CM}/a`, configMap('a', { data: { x: '2' } })),
      patch('merge', `${CM}/a`, { data: { y: '1' } }),
      patch('apply', `${CM}/a?fieldManager=applier&force=true`, configMap('a', { data: { z: '1' } })),
      patch('apply', `${CM}/applied?fieldManager=applier`, configMap('applied', { data: { z: '1' } })),
      del(`${CM}/a`, { propagationPolicy: 'Background' }),
      post(dry(CM), configMap('dry')),
    ],
  },
  {
    name: 'denied: with a message, a status, without explanation',
    validating: [
      {
        path: 'deny',
        reply: ({ request }) => ({ response: { allowed: false, ...JSON.parse(request.object.data.answer) } }),
      },
    ],
    steps: [
      post(CM, configMap('a', { data: { answer: '{"status":{"message":"too big"}}' } })),
      post(CM, configMap('a', { data: { answer: '{"status":{"reason":"Because"}}' } })),
      post(CM, configMap('a', { data: { answer: '{}' } })),
      post(
        CM,
        configMap('a', {
          data: {
            answer:
              '{"status":{"code":418,"reason":"Teapot","message":"no","details":{"causes":[{"field":"data","message":"m","reason":"r"}]}}}',
          },
        }),
      ),
      post(CM, configMap('a', { data: { answer: '{"status":{"code":200,"status":"Success","message":"odd"}}' } })),
    ],
  },
  {
    name: 'deletes and collections',
    validating: [
      {
        path: 'keep',
        more: { rules: rule(['DELETE'], [''], ['v1'], ['configmaps']) },
        reply: ({ request }) => ({
          response: { allowed: request.oldObject.data.keep !== 'yes', status: { message: 'kept' } },
        }),
      },
    ],
    steps: [
      post(CM, configMap('a', { data: { keep: 'yes' } })),
      post(CM, configMap('b', { data: { keep: 'no' } })),
      del(`${CM}/a`),
      del(`${CM}/b?gracePeriodSeconds=3&dryRun=All`),
      del(`${CM}/b`),
    ],
  },
  {
    name: 'warnings and audit annotations',
    validating: [
      {
        path: 'warn',
        reply: respond({ allowed: true, warnings: ['be "careful"', 'two'], auditAnnotations: { key: 'value' } }),
      },
    ],
    steps: [post(CM, configMap('a')), post(dry(CM), configMap('b'))],
  },
  {
    name: 'warnings of what is denied',
    validating: [{ path: 'warndeny', reply: respond({ allowed: false, warnings: ['careful'] }) }],
    steps: [post(CM, configMap('a'))],
  },
  {
    name: 'a patch, whose result is defaulted and validated',
    mutating: [
      {
        path: 'patch',
        more: { rules: rule(['CREATE', 'UPDATE'], ['apps'], ['v1'], ['deployments']) },
        reply: patchWith(
          { op: 'add', path: '/metadata/labels', value: { added: 'yes' } },
          { op: 'add', path: '/spec/template/spec/containers/-', value: { name: 'sidecar', image: 'envoy' } },
        ),
      },
    ],
    steps: [
      post(DEPLOY, deployment('a')),
      patch('merge', `${DEPLOY}/a`, { spec: { replicas: 3 } }),
      post(dry(DEPLOY), deployment('b')),
    ],
  },
  {
    name: 'a patch that makes the object invalid, or another one',
    mutating: [
      {
        path: 'spoil',
        reply: ({ request }) => ({ response: jsonPatch(JSON.parse(request.object.data.patch) as object[]) }),
      },
    ],
    steps: [
      post(CM, configMap('a', { data: { patch: '[{"op":"add","path":"/data/-bad key","value":"x"}]' } })),
      post(CM, configMap('a', { data: { patch: '[{"op":"add","path":"/nosuch","value":"x"}]' } })),
      post(CM, configMap('a', { data: { patch: '[]' } })),
      post(CM, configMap('b', { data: { patch: '[{"op":"replace","path":"/metadata/name","value":"other"}]' } })),
      post(CM, configMap('c', { data: { patch: '[{"op":"replace","path":"/data","value":null}]' } })),
    ],
  },
  {
    name: 'two mutating webhooks: the second sees what the first made',
    mutating: [
      { path: 'm1', reply: patchWith({ op: 'add', path: '/data', value: { one: '1' } }) },
      {
        path: 'm2',
        reply: ({ request }) => ({
          response: jsonPatch([{ op: 'add', path: '/data/two', value: request.object.data?.one ?? 'none' }]),
        }),
      },
    ],
    steps: [post(CM, configMap('a'))],
  },
  {
    name: 'reinvocation: the first is asked again after the second changed the object',
    mutating: [
      {
        path: 'again',
        more: { reinvocationPolicy: 'IfNeeded' },
        reply: ({ request }) => ({
          response: jsonPatch([
            {
              op: 'add',
              path: '/data/seen',
              value: Object.keys(request.object.data ?? {})
                .sort()
                .join('-'),
            },
          ]),
        }),
      },
      { path: 'never', reply: patchWith({ op: 'add', path: '/data/later', value: '1' }) },
    ],
    steps: [post(CM, configMap('a', { data: { x: '1' } }))],
  },
  {
    name: 'mutation, then validation of the result',
    mutating: [{ path: 'mut', reply: patchWith({ op: 'add', path: '/data/m', value: '1' }) }],
    validating: [
      {
        path: 'val',
        reply: ({ request }) => ({ response: { allowed: request.object.data?.m !== '1', status: { message: 'm' } } }),
      },
    ],
    steps: [post(CM, configMap('a', { data: {} })), post(CM, configMap('b', { data: { a: '1' } }))],
  },
  {
    name: 'what is invalid is not shown to validating webhooks',
    validating: [{ path: 'unseen', reply: respond({ allowed: false }) }],
    steps: [post(CM, configMap('a', { data: { 'bad key': '1' } }))],
  },
  {
    name: 'answers that are none',
    validating: [
      {
        path: 'odd',
        reply: ({ request }) => JSON.parse(request.object.data.reply),
      },
    ],
    steps: [
      ['500', { status: 500, type: 'text/plain', text: 'boom' }],
      ['500j', { status: 500, text: '{}' }],
      ['404', { status: 404, type: 'text/plain', text: 'gone' }],
      ['400', { status: 400, type: 'text/plain', text: 'bad' }],
      ['403', { status: 403, type: 'text/plain', text: 'forbidden text' }],
      ['418', { status: 418, type: 'text/plain', text: 'teapot' }],
      ['empty', { text: '' }],
      ['list', { text: '{"apiVersion":"v1","kind":"Nope"}' }],
      ['no response', { text: '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}' }],
      ['no kind', { text: '{"response":{"allowed":true}}' }],
      [
        'other uid',
        { text: '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"x","allowed":true}}' },
      ],
      ['no uid', { text: '{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"allowed":true}}' }],
      ['patch', { response: { allowed: true, patchType: 'JSONPatch', patch: 'W10=' } }],
      ['patchType', { response: { allowed: true, patchType: 'JSONPatch' } }],
    ].map(([name, reply]) => post(CM, configMap('a', { data: { name, reply: JSON.stringify(reply) } }))),
  },
  {
    name: 'mutating answers that are none',
    mutating: [{ path: 'oddm', reply: ({ request }) => JSON.parse(request.object.data.reply) }],
    steps: [
      ['no type', { response: { allowed: true, patch: 'W10=' } }],
      ['no patch', { response: { allowed: true, patchType: 'JSONPatch' } }],
      ['other type', { response: { allowed: true, patch: 'W10=', patchType: 'Strategic' } }],
      ['empty type', { response: { allowed: true, patch: 'W10=', patchType: '' } }],
    ].map(([name, reply]) => post(CM, configMap('a', { data: { name, reply: JSON.stringify(reply) } }))),
  },
  {
    name: 'failurePolicy Ignore',
    validating: [
      {
        path: 'down',
        more: { failurePolicy: 'Ignore' },
        reply: () => ({ status: 500, type: 'text/plain', text: 'x' }),
      },
    ],
    mutating: [
      {
        path: 'downm',
        more: { failurePolicy: 'Ignore' },
        reply: () => ({ status: 500, type: 'text/plain', text: 'x' }),
      },
    ],
    steps: [post(CM, configMap('a'))],
  },
  {
    name: 'a webhook that takes too long',
    validating: [
      { path: 'slow', more: { timeoutSeconds: 1 }, reply: () => ({ text: '{}', delayMs: 3_000 }) },
      {
        path: 'slowignored',
        more: { timeoutSeconds: 1, failurePolicy: 'Ignore' },
        reply: () => ({ text: '{}', delayMs: 3_000 }),
      },
    ],
    steps: [post(CM, configMap('a'))],
  },
  {
    name: 'selectors and conditions',
    validating: [
      {
        path: 'objects',
        more: { objectSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['web'] }] } },
        reply: respond({ allowed: false, status: { message: 'objectSelector' } }),
      },
      {
        path: 'conditions',
        more: {
          matchConditions: [
            { name: 'create', expression: "request.operation == 'CREATE'" },
            { name: 'data', expression: "object.data['a'] == 'yes'" },
          ],
        },
        reply: respond({ allowed: false, status: { message: 'conditions' } }),
      },
      {
        path: 'ignored',
        more: {
          failurePolicy: 'Ignore',
          matchConditions: [{ name: 'fails', expression: "object.data['nosuch'] == 'yes'" }],
        },
        reply: respond({ allowed: false, status: { message: 'never' } }),
      },
    ],
    steps: [
      post(CM, configMap('a', { data: { a: 'no' } })),
      put(`${CM}/a`, configMap('a', { data: { a: 'no' } }, { labels: { app: 'web' } })),
      post(CM, configMap('b', { data: { a: 'yes' } })),
      post(CM, configMap('c', { data: { b: 'yes' } })),
    ],
  },
  {
    name: 'subresources: status, scale, all',
    validating: [
      {
        path: 'sub',
        more: { rules: rule(['UPDATE'], ['apps'], ['*'], ['deployments/*']) },
        reply: respond({ allowed: true, warnings: ['seen'] }),
      },
    ],
    steps: [
      post(DEPLOY, deployment('a')),
      patch('merge', `${DEPLOY}/a/status`, { status: { replicas: 1 } }),
      patch('merge', `${DEPLOY}/a`, { spec: { replicas: 3 } }),
      patch('merge', `${DEPLOY}/a/scale`, { spec: { replicas: 2 } }),
    ],
  },
  {
    name: 'a Scale is patched',
    mutating: [
      {
        path: 'scale',
        more: { rules: rule(['UPDATE'], ['apps'], ['v1'], ['deployments/scale']) },
        reply: patchWith({ op: 'replace', path: '/spec/replicas', value: 5 }),
      },
    ],
    steps: [
      post(DEPLOY, deployment('a')),
      patch('merge', `${DEPLOY}/a/scale`, { spec: { replicas: 2 } }),
      get(`${DEPLOY}/a/scale`),
    ],
  },
  {
    name: 'equivalent versions and groups',
    validating: [
      {
        path: 'hpa',
        more: { rules: rule(['CREATE'], ['autoscaling'], ['v1'], ['horizontalpodautoscalers']) },
        reply: respond({ allowed: true, warnings: ['as v1'] }),
      },
      {
        path: 'exact',
        more: {
          matchPolicy: 'Exact',
          rules: rule(['CREATE'], ['autoscaling'], ['v1'], ['horizontalpodautoscalers']),
        },
        reply: respond({ allowed: true, warnings: ['exactly v1'] }),
      },
    ],
    steps: [
      post('/apis/autoscaling/v2/namespaces/{ns}/horizontalpodautoscalers', {
        apiVersion: 'autoscaling/v2',
        kind: 'HorizontalPodAutoscaler',
        metadata: { name: 'a' },
        spec: {
          maxReplicas: 3,
          scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' },
          metrics: [
            { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
          ],
        },
      }),
    ],
  },
  {
    name: 'scope Namespaced',
    validating: [
      {
        path: 'scoped',
        more: { rules: rule(['CREATE'], ['*'], ['*'], ['*'], 'Namespaced') },
        reply: respond({ allowed: false, status: { message: 'namespaced' } }),
      },
    ],
    steps: [post(`${NS}/secrets`, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a' } })],
  },
];
