/** Token buckets per user and per workspace; idle ones are forgotten. */
import { LRUCache } from 'lru-cache';
import { tooManyRequests } from '../kube/status.ts';
import type { Admitted, Authorized } from './context.ts';

export interface Rate {
  /** Requests per second in the long run, and how many may come at once. */
  readonly qps: number;
  readonly burst: number;
}

export interface Limits {
  readonly user: Rate;
  readonly workspace: Rate;
}

export const DEFAULT_LIMITS: Limits = {
  user: { qps: 2_000, burst: 4_000 },
  workspace: { qps: 10_000, burst: 20_000 },
};

/** As in kube-apiserver's flow control, its own administrators are exempt. */
const EXEMPT_GROUP = 'system:masters';
/** Who is not among the last so many callers has a full bucket anyway, or nearly. */
const KEPT = 10_000;

/** The gate. Throws 429 with the seconds after which one more request would pass. */
export function createRateLimit(limits: Limits, now: () => number = Date.now): (request: Authorized) => Admitted {
  const users = createBuckets(limits.user, now);
  const workspaces = createBuckets(limits.workspace, now);
  return (request) => {
    // The real caller's bucket: impersonating others must neither multiply one's share nor lift the limit.
    const caller = request.impersonator ?? request.user;
    if (!caller.groups.includes(EXEMPT_GROUP)) {
      const wait = Math.max(users(caller.name), workspaces(request.workspace));
      if (wait > 0) throw tooManyRequests('Too many requests, please try again later.', Math.ceil(wait));
    }
    return { ...request, admitted: true };
  };
}

/** Takes one token; gives the seconds to wait when there is none. */
function createBuckets({ qps, burst }: Rate, now: () => number): (key: string) => number {
  const buckets = new LRUCache<string, { tokens: number; at: number }>({ max: KEPT });
  return (key) => {
    const time = now() / 1000;
    const bucket = buckets.get(key) ?? { tokens: burst, at: time };
    const tokens = Math.min(burst, bucket.tokens + Math.max(0, time - bucket.at) * qps);
    const taken = tokens >= 1;
    buckets.set(key, { tokens: taken ? tokens - 1 : tokens, at: time });
    return taken ? 0 : (1 - tokens) / qps;
  };
}
