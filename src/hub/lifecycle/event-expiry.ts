/** Events go an hour after they were last written (kube-apiserver --event-ttl). */
import type { FeedEvent } from '../change-feed.ts';
import type { HubCore } from '../core.ts';
import type { Observer } from './observe.ts';

const TTL_MS = 3_600_000;
const SWEEP_MS = 30_000;
const BATCH = 200;

interface Expiry {
  readonly key: string;
  readonly revision: bigint;
  readonly at: number;
}

/** All have the same time to live, so the order of arrival is the order of expiry. */
export function eventExpiry(core: HubCore, signal: AbortSignal): Observer {
  let waiting: Expiry[] = [];
  const sweep = async (): Promise<void> => {
    const now = core.clock.now();
    const due = waiting.findIndex((one) => one.at > now);
    const expired = waiting.slice(0, due < 0 ? waiting.length : due);
    waiting = due < 0 ? [] : waiting.slice(due);
    for (let at = 0; at < expired.length; at += BATCH)
      await Promise.all(
        expired
          .slice(at, at + BATCH)
          // Written again since: that write has its own entry.
          .map(({ key, revision }) => core.store.commit([{ key, value: undefined, expected: revision }])),
      );
  };
  const tick = (): void => {
    if (signal.aborted) return;
    sweep()
      .catch((error: unknown) => core.log.warn({ err: error }, 'expired events could not be removed'))
      .finally(() => core.clock.after(SWEEP_MS, tick));
  };
  core.clock.after(SWEEP_MS, tick);
  return {
    observe(event: FeedEvent) {
      const { place, change } = event;
      if (place.resource !== 'events' || place.group !== '' || change.type === 'delete') return;
      const entry = { key: change.key, revision: change.revision, at: lastWritten(core, event) + TTL_MS };
      const last = waiting.at(-1);
      waiting.push(entry);
      if (last !== undefined && last.at > entry.at) waiting.sort((a, b) => a.at - b.at);
    },
  };
}

/** Of what was already there at the start only its own times tell. */
function lastWritten(core: HubCore, event: FeedEvent): number {
  const { metadata, lastTimestamp, eventTime } = event.object();
  const times = [metadata.creationTimestamp, lastTimestamp, eventTime].map((time) =>
    typeof time === 'string' ? Date.parse(time) : Number.NaN,
  );
  const known = times.filter((time) => !Number.isNaN(time));
  return known.length === 0 ? core.clock.now() : Math.min(core.clock.now(), Math.max(...known));
}
