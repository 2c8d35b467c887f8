/** WATCH as a stream of JSON lines: initial state, changes, bookmarks, end. */
import type { Access } from '../../kube/access.ts';
import type { ByteSink } from '../../kube/api.ts';
import { ApiError, internalError } from '../../kube/status.ts';
import type { HubCore, Target } from '../core.ts';
import type { StoredEntry } from '../store/store.ts';
import type { Following } from './converted-changes.ts';
import { followChanges, type WatchType } from './follow.ts';
import { readList, waitForVersion } from './list.ts';
import { type ListQuery, parseWatchVersion } from './list-options.ts';
import { compileSelection } from './selection.ts';

/** Turns events into lines. One per watch: tables send their columns only once. */
export interface WatchEncoder {
  /** `shared` is there for live changes: encodings are kept in it. `leaving`: the object left the selection, it was not deleted. */
  change(type: WatchType, entry: StoredEntry, shared?: Map<string, Buffer>, leaving?: boolean): Uint8Array;
  bookmark(revision: bigint, annotations?: Readonly<Record<string, string>>): Uint8Array;
  error(status: object): Uint8Array;
}

const BOOKMARK_MS = 60_000;
/** The last bookmark comes this long before the end. */
const LAST_BOOKMARK_MS = 2_000;
/** Upstream's --min-request-timeout, up to twice as long so that watches do not all end at once. */
const MIN_TIMEOUT_MS = 1_800_000;
/** A client this far behind is cut off with 410 and lists again. */
const MAX_PENDING = 16 * 1024 * 1024;
/** Initial state is read on once its reader has taken all but so much of what was written. */
const SOFT_PENDING = 256 * 1024;
/** How often a slow reader is looked at, more and more seldom. */
const LOOK_MS = 5;
const MAX_LOOK_MS = 320;
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

/**
 * Checks what must be refused by an HTTP status, then answers the body. Throws ApiError 400, 422, 504. A version that is too
 * old is told as an event (k8s.io/apiserver/pkg/storage/cacher, newErrWatcher): refused by status, client-go's RetryWatcher
 * would try it again for ever. `random` in [0, 1) spreads the timeouts. A caller who may no longer see what is watched
 * is told 403 as an event, and the watch ends; a credential that is no longer good ends it without a word.
 */
export async function watchBody(
  core: HubCore,
  target: Target,
  query: ListQuery,
  encoder: WatchEncoder,
  random: () => number,
  access: Access | undefined,
): Promise<(sink: ByteSink) => void> {
  compileSelection(target.definition, query.labelSelector, query.fieldSelector);
  const since = parseWatchVersion(query.resourceVersion);
  if (since !== undefined && since > (await core.store.revision())) await waitForVersion(core, since);
  return (sink) => void runWatch(core, target, query, since, encoder, sink, random, access);
}

async function runWatch(
  core: HubCore,
  target: Target,
  query: ListQuery,
  since: bigint | undefined,
  encoder: WatchEncoder,
  sink: ByteSink,
  random: () => number,
  access: Access | undefined,
): Promise<void> {
  const stop = new AbortController();
  const end = () => {
    stop.abort();
    sink.end();
  };
  const fail = (error: unknown) => {
    if (stop.signal.aborted) return;
    const failure = error instanceof ApiError ? error : internalError(String(error));
    sink.write(encoder.error(failure.status));
    end();
  };
  const signal = AbortSignal.any([stop.signal, sink.closed]);
  sink.closed.addEventListener('abort', () => stop.abort(), { once: true });
  const unfollow = access?.follow({
    granted: (grant) => {
      if (!grant.everything) fail(grant.denial);
    },
    unknown: end,
  });
  if (signal.aborted) unfollow?.();
  else if (unfollow !== undefined) signal.addEventListener('abort', unfollow, { once: true });
  try {
    const from = await writeInitialState(core, target, query, since, encoder, sink, signal);
    if (signal.aborted) return;
    let following: Pick<Following, 'revision'> = core.feed;
    const cancelTimers = startTimers(core, query, encoder, sink, end, random, () => following.revision);
    signal.addEventListener('abort', cancelTimers, { once: true });
    const selection = compileSelection(target.definition, query.labelSelector, query.fieldSelector);
    following = await followChanges(
      core,
      target,
      selection,
      from,
      ({ type, event, value, revision }) => {
        if (sink.pending > MAX_PENDING) return fail(tooSlow());
        const leaving = type === 'DELETED' && event.change.type === 'put';
        sink.write(encoder.change(type, { key: event.change.key, value, revision }, event.encoded, leaving));
      },
      // A feed that breaks off is followed again; what cannot be converted is said.
      (error) => (error instanceof ApiError ? fail(error) : end()),
      signal,
    );
  } catch (error) {
    fail(error);
  }
}

const tooSlow = () =>
  new ApiError(410, 'Expired', 'The watch was cut because its reader is too slow; list and watch again.');

/** Writes the present objects where the request asks for them; answers where the changes begin. */
async function writeInitialState(
  core: HubCore,
  target: Target,
  query: ListQuery,
  since: bigint | undefined,
  encoder: WatchEncoder,
  sink: ByteSink,
  signal: AbortSignal,
): Promise<bigint> {
  const wanted = query.sendInitialEvents ?? since === undefined;
  if (!wanted) return since ?? (await core.store.revision());
  const list = await readList(core, target, { ...query, ...FROM_NOW, resourceVersion: query.resourceVersion }, signal);
  for await (const chunk of list.chunks) {
    for (const entry of chunk) sink.write(encoder.change('ADDED', entry));
    await untilTaken(core, sink, signal);
    if (signal.aborted) return list.revision;
  }
  if (query.sendInitialEvents === true && query.allowWatchBookmarks)
    sink.write(encoder.bookmark(list.revision, { [INITIAL_EVENTS_END]: 'true' }));
  return list.revision;
}

/** A list of everything at least as new as asked. */
const FROM_NOW = {
  limit: 0,
  continue: '',
  resourceVersionMatch: 'NotOlderThan',
  sendInitialEvents: undefined,
} as const;

async function untilTaken(core: HubCore, sink: ByteSink, signal: AbortSignal): Promise<void> {
  for (let ms = LOOK_MS; sink.pending > SOFT_PENDING && !signal.aborted; ms = Math.min(2 * ms, MAX_LOOK_MS))
    await pause(core, ms);
}

const pause = (core: HubCore, ms: number): Promise<void> =>
  new Promise((resolve) => {
    core.clock.after(ms, resolve);
  });

function startTimers(
  core: HubCore,
  query: ListQuery,
  encoder: WatchEncoder,
  sink: ByteSink,
  end: () => void,
  random: () => number,
  /** Up to which the client has been told of everything. */
  revision: () => bigint,
): () => void {
  const asked = (query.timeoutSeconds ?? 0) * 1_000;
  const total = asked > 0 ? asked : MIN_TIMEOUT_MS * (1 + random());
  const cancels = new Set<() => void>([core.clock.after(total, end)]);
  const bookmark = () => {
    if (!sink.closed.aborted) sink.write(encoder.bookmark(revision()));
  };
  if (query.allowWatchBookmarks) {
    const tick = () => {
      bookmark();
      cancels.add(core.clock.after(BOOKMARK_MS, tick));
    };
    cancels.add(core.clock.after(BOOKMARK_MS * (0.9 + 0.2 * random()), tick));
    if (total > LAST_BOOKMARK_MS) cancels.add(core.clock.after(total - LAST_BOOKMARK_MS, bookmark));
  }
  return () => {
    for (const cancel of cancels) cancel();
    cancels.clear();
  };
}
