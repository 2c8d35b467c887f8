/** Reading collections: snapshot, selectors, pages. Entries come out as stored bytes; nothing is parsed unless a selector asks. */
import { ApiError, badRequest, expired, versionTooLarge } from '../../kube/status.ts';
import { within } from '../../kube/within.ts';
import { isConverted } from '../conversion/converted-entries.ts';
import type { HubCore, Target } from '../core.ts';
import { collectionPrefix, kindKey, parsePlace } from '../keys.ts';
import { storedAs } from '../object-io.ts';
import { CompactedError, type ListOptions, type ListPage, type StoredEntry } from '../store/store.ts';
import { type ContinuePoint, decodeContinue, encodeContinue } from './continue-token.ts';
import { readConvertedList } from './converted-list.ts';
import type { Collection, HotRange } from './hot-ranges.ts';
import { type ListQuery, parseVersion } from './list-options.ts';
import { PAGE } from './page-size.ts';
import { labelsOf, type Segment } from './segments.ts';
import { compileSelection, type Selection } from './selection.ts';

/** How long a list waits for a version that this server has not reached (upstream: 3 s). */
const FUTURE_WAIT_MS = 3_000;

export interface ListResult {
  readonly revision: bigint;
  readonly continue: string | undefined;
  readonly remainingItemCount: number | undefined;
  /** Decrypted, in key order. An unlimited list is read while it is consumed. */
  readonly chunks: AsyncIterable<readonly StoredEntry[]>;
  /** The same whole, where it lies in memory: what `chunks` would give, ready to be sent. */
  readonly segments?: readonly Segment[];
}

/** Throws ApiError 400, 410, 500, 504. `workspace` of the target may be `*`. */
export const readList = (core: HubCore, target: Target, query: ListQuery, signal?: AbortSignal): Promise<ListResult> =>
  isConverted(target.definition)
    ? readConvertedList(core, target, query, (stored) => readStoredList(core, target, stored, signal))
    : readStoredList(core, target, query, signal);

/** Entries as they are stored. */
async function readStoredList(
  core: HubCore,
  target: Target,
  query: ListQuery,
  signal?: AbortSignal,
): Promise<ListResult> {
  const selection = compileSelection(target.definition, query.labelSelector, query.fieldSelector);
  const point = query.continue === '' ? undefined : decodeContinue(query.continue);
  if (point !== undefined && query.resourceVersion !== '' && query.resourceVersion !== '0')
    throw badRequest('specifying resource version is not allowed when using continue');
  const at =
    point === undefined ? await snapshotOf(core, query, signal) : point.revision < 0n ? undefined : point.revision;
  const source = sourceOf(core, target, selection);
  const read = (options: ListOptions) => readPage(source, options, point);
  if (query.limit === 0 && at === undefined && point === undefined && source.collection !== undefined) {
    const hot = await core.ranges.take(source.collection, signal ?? NEVER);
    if (hot !== undefined) return inMemory(core, target, selection, hot);
  }
  const after = point === undefined ? undefined : source.prefix + point.after;
  return query.limit > 0
    ? limited(core, target, source, selection, query.limit, read, { ...defined({ at, after }) })
    : unlimited(core, target, source, selection, read, { ...defined({ at, after }) });
}

const NEVER = new AbortController().signal;

