import { describe, expect, it } from 'vitest';
import { ERROR_TYPES } from '../../src/errors/catalogue.ts';
import { TmcError, toStatusError } from '../../src/errors/tmc-error.ts';

describe('the error catalogue', () => {
  it('has the 24 types, each with a hint that is a sentence', () => {
    expect(Object.keys(ERROR_TYPES)).toHaveLength(24);
    for (const { hint } of Object.values(ERROR_TYPES)) expect(hint).toMatch(/^[A-Z].*\.$/);
  });

  it('answers a retryable unavailability with Retry-After and the cluster in its cause', () => {
    const error = new TmcError('ClusterUnreachable', 'cluster "east" cannot be reached', { clusterName: 'east' });
    expect(toStatusError(error).status).toMatchObject({
      code: 503,
      reason: 'ServiceUnavailable',
      details: { retryAfterSeconds: 1, causes: [{ reason: 'ClusterUnreachable', field: 'east' }] },
    });
  });
});
