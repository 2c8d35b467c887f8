/** Asks one cluster's `/readyz` every few seconds for as long as it is registered, sooner when a call has just failed. */
import { ClusterError } from './downstream.ts';
import { type HealthState, nextHealth, outcomeOfStatus, type ProbeOutcome, UNKNOWN_HEALTH } from './health-state.ts';

export interface HealthProbeOptions {
  /** Status of `/readyz`, within the deadline; throws ClusterError. Must not pass through the breaker. */
  readonly probe: (signal: AbortSignal) => Promise<number>;
  readonly intervalMs: number;
  /** Interval while the cluster does not answer, so that its return is noticed soon. */
  readonly downIntervalMs: number;
  /** Called after each probe with the state before and after it. */
  readonly onProbe: (state: HealthState, previous: HealthState, outcome: ProbeOutcome) => void;
}

export interface HealthProbe {
  readonly state: HealthState;
  /** A call failed: probe now instead of at the next turn. */
  hurry(): void;
  /** Something about the connection changed: what was learnt before no longer counts. */
  again(): void;
  stop(): void;
}

export function startHealthProbe(options: HealthProbeOptions): HealthProbe {
  const stopped = new AbortController();
  let state = UNKNOWN_HEALTH;
  let timer: NodeJS.Timeout | undefined;
  let running = false;
  let rerun = false;

  async function turn(): Promise<void> {
    clearTimeout(timer);
    running = true;
    const outcome = await probeOnce();
    running = false;
    if (stopped.signal.aborted) return;
    const previous = state;
    state = nextHealth(state, outcome);
    timer = setTimeout(turn, delayAfter(outcome));
    timer.unref();
    options.onProbe(state, previous, outcome);
  }

  function delayAfter(outcome: ProbeOutcome): number {
    if (rerun) {
      rerun = false;
      return 0;
    }
    return outcome.kind === 'failed' ? options.downIntervalMs : options.intervalMs;
  }

  async function probeOnce(): Promise<ProbeOutcome> {
    try {
      return outcomeOfStatus(await options.probe(stopped.signal));
    } catch (error) {
      const kind = error instanceof ClusterError ? error.kind : 'unreachable';
      return { kind: 'failed', error: kind, reason: error instanceof Error ? error.message : String(error) };
    }
  }

  timer = setTimeout(turn, 0);
  timer.unref();
  return {
    get state() {
      return state;
    },
    hurry() {
      // Once it is known to be down, its own fast rhythm is enough.
      if (!running && !stopped.signal.aborted && state.state === 'Healthy') void turn();
    },
    again() {
      if (running) rerun = true;
      else if (!stopped.signal.aborted) void turn();
    },
    stop() {
      stopped.abort();
      clearTimeout(timer);
    },
  };
}