/** From the collection in memory: whole segments where everything is wanted. */
function inMemory(core: HubCore, target: Target, selection: Selection, { revision, segments }: HotRange): ListResult {
  const result = { revision, continue: undefined, remainingItemCount: undefined };
  async function* chunks(): AsyncGenerator<readonly StoredEntry[]> {
    for (const { entries } of segments) {
      yield selectFrom(core, target, selection, entries);
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }
  return { ...result, chunks: chunks(), ...(selection.everything ? { segments } : {}) };
}

const selectFrom = (core: HubCore, target: Target, selection: Selection, entries: readonly StoredEntry[]) =>
  selection.everything ? entries : entries.filter((entry) => isSelected(core, target, selection, entry));

/** Most selectors are decided without parsing the object. */
const isSelected = (core: HubCore, target: Target, selection: Selection, entry: StoredEntry): boolean =>
  selection.decides(parsePlace(entry.key), () => labelsOf(entry)) ??
  selection.matches(core.objects.decode(target.definition, entry));

type ReadPage = (options: ListOptions) => Promise<ListPage>;

interface Source {
  /** Common beginning of the keys; continue tokens leave it out. */
  readonly prefix: string;
  readonly read: ReadPage;
  /** Undefined: of all workspaces. */
  readonly collection: Collection | undefined;
}

function sourceOf(core: HubCore, { workspace, definition, namespace }: Target, selection: Selection): Source {
  const stored = storedAs(definition);
  const kind = kindKey(stored);
  if (workspace === '*')
    return { prefix: '', read: (options) => core.store.listKind(kind, options), collection: undefined };
  const scope = definition.info.namespaced ? namespace || selection.namespace || '' : '';
  const prefix = collectionPrefix(workspace, stored, scope);
  // Collections in memory say nothing of the versions that their objects are stored in.
  const collection = isConverted(definition) ? undefined : { workspace, kind, namespace: scope, prefix };
  return { prefix, read: (options) => core.store.list(prefix, options), collection };
}

/** undefined: newest. */
async function snapshotOf(core: HubCore, query: ListQuery, signal?: AbortSignal): Promise<bigint | undefined> {
  const wanted = parseVersion(query.resourceVersion);
  if (wanted === undefined) return undefined;
  const current = await core.store.revision();
  if (wanted > current) await waitForVersion(core, wanted, signal);
  const exact = query.resourceVersionMatch === 'Exact' || (query.resourceVersionMatch === '' && query.limit > 0);
  return exact ? wanted : undefined;
}

/** Throws 504 with the cause that clients know when the version stays ahead of this server. */
export async function waitForVersion(core: HubCore, wanted: bigint, signal?: AbortSignal): Promise<void> {
  const reached = await within(FUTURE_WAIT_MS, signal, (end) => core.feed.reached(wanted, end));
  if (!reached) throw versionTooLarge(wanted, await core.store.revision());
}

async function readPage(source: Source, options: ListOptions, point: ContinuePoint | undefined): Promise<ListPage> {
  try {
    return await source.read(options);
  } catch (error) {
    if (!(error instanceof CompactedError)) throw error;
    if (point === undefined) throw expired('The resourceVersion for the provided list is too old.');
    throw new ApiError(410, 'Expired', INCONSISTENT, undefined, {
      metadata: { continue: encodeContinue({ after: point.after, revision: -1n }) },
    });
  }
}

const INCONSISTENT =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
  'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
  'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or ' +
  'deleted between the time the first chunk was returned and now may show up in the list.';

async function limited(
  core: HubCore,
  target: Target,
  source: Source,
  selection: Selection,
  limit: number,
  read: ReadPage,
  first: ListOptions,
): Promise<ListResult> {
  const found: StoredEntry[] = [];
  // A selector may refuse most of what is read.
  let options: ListOptions = selection.everything ? { ...first, limit } : { ...first, ...PAGE };
  for (;;) {
    const page = await read({ ...options, count: selection.everything });
    for (const [index, entry] of page.entries.entries()) {
      const opened = core.objects.open(entry);
      if (!selection.everything && !isSelected(core, target, selection, opened)) continue;
      found.push(opened);
      if (found.length < limit) continue;
      const behind = page.remaining > 0 || index < page.entries.length - 1;
      return {
        revision: page.revision,
        continue: behind
          ? encodeContinue({ after: entry.key.slice(source.prefix.length), revision: page.revision })
          : undefined,
        remainingItemCount: behind && selection.everything ? page.remaining : undefined,
        chunks: single(found),
      };
    }
    const last = page.entries.at(-1);
    if (page.remaining === 0 || last === undefined)
      return { revision: page.revision, continue: undefined, remainingItemCount: undefined, chunks: single(found) };
    options = { ...options, at: page.revision, after: last.key };
  }
}

async function unlimited(
  core: HubCore,
  target: Target,
  source: Source,
  selection: Selection,
  read: ReadPage,
  first: ListOptions,
): Promise<ListResult> {
  const options: ListOptions = { ...first, ...PAGE };
  const firstPage = await read(options);
  const keep = (page: ListPage): readonly StoredEntry[] => {
    const opened = page.entries.map((entry) => core.objects.open(entry));
    return selectFrom(core, target, selection, opened);
  };
  const newest = first.at === undefined && first.after === undefined ? source.collection : undefined;
  async function* chunks(): AsyncGenerator<readonly StoredEntry[]> {
    let count = 0;
    for (let page = firstPage; ; ) {
      yield keep(page);
      count += page.entries.length;
      const last = page.entries.at(-1);
      if (page.remaining === 0 || last === undefined) {
        if (newest !== undefined) core.ranges.noteListed(newest, count);
        return;
      }
      await new Promise<void>((resolve) => setImmediate(resolve));
      page = await read({ ...options, at: firstPage.revision, after: last.key });
    }
  }
  return { revision: firstPage.revision, continue: undefined, remainingItemCount: undefined, chunks: chunks() };
}

async function* single(entries: readonly StoredEntry[]): AsyncGenerator<readonly StoredEntry[]> {
  yield entries;
}

const defined = ({ at, after }: { at: bigint | undefined; after: string | undefined }): ListOptions => ({
  ...(at === undefined ? {} : { at }),
  ...(after === undefined ? {} : { after }),
});
