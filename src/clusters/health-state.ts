/** What a cluster's health is after each probe. Pure: the prober calls it with what it saw. */
import type { ClusterError, ClusterHealth } from './downstream.ts';

export type ProbeOutcome =
  | { readonly kind: 'ready' }
  /** It answered, but not that it is ready. */
  | { readonly kind: 'unready'; readonly reason: string }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'failed'; readonly error: ClusterError['kind']; readonly reason: string };

export interface HealthState {
  readonly state: ClusterHealth;
  readonly reason: string;
  /** Probes in a row that got no answer. */
  readonly failures: number;
}

export const UNKNOWN_HEALTH: HealthState = { state: 'Unknown', reason: 'not probed yet', failures: 0 };

/** One lost probe is Degraded, the second Unhealthy: with a probe each 3 s and 1 s to answer, noticed within 8 s. */
const UNHEALTHY_AFTER = 2;
/** Waiting for a second probe changes nothing about these. */
const CERTAIN: ReadonlySet<ClusterError['kind']> = new Set(['tls', 'authentication']);

export function nextHealth(previous: HealthState, outcome: ProbeOutcome): HealthState {
  switch (outcome.kind) {
    case 'ready':
      return { state: 'Healthy', reason: 'ready', failures: 0 };
    case 'unready':
      return { state: 'Degraded', reason: outcome.reason, failures: 0 };
    case 'refused':
      return { state: 'Unhealthy', reason: outcome.reason, failures: 0 };
    case 'failed': {
      const failures = previous.failures + 1;
      const sure = failures >= UNHEALTHY_AFTER || CERTAIN.has(outcome.error) || previous.state === 'Unknown';
      return { state: sure ? 'Unhealthy' : 'Degraded', reason: outcome.reason, failures };
    }
  }
}

/** `/readyz`: 403 and 404 come from servers that keep it from this identity; they are up. */
export function outcomeOfStatus(status: number): ProbeOutcome {
  if (status === 401) return { kind: 'refused', reason: 'the cluster did not accept the credentials (401)' };
  if (status === 200 || status === 403 || status === 404) return { kind: 'ready' };
  return { kind: 'unready', reason: `/readyz answered ${status}` };
}
