/** The same webhooks registered at the hub and at a kube-apiserver: both must say the same to clients, and ask the same. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { waitFor } from '../../support/wait-for.ts';
import type { WebhookServer } from '../../support/webhook-server.ts';
import { compareSequence } from '../oracle/compare.ts';
import type { Side } from '../oracle/sides.ts';
import { configMap, post } from '../oracle/step.ts';
import { type WebhookSides, webhookSides } from '../oracle/webhook-sides.ts';
import { type HookSpec, WEBHOOK_CASES, type WebhookCase } from './webhook-cases.ts';

const GROUP = '/apis/admissionregistration.k8s.io/v1';
let world: WebhookSides;
let sides: WebhookSides['sides'];
let server: WebhookServer;
beforeAll(async () => {
  world = await webhookSides('webhooks');
  ({ sides, server } = world);
});
afterAll(() => world?.close());

describe('webhooks are asked, and heard, as kube-apiserver does', () => {
  test.each(WEBHOOK_CASES.map((one, at) => [one.name, one, at] as const))('%s', async (_, one, at) => {
    const namespace = `hooks-${at}`;
    await Promise.all([register(sides.hub, one, namespace), register(sides.kube, one, namespace)]);
    server.asked.length = 0;
    const differences = await compareSequence(sides, { name: one.name, steps: one.steps }, namespace);
    const asked = server.asked.filter(({ path }) => !path.startsWith('/probe'));
    const by = (side: 'hub' | 'kube') =>
      asked
        .filter(({ review }) => sideOf(review.request.userInfo) === side)
        .map(({ path, review }) => [path, plain(review)]);
    await Promise.all([unregister(sides.hub, at), unregister(sides.kube, at)]);
    expect(differences).toEqual([]);
    expect(sorted(by('hub'))).toEqual(sorted(by('kube')));
  });
});

/** Validating webhooks are asked in no order. */
const sorted = (reviews: readonly unknown[]): unknown[] =>
  [...reviews].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

/** kube-apiserver adds a group to whoever it authenticated. */
const sideOf = ({ groups }: { groups: string[] }): 'hub' | 'kube' =>
  groups.includes('system:authenticated') ? 'kube' : 'hub';

async function register(side: Side, { mutating = [], validating = [] }: WebhookCase, namespace: string): Promise<void> {
  const at = namespace.split('-')[1] as string;
  const selected = { matchLabels: { 'kubernetes.io/metadata.name': namespace } };
  const hook = ({ path, more, reply }: HookSpec): object => {
    server.serve({ [`/${at}/${path}`]: reply });
    return {
      name: `${path}.example.com`,
      clientConfig: { url: `${server.origin}/${at}/${path}`, caBundle: server.caBundle },
      rules: [{ operations: ['CREATE', 'UPDATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      namespaceSelector: selected,
      ...more,
    };
  };
  // A webhook of its own tells when the configuration that it is in is in force.
  const probe = (kind: string): object => ({
    ...hook({ path: `probe${kind}`, reply: () => ({ response: { allowed: false, status: { message: kind } } }) }),
    clientConfig: { url: `${server.origin}/probe/${kind}`, caBundle: server.caBundle },
    namespaceSelector: {},
    objectSelector: { matchLabels: { probe: `${kind}-${at}` } },
  });
  server.serve(
    Object.fromEntries(
      ['mutating', 'validating'].map((kind) => [
        `/probe/${kind}`,
        () => ({ response: { allowed: false, status: { message: `probed ${kind}` } } }),
      ]),
    ),
  );
  for (const [kind, hooks] of [
    ['mutating', mutating],
    ['validating', validating],
  ] as const) {
    if (hooks.length === 0) continue;
    const Kind = kind === 'mutating' ? 'MutatingWebhookConfiguration' : 'ValidatingWebhookConfiguration';
    const answer = await side.ask(
      post(`${GROUP}/${Kind.toLowerCase()}s`, {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: Kind,
        metadata: { name: `case-${at}` },
        webhooks: [...hooks.map(hook), probe(kind)],
      }),
    );
    expect(answer.status, answer.text).toBe(201);
    const probed = post(
      '/api/v1/namespaces/default/configmaps?dryRun=All',
      configMap('probe', {}, { labels: { probe: `${kind}-${at}` } }),
    );
    await waitFor(
      `the ${kind} webhooks to be in force`,
      async () => (await side.ask(probed)).text.includes(`probed ${kind}`),
      { timeoutMs: 30_000 },
    );
  }
}

async function unregister(side: Side, at: number): Promise<void> {
  for (const kind of ['mutating', 'validating'])
    await side.ask({ method: 'DELETE', url: `${GROUP}/${kind}webhookconfigurations/case-${at}` });
}

/** A review without what differs by nature. */
function plain(review: object): unknown {
  return JSON.parse(
    JSON.stringify(review, (key, value: unknown) => {
      if (key === 'uid') return '<uid>';
      // A Scale's managers are told without time here, as they are stored.
      if (key === 'time') return undefined;
      if (key === 'resourceVersion' || key === 'creationTimestamp') return value && `<${key}>`;
      if (key === 'name' && String(value).startsWith('gen-')) return 'gen-<suffix>';
      // Sorted by time in whole seconds: a second's end may fall between two writes on one side only.
      if (key === 'managedFields') return sorted(value as unknown[]);
      if (key === 'userInfo') return (value as { username: string }).username;
      return value;
    }),
  );
}
