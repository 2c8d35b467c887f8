/** One circuit breaker per cluster: after repeated failures callers are told at once instead of each waiting a deadline. */
import { BrokenCircuitError, CircuitState, circuitBreaker, handleWhen, type IBreaker } from 'cockatiel';
import { clusterError } from './classify-error.ts';
import { ClusterError } from './downstream.ts';

export interface BreakerOptions {
  /** Failures in a row, none older than `windowMs`, that open it. */
  readonly failures: number;
  readonly windowMs: number;
  /** How long it stays open unless a probe closes it. */
  readonly openMs: number;
  readonly now: () => number;
}

export interface Breaker {
  /** Runs the call, or throws ClusterError `circuit-open`. */
  run<T>(call: () => Promise<T>): Promise<T>;
  /** A health probe has seen the cluster answer. */
  close(): void;
  readonly open: boolean;
}

/** An answer of any HTTP status is a success, and a caller that gave up says nothing about the cluster. */
const COUNTED: ReadonlySet<ClusterError['kind']> = new Set(['unreachable', 'timeout', 'reset', 'tls', 'garbage']);
const isCounted = (error: Error): boolean => error instanceof ClusterError && COUNTED.has(error.kind);

export function createBreaker(clusterName: string, options: BreakerOptions): Breaker {
  const policy = circuitBreaker(handleWhen(isCounted), {
    breaker: failuresInARow(options),
    halfOpenAfter: options.openMs,
  });
  const refused = () => clusterError(clusterName, 'circuit-open');
  return {
    async run(call) {
      // While one caller tries whether the cluster is back, the others would queue behind it past their own deadlines.
      if (policy.state === CircuitState.HalfOpen) throw refused();
      try {
        return await policy.execute(call);
      } catch (error) {
        throw error instanceof BrokenCircuitError ? refused() : error;
      }
    },
    close() {
      // Releasing an isolation is the policy's only way to close by hand; it also runs when already closed, to no effect.
      if (policy.state !== CircuitState.Closed) policy.isolate().dispose();
    },
    get open() {
      return policy.state !== CircuitState.Closed;
    },
  };
}

function failuresInARow({ failures, windowMs, now }: BreakerOptions): IBreaker {
  let times: number[] = [];
  return {
    get state() {
      return times;
    },
    set state(value: unknown) {
      times = Array.isArray(value) ? value : [];
    },
    success() {
      if (times.length > 0) times = [];
    },
    failure(state) {
      const at = now();
      times = [...times.filter((time) => at - time < windowMs), at];
      const opens = state === CircuitState.HalfOpen || times.length >= failures;
      if (opens) times = [];
      return opens;
    },
  };
}
