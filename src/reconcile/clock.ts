/** Time as controllers see it; tests pass a manual one. */
export interface Clock {
  /** Milliseconds since epoch. */
  now(): number;
  /** Runs `task` once after `ms`; returns cancel. */
  after(ms: number, task: () => void): () => void;
}

/** Timers do not hold the process open: a controller lives as long as its server, not longer. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, task) => {
    const timer = setTimeout(task, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** The instant as Kubernetes writes it: RFC 3339 in whole seconds, UTC (metav1.Time). */
export function rfc3339(milliseconds: number): string {
  const second = Math.floor(milliseconds / 1000);
  // Every write asks, and most for the second of the one before.
  if (second !== latest.second) latest = { second, text: `${new Date(milliseconds).toISOString().slice(0, 19)}Z` };
  return latest.text;
}

let latest = { second: Number.NaN, text: '' };
