import { describe, expect, test } from 'vitest';
import { webhookServices } from '../../src/clusters/webhook-services.ts';
import { type FakeAnswer, fakeDownstream } from '../support/fake-downstream.ts';

const service = { namespace: 'default', name: 'hook', path: '/validate', port: 8443 };
const call = (answers: readonly (FakeAnswer | 'away')[]) => {
  const clusters = answers.map((answer, at) => {
    const cluster = fakeDownstream(`c${at}`);
    if (answer === 'away') cluster.setHealth('Unhealthy');
    else cluster.answer(() => answer);
    return cluster;
  });
  const asked = webhookServices(() => ({ visibleTo: () => clusters }))({
    workspace: 'root:a',
    clientConfig: { service },
    service,
    body: '{}',
    timeoutSeconds: 5,
    signal: new AbortController().signal,
  });
  return { asked, clusters };
};
const status = (code: number, reason: string, kind?: string): FakeAnswer => ({
  status: code,
  body: JSON.stringify({ kind: 'Status', code, reason, message: 'm', details: { kind } }),
});

describe('a webhook that is a Service', () => {
  test('is asked through the proxy of a cluster, in the namespace of the workspace there', async () => {
    const { asked, clusters } = call([{ status: 200, body: '{"ok":1}' }]);
    expect((await asked).body.toString()).toBe('{"ok":1}');
    expect(clusters[0]?.requests[0]?.path).toMatch(
      /^\/api\/v1\/namespaces\/kcp-[a-z0-9]{12}\/services\/https:hook:8443\/proxy\/validate\?timeout=5s$/,
    );
  });

  test('is asked in the next cluster where one has none of it, or nothing behind it', async () => {
    const { asked } = call([
      'away',
      status(404, 'NotFound', 'services'),
      status(503, 'ServiceUnavailable'),
      { status: 200, body: 'yes' },
    ]);
    expect((await asked).body.toString()).toBe('yes');
  });

  test("has its own errors passed on: they are the webhook's word", async () => {
    expect((await call([{ status: 404, body: 'gone' }, { status: 200 }]).asked).status).toBe(404);
  });

  test.each<[(FakeAnswer | 'away')[], string]>([
    [[status(404, 'NotFound', 'services')], 'service "hook" not found'],
    [[status(503, 'ServiceUnavailable')], 'no endpoints available for service "hook"'],
    [['away'], 'the workspace has no cluster that it could run in'],
  ])('cannot be called: %j', async (answers, reason) => {
    await expect(call(answers).asked).rejects.toThrow(
      `Post "https://hook.default.svc:8443/validate?timeout=5s": ${reason}`,
    );
  });
});
