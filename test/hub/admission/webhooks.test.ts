import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { callWebhook } from '../../../src/hub/admission/webhook-call.ts';
import { waitFor } from '../../support/wait-for.ts';
import { jsonPatch, startWebhookServer, type WebhookServer } from '../../support/webhook-server.ts';
import { CONFIG_MAPS, configMap, type HubHarness, startHub } from '../hub-harness.ts';
import { requestOf } from './policy-cases.ts';

const GROUP = '/apis/admissionregistration.k8s.io/v1';
let server: WebhookServer;
let harness: HubHarness | undefined;
beforeAll(async () => {
  server = await startWebhookServer();
});
afterEach(async () => {
  await harness?.close();
  server.asked.length = 0;
});
afterAll(() => server?.close());

const hook = (path: string, more: object = {}) => ({
  name: 'hook.example.com',
  clientConfig: { url: `${server.origin}${path}`, caBundle: server.caBundle },
  rules: [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*'] }],
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  ...more,
});
const configuration = (kind: string, ...webhooks: object[]) => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: `${kind}WebhookConfiguration`,
  metadata: { name: 'test' },
  webhooks,
});
const local = { webhooks: { allowedHosts: ['127.0.0.1'], onlyAllowedHosts: false } };

async function register(kind: 'Validating' | 'Mutating', ...webhooks: object[]): Promise<void> {
  const url = `${GROUP}/${kind.toLowerCase()}webhookconfigurations`;
  const { status, json } = await (harness as HubHarness).request('POST', url, configuration(kind, ...webhooks));
  expect(status, JSON.stringify(json)).toBe(201);
}
const create = (name: string, metadata: object = {}, workspace = 'root') =>
  (harness as HubHarness).request('POST', CONFIG_MAPS, configMap(name, {}, metadata), { workspace });
const refusalOf = async (name: string): Promise<string> => (await create(name)).json.message ?? '';

describe('webhooks of a workspace', () => {
  test('see nothing of another workspace', async () => {
    harness = await startHub(local);
    server.serve({ '/deny': () => ({ response: { allowed: false, status: { message: 'no' } } }) });
    const tenancy = '/apis/tenancy.kcp.io/v1alpha1/workspaces';
    const workspace = { apiVersion: 'tenancy.kcp.io/v1alpha1', kind: 'Workspace', metadata: { name: 'other' } };
    expect((await harness.request('POST', tenancy, workspace)).status).toBe(201);
    await register('Validating', hook('/deny'));
    await waitFor('the webhook to be in force', async () => (await create('x')).status === 400);
    server.asked.length = 0;
    expect((await create('secret', {}, 'root:other')).status).toBe(201);
    expect(server.asked).toEqual([]);
  });

  test('must not lead to internal addresses unless the operator allows it', async () => {
    harness = await startHub();
    await register('Validating', hook('/deny'));
    await waitFor('the webhook to be in force', async () => (await create('x', {})).status === 500);
    expect(await refusalOf('y')).toContain(
      `Internal error occurred: failed calling webhook "hook.example.com": failed to call webhook: Post "${server.origin}/deny?timeout=10s": dial tcp 127.0.0.1: this gateway does not call webhooks at internal addresses`,
    );
    expect(server.asked).toEqual([]);
  });

  test('a name that leads to an internal address is refused as the connection is made', async () => {
    harness = await startHub();
    const url = server.origin.replace('127.0.0.1', 'localhost');
    await register('Validating', hook('/deny', { clientConfig: { url, caBundle: server.caBundle } }));
    await waitFor('the webhook to be in force', async () => (await create('x')).status === 500);
    expect(await refusalOf('y')).toContain('does not call webhooks at internal addresses');
    expect(server.asked).toEqual([]);
  });

  test.each([
    ['no authority that is known', () => ({ url: server.origin }), 'certificate signed by unknown authority'],
    ['nobody listens', () => ({ url: 'https://127.0.0.1:1/' }), 'dial tcp 127.0.0.1:1: connect: connection refused'],
    [
      'a certificate of another host',
      () => ({ url: server.origin.replace('127.0.0.1', 'localhost'), caBundle: server.caBundle }),
      'x509: certificate is not valid for any names, but wanted to match localhost',
    ],
  ])('cannot be called: %s', async (_, clientConfig, reason) => {
    harness = await startHub({
      webhooks: { allowedHosts: ['127.0.0.1', 'localhost', '::1'], onlyAllowedHosts: false },
    });
    await register('Validating', hook('/', { clientConfig: clientConfig() }));
    await waitFor('the webhook to be in force', async () => (await create('x')).status === 500);
    expect(await refusalOf('y')).toContain(reason);
  });

  test('a dry run reaches webhooks without side effects; the audit tells what they did', async () => {
    harness = await startHub(local);
    server.serve({
      '/patch': () => ({
        response: { ...jsonPatch([{ op: 'add', path: '/data', value: { x: '1' } }]), auditAnnotations: { k: 'v' } },
      }),
    });
    const rules = [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }];
    await register('Mutating', hook('/patch', { rules }));
    const dryRun = (annotate?: (key: string, value: string) => void) =>
      (harness as HubHarness).request('POST', `${CONFIG_MAPS}?dryRun=All`, configMap('dry'), annotate && { annotate });
    await waitFor('the webhook to be in force', async () => (await dryRun()).json.data?.x === '1');
    const notes: Record<string, string> = {};
    await dryRun((key, value) => (notes[key] = value));
    expect(notes).toEqual({
      'hook.example.com/k': 'v',
      'mutation.webhook.admission.k8s.io/round_0_index_0':
        '{"configuration":"test","webhook":"hook.example.com","mutated":true}',
    });
    expect(server.asked.at(-1)?.review.request.dryRun).toBe(true);
  });

  test('a dry run is refused where a webhook from before had side effects', async () => {
    const old = { name: 'a.b.c', clientConfig: { url: server.origin }, sideEffects: 'Some' };
    const context = {
      workspace: 'root',
      client: () => Promise.reject(new Error('asked')),
      options: { dryRun: true, fieldManager: '', fieldValidation: 'Ignore', user: undefined },
      warn: () => {},
    } as const;
    const dryRun = requestOf({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } });
    await expect(callWebhook(old, false, dryRun, context)).rejects.toMatchObject({
      code: 400,
      message: 'admission webhook "a.b.c" does not support dry run',
    });
  });
});
