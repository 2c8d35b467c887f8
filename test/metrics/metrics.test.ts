import { describe, expect, it } from 'vitest';
import { boundedLabel } from '../../src/metrics/bounded-label.ts';
import { METRICS } from '../../src/metrics/definitions.ts';
import { createMetrics } from '../../src/metrics/metrics.ts';

describe('metrics', () => {
  it('are exposed under their names, and two servers do not share them', async () => {
    const one = createMetrics({ process: true });
    const two = createMetrics({ process: false });
    one.metrics.tmc_placements_total.inc({ strategy: 'Spread', result: 'placed' });
    one.metrics.tmc_api_request_duration_seconds.observe({ door: 'view', verb: 'get' }, 0.003);
    const { text, contentType } = await one.expose();
    expect(contentType).toContain('text/plain');
    expect(text).toContain('tmc_placements_total{strategy="Spread",result="placed"} 1');
    expect(text).toContain('tmc_api_request_duration_seconds_bucket{le="0.005",door="view",verb="get"} 1');
    expect(text).toContain('nodejs_eventloop_lag_seconds');
    expect((await two.expose()).text).not.toContain('strategy="Spread"');
  });

  it('never carry a label whose values tenants choose', () => {
    const unbounded = ['workspace', 'namespace', 'name', 'user', 'path'];
    for (const { labels } of Object.values(METRICS))
      expect(unbounded.some((one) => (labels as string[]).includes(one))).toBe(false);
  });

  it('fold label values beyond the limit into one', () => {
    const label = boundedLabel(2);
    expect(['a', 'b', 'c', 'a', 'd'].map(label)).toEqual(['a', 'b', 'other', 'a', 'other']);
  });
});
