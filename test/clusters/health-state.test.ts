import { describe, expect, it } from 'vitest';
import {
  type HealthState,
  nextHealth,
  outcomeOfStatus,
  type ProbeOutcome,
  UNKNOWN_HEALTH,
} from '../../src/clusters/health-state.ts';

const lost: ProbeOutcome = { kind: 'failed', error: 'timeout', reason: 'late' };
const after = (...outcomes: ProbeOutcome[]): HealthState => outcomes.reduce(nextHealth, UNKNOWN_HEALTH);

describe('health', () => {
  it.each<[string, ProbeOutcome[], HealthState['state']]>([
    ['is Unknown before any probe', [], 'Unknown'],
    ['is Healthy after a ready one', [outcomeOfStatus(200)], 'Healthy'],
    ['is Unhealthy when the first ever is lost', [lost], 'Unhealthy'],
    ['is Degraded when one is lost', [outcomeOfStatus(200), lost], 'Degraded'],
    ['is Unhealthy when two in a row are lost', [outcomeOfStatus(200), lost, lost], 'Unhealthy'],
    [
      'stays Degraded when losses are not in a row',
      [outcomeOfStatus(200), lost, outcomeOfStatus(200), lost],
      'Degraded',
    ],
    ['is Degraded when it answers that it is not ready', [outcomeOfStatus(500)], 'Degraded'],
    ['is Degraded when it is overloaded', [outcomeOfStatus(429)], 'Degraded'],
    ['is Unhealthy at once when it refuses the credentials', [outcomeOfStatus(200), outcomeOfStatus(401)], 'Unhealthy'],
    [
      'is Unhealthy at once when its certificate is wrong',
      [outcomeOfStatus(200), { ...lost, error: 'tls' }],
      'Unhealthy',
    ],
    ['is Healthy when /readyz is kept from this identity', [outcomeOfStatus(403)], 'Healthy'],
    ['is Healthy again after one ready probe', [lost, lost, lost, outcomeOfStatus(200)], 'Healthy'],
  ])('%s', (_name, outcomes, state) => {
    expect(after(...outcomes).state).toBe(state);
  });
});
