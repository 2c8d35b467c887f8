/** Changes of kinds that a webhook may convert: converted one after another, so that their order stays. */
import { FeedEvent, type FeedListener } from '../change-feed.ts';
import { type Converted, isConverted } from '../conversion/converted-entries.ts';
import type { OpenedEntry } from '../conversion/version-mark.ts';
import type { HubCore, Target } from '../core.ts';
import { kindKey } from '../keys.ts';
import { storedAs } from '../object-io.ts';
import { definitionIn } from './converted-list.ts';

/** How far a listener has been told of what the feed has. */
export interface Following {
  /** Of every change up to this revision. */
  readonly revision: bigint;
  /** Resolves when it has been told of all that the feed had at the call. */
  told(): Promise<void>;
}

/**
 * A listener in front of another one, to which it passes changes on in the version of the definition. Whether they must be
 * converted is asked at each of them: a CRD may come to convert while its objects are watched. Changes of kinds that no
 * workspace converts pass at once. The first that cannot be converted ends it: the listener is told that it lost the feed.
 */
export class ConvertingListener implements FeedListener, Following {
  readonly #core: HubCore;
  readonly #target: Pick<Target, 'workspace' | 'definition'>;
  readonly #listener: FeedListener;
  readonly #signal: AbortSignal;
  readonly #kind: string;
  /** Revisions of what waits for its turn, in order. */
  readonly #waiting: bigint[] = [];
  #turn: Promise<void> = Promise.resolve();
  #over = false;

  constructor(
    core: HubCore,
    target: Pick<Target, 'workspace' | 'definition'>,
    listener: FeedListener,
    signal: AbortSignal,
  ) {
    this.#core = core;
    this.#target = target;
    this.#listener = listener;
    this.#signal = signal;
    this.#kind = kindKey(storedAs(target.definition));
  }

  get revision(): bigint {
    const [first] = this.#waiting;
    return first === undefined ? this.#core.feed.revision : first - 1n;
  }

  told(): Promise<void> {
    return this.#turn;
  }

  event(event: FeedEvent): void {
    if (this.#waiting.length === 0 && !this.#core.catalog.converts(this.#kind)) {
      this.#listener.event(event);
      return;
    }
    this.#waiting.push(event.revision);
    this.#turn = this.#turn.then(() => this.#pass(event));
  }

  lost(error: unknown): void {
    this.#turn = this.#turn.then(() => this.#end(error));
  }

  async #pass(event: FeedEvent): Promise<void> {
    if (this.#over || this.#signal.aborted) return;
    try {
      const own = await definitionIn(this.#core, event.place.workspace, this.#target.definition);
      const shown = isConverted(own) ? await convertedEvent(this.#core, own, event) : event;
      if (!this.#signal.aborted) this.#listener.event(shown);
      this.#waiting.shift();
    } catch (error) {
      this.#end(error);
    }
  }

  #end(error: unknown): void {
    if (!this.#over && !this.#signal.aborted) this.#listener.lost(error);
    this.#over = true;
  }
}

async function convertedEvent(core: HubCore, definition: Converted, { change, place }: FeedEvent): Promise<FeedEvent> {
  const { key, value, revision, mark, previous, previousRevision, previousMark } = change;
  const entries: OpenedEntry[] = [{ key, value, revision, ...(mark === undefined ? {} : { mark }) }];
  if (previous !== undefined)
    entries.push({
      key,
      value: previous,
      revision: previousRevision,
      ...(previousMark === undefined ? {} : { mark: previousMark }),
    });
  const [now, before] = await core.objects.converter.shown(definition, entries, true);
  return new FeedEvent({ ...change, value: (now as OpenedEntry).value, previous: before?.value }, place);
}
