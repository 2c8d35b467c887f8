import { describe, expect, it } from 'vitest';
import { type AuditRule, DEFAULT_AUDIT_POLICY, recordedAs } from '../../auth/audit-policy.ts';
import type { Described } from '../../src/http/context.ts';
import { parseRequestInfo } from '../../src/kube/request-info.ts';

const request = (path: string, method = 'GET') =>
  ({ info: parseRequestInfo(method, path, new URLSearchParams()) }) as Described;
const user = { name: 'ann', groups: ['devs'], extra: {} };
const level = (rules: AuditRule[], path: string, method?: string) =>
  recordedAs({ rules }, request(path, method), user).level;

describe('the audit policy', () => {
  it('leaves probes out and records all else by default', () => {
    expect(recordedAs(DEFAULT_AUDIT_POLICY, request('/livez/ping'), undefined).level).toBe('None');
    expect(recordedAs(DEFAULT_AUDIT_POLICY, request('/api/v1/secrets'), undefined).level).toBe('Metadata');
    expect(recordedAs(DEFAULT_AUDIT_POLICY, request('/metrics'), undefined).level).toBe('Metadata');
  });

  it.each<[AuditRule, string, string, string]>([
    [{ level: 'None', users: ['ann'] }, '/api/v1/pods', 'GET', 'None'],
    [{ level: 'None', users: ['bob'] }, '/api/v1/pods', 'GET', 'Metadata'],
    [{ level: 'None', userGroups: ['devs'] }, '/api/v1/pods', 'GET', 'None'],
    [{ level: 'None', verbs: ['list'] }, '/api/v1/pods', 'GET', 'None'],
    [{ level: 'None', verbs: ['list'] }, '/api/v1/pods/x', 'GET', 'Metadata'],
    [{ level: 'None', resources: [{ group: '', resources: ['pods'] }] }, '/api/v1/namespaces/x/pods', 'GET', 'None'],
    [
      { level: 'None', resources: [{ group: '', resources: ['pods'] }] },
      '/api/v1/namespaces/x/pods/p/log',
      'GET',
      'Metadata',
    ],
    [
      { level: 'None', resources: [{ group: '', resources: ['pods/log'] }] },
      '/api/v1/namespaces/x/pods/p/log',
      'GET',
      'None',
    ],
    [
      { level: 'None', resources: [{ group: '', resources: ['*/log'] }] },
      '/api/v1/namespaces/x/pods/p/log',
      'GET',
      'None',
    ],
    [{ level: 'None', namespaces: ['y'] }, '/api/v1/namespaces/x/pods', 'GET', 'Metadata'],
    [{ level: 'None', nonResourceURLs: ['/open*'] }, '/openapi/v2', 'GET', 'None'],
    [{ level: 'None', nonResourceURLs: ['/open*'] }, '/api/v1/pods', 'GET', 'Metadata'],
  ])('rule %j on %s (%s) gives %s', (rule, path, method, wanted) => {
    expect(level([rule, { level: 'RequestResponse' }], path, method)).toBe(wanted);
  });
});
