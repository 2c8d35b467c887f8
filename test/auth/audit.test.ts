import { describe, expect, it } from 'vitest';
import { createAuditLog } from '../../auth/audit.ts';
import type { AuditPolicy } from '../../auth/audit-policy.ts';
import type { Described } from '../../src/http/context.ts';
import { parseRequestInfo } from '../../src/kube/request-info.ts';

const request = {
  incoming: { url: '/api/v1/pods?watch=true', rawHeaders: [], remoteAddress: '127.0.0.1', receivedAt: 0 },
  info: parseRequestInfo('GET', '/api/v1/pods', new URLSearchParams('watch=true')),
  workspace: 'root',
  auditId: 'id',
} as unknown as Described;

function stagesOf(policy: AuditPolicy): string[] {
  const lines: string[] = [];
  const trail = createAuditLog(policy, (line) => lines.push(line)).open(request);
  trail.started?.(200);
  trail.close(200);
  return lines.map((line) => {
    const { stage, auditID, verb } = JSON.parse(line) as { stage: string; auditID: string; verb: string };
    expect([auditID, verb]).toEqual(['id', 'watch']);
    return stage;
  });
}

describe('the audit log', () => {
  it('tells of a long request when its answer begins and when it ends', () => {
    expect(stagesOf({ rules: [{ level: 'Metadata' }] })).toEqual(['ResponseStarted', 'ResponseComplete']);
  });

  it('leaves out the stages that the policy or the rule omits', () => {
    const omitStages = ['ResponseStarted'];
    expect(stagesOf({ omitStages, rules: [{ level: 'Metadata' }] })).toEqual(['ResponseComplete']);
    expect(stagesOf({ rules: [{ level: 'Metadata', omitStages }] })).toEqual(['ResponseComplete']);
  });
});
