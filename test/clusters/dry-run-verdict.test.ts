import { describe, expect, test } from 'vitest';
import { dryRunVerdict } from '../../src/clusters/dry-run-verdict.ts';

const status = (code: number, reason: string, message: string, kind?: string): [number, string] => [
  code,
  JSON.stringify({ kind: 'Status', code, reason, message, details: { kind } }),
];

describe('what the answer to a dry-run says', () => {
  test.each<[string, [number, string], string]>([
    ['created', [201, '{}'], 'valid'],
    ['there already', status(409, 'AlreadyExists', 'pods "a" already exists'), 'valid'],
    ['quota', status(403, 'Forbidden', 'pods "a" is forbidden: exceeded quota: q, requested: …'), 'valid'],
    ['quota, undeclared', status(403, 'Forbidden', 'pods "a" is forbidden: failed quota: q: must specify …'), 'valid'],
    ['invalid', status(422, 'Invalid', 'Deployment.apps "a" is invalid: spec: no'), 'invalid'],
    [
      'a policy',
      status(
        422,
        'Invalid',
        `deployments "a" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no`,
      ),
      'objection',
    ],
    ['a webhook', status(400, 'BadRequest', 'admission webhook "a.b.c" denied the request: no'), 'objection'],
    ['an admission plugin', status(403, 'Forbidden', 'pods "a" is forbidden: violates PodSecurity'), 'objection'],
    ['no right', status(403, 'Forbidden', 'pods is forbidden: User "x" cannot create resource "pods"'), 'unable'],
    [
      'a service account to come',
      status(403, 'Forbidden', 'pods "a" is forbidden: error looking up service account kcp-x/web: not found'),
      'unable',
    ],
    ['no namespace', status(404, 'NotFound', 'namespaces "kcp-x" not found', 'namespaces'), 'no namespace'],
    ['not served', [404, '404 page not found'], 'unable'],
    ['too busy', status(429, 'TooManyRequests', 'later'), 'unable'],
    ['broken', [500, 'oops'], 'unable'],
    ['another 400', status(400, 'BadRequest', 'what'), 'unable'],
  ])('%s', (_, [code, body], kind) => {
    expect(dryRunVerdict(code, body, true).kind).toBe(kind);
  });

  test('policies of another namespace are nothing to it, rules of the kind are', () => {
    const webhook = status(400, 'BadRequest', 'admission webhook "a.b.c" denied the request: no');
    expect(dryRunVerdict(...webhook, false).kind).toBe('unable');
    expect(dryRunVerdict(...status(422, 'Invalid', 'x is invalid'), false).kind).toBe('invalid');
  });
});
