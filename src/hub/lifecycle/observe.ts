/**
 * What the hub's own controllers look at: every object once at the start, then every change. They keep only what
 * concerns them, so an idle workspace costs nothing; most objects are dismissed by a look at their bytes.
 */
import { FeedEvent } from '../change-feed.ts';
import type { HubCore } from '../core.ts';
import { parsePlace } from '../keys.ts';
import { PAGE } from '../read/page-size.ts';

export interface Observer {
  /** A change, or at the start a present object as if it had just been made. */
  observe(event: FeedEvent): void;
}

/** Resolves when every observer knows the present state and is live. */
export async function observeAll(core: HubCore, observers: readonly Observer[], signal: AbortSignal): Promise<void> {
  const tell = (event: FeedEvent) => {
    for (const observer of observers) {
      try {
        observer.observe(event);
      } catch (error) {
        core.log.error({ err: error, key: event.change.key }, 'a lifecycle controller could not take a change');
      }
    }
  };
  const restart = (error: unknown) => {
    if (signal.aborted) return;
    core.log.warn({ err: error }, 'lifecycle controllers start over');
    core.clock.after(1_000, () => void observeAll(core, observers, signal).catch(restart));
  };
  const since = await core.store.revision();
  await core.feed.follow({ workspace: '*', kind: '*' }, since, { event: tell, lost: restart }, signal);
  for (let after: string | undefined; !signal.aborted; ) {
    const page = await core.store.list('/', { ...PAGE, ...(after === undefined ? {} : { after }) });
    for (const entry of page.entries) tell(presentEvent(core, entry));
    after = page.entries.at(-1)?.key;
    if (page.remaining === 0 || after === undefined) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

function presentEvent(
  core: HubCore,
  entry: Parameters<HubCore['objects']['open']>[0] & { revision: bigint },
): FeedEvent {
  const { key, value, revision } = core.objects.open(entry);
  return new FeedEvent(
    { type: 'put', key, value, previous: undefined, previousRevision: 0n, revision },
    parsePlace(key),
  );
}

/** Cheap test before parsing: does the JSON contain this text at all. */
export const mentions = (value: Uint8Array, text: string): boolean =>
  Buffer.from(value.buffer, value.byteOffset, value.byteLength).includes(text);
