/** Policies that change objects, and what is written under them. */
import { CM, configMap, DEPLOY, del, deployment, patch, post, put, type RequestStep } from '../oracle/step.ts';

export interface MutatingPolicyCase {
  readonly name: string;
  readonly resources?: 'configmaps' | 'deployments';
  readonly mutations: readonly object[];
  readonly spec?: object;
  readonly binding?: object;
  readonly steps: readonly RequestStep[];
}

const apply = (expression: string) => ({ patchType: 'ApplyConfiguration', applyConfiguration: { expression } });
const json = (expression: string) => ({ patchType: 'JSONPatch', jsonPatch: { expression } });

export const MUTATING_POLICY_CASES: readonly MutatingPolicyCase[] = [
  {
    name: 'labels by ApplyConfiguration',
    mutations: [
      apply('Object{metadata: Object.metadata{labels: {"added": "yes", "from": string(object.metadata.name)}}}'),
    ],
    steps: [
      post(CM, configMap('a', {}, { labels: { own: '1' } })),
      patch('merge', `${CM}/a`, { metadata: { labels: { added: 'no' } } }),
      put(`${CM}/a`, configMap('a')),
      post(`${CM}?dryRun=All`, configMap('dry')),
      del(`${CM}/a`),
    ],
  },
  {
    name: 'a sidecar by its name, defaulted and validated',
    resources: 'deployments',
    mutations: [
      apply(`Object{
        spec: Object.spec{
          replicas: 2, // and one more container
          template: Object.spec.template{
            spec: Object.spec.template.spec{
              containers: [Object.spec.template.spec.containers{name: "sidecar", image: "envoy"}]
            }
          }
        }
      }`),
    ],
    steps: [post(DEPLOY, deployment('a')), patch('merge', `${DEPLOY}/a`, { spec: { paused: true } })],
  },
  {
    name: 'JSON patches, with escaped keys and tests',
    mutations: [
      json(`[
        JSONPatch{op: "add", path: "/metadata/labels", value: {"a/b": "1"}},
        JSONPatch{op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("example.com/x-y"), value: "2"},
      ]`),
      json('[JSONPatch{op: "test", path: "/metadata/name", value: "other"}, JSONPatch{op: "remove", path: "/data"}]'),
    ],
    steps: [post(CM, configMap('a', { data: { k: 'v' } })), post(CM, configMap('other', { data: { k: 'v' } }))],
  },
  {
    name: 'variables, conditions, and what is there already',
    mutations: [apply('Object{metadata: Object.metadata{annotations: {"size": string(variables.size)}}}')],
    spec: {
      variables: [{ name: 'size', expression: 'has(object.data) ? size(object.data) : 0' }],
      matchConditions: [
        { name: 'new', expression: "!has(object.metadata.labels) || !('skip' in object.metadata.labels)" },
      ],
    },
    steps: [
      post(CM, configMap('a', { data: { x: '1', y: '2' } })),
      post(CM, configMap('b', {}, { labels: { skip: 'yes' } })),
    ],
  },
  {
    name: 'mutations that fail deny',
    mutations: [json('[JSONPatch{op: "remove", path: "/data/nosuch/deep"}]')],
    steps: [post(CM, configMap('a', { data: { x: '1' } }))],
  },
  {
    name: 'an expression that fails denies, or is ignored',
    mutations: [apply('Object{metadata: Object.metadata{labels: {"x": object.data.nosuch}}}')],
    spec: { failurePolicy: 'Ignore' },
    steps: [post(CM, configMap('a', { data: { x: '1' } }))],
  },
  {
    name: 'an expression that fails',
    mutations: [apply('Object{metadata: Object.metadata{labels: {"x": object.data.nosuch}}}')],
    steps: [post(CM, configMap('a', { data: { x: '1' } }))],
  },
  {
    name: 'what is replaced whole is not to be changed',
    resources: 'deployments',
    mutations: [apply('Object{spec: Object.spec{selector: Object.spec.selector{matchLabels: {"x": "y"}}}}')],
    steps: [post(DEPLOY, deployment('a'))],
  },
  {
    name: 'a mutation that makes the object invalid',
    mutations: [
      json('object.metadata.name == "probe" ? [] : [JSONPatch{op: "add", path: "/data", value: {"bad key": "1"}}]'),
    ],
    steps: [post(CM, configMap('a'))],
  },
  {
    name: 'reinvocation sees what came later',
    mutations: [json('[JSONPatch{op: "add", path: "/data/" + (has(object.data.n) ? "again" : "n"), value: "1"}]')],
    spec: { reinvocationPolicy: 'IfNeeded' },
    steps: [post(CM, configMap('a', { data: { x: '1' } }))],
  },
];
