/** LIST of a view: all sources at one moment, in one order, from warm caches; pages are pinned to that moment. */
import type { Downstream } from '../clusters/downstream.ts';
import type { ListQuery } from '../hub/read/list-options.ts';
import { parseVersion } from '../hub/read/list-options.ts';
import { ApiError, expired, versionTooLarge } from '../kube/status.ts';
import { within } from '../kube/within.ts';
import { isNamespaceKind } from './cluster-scope.ts';
import { type ContinueKey, decodeContinue, encodeContinue, type ViewContinue } from './continue-token.ts';
import { folderOf } from './fold.ts';
import type { Gathered } from './gather.ts';
import { isGivenUp } from './given-up.ts';
import type { HubSnapshot } from './hub-source.ts';
import {
  compareNamespaces,
  compareText,
  type EqualNames,
  type MergedItem,
  type MergeInput,
  mergeSlices,
} from './merge.ts';
import { FIRST } from './merge-rule.ts';
import type { Moments } from './moments.ts';
import { FrozenSource, slicesAt } from './pinned-slices.ts';
import type { ReferenceNames } from './reference-names.ts';
import { decodeVersion, encodeVersion, HUB_SLOT, MOMENT_SLOT } from './resource-version.ts';
import type { ViewSelection } from './selection.ts';
import type { Source } from './source.ts';
import type { ChangeLog } from './source-log.ts';

export interface ListScope {
  readonly workspace: string;
  /** Undefined: all. */
  readonly namespace: string | undefined;
}

export interface ViewList {
  /** Walked once. A long list is merged as it is walked. */
  readonly items: Iterable<MergedItem>;
  /** To be called whenever others have run since the last item: keeps what is still to come as it was. Throws when it cannot. */
  readonly resume: () => void;
  readonly metadata: {
    readonly resourceVersion: string;
    readonly continue?: string;
    readonly remainingItemCount?: number;
  };
}

/** How long a list waits for a version that its source has not reached (upstream: 3 s). */
const FUTURE_WAIT_MS = 3_000;

/** LIST in one go; see `openList`. */
export async function listView(
  gathered: ListSources,
  scope: ListScope,
  query: ListQuery,
  selection: ViewSelection,
  signal: AbortSignal,
): Promise<ViewList> {
  return (await openList(gathered, scope, query, selection, signal))();
}

/**
 * Reads what must be waited for; the function it answers takes the list synchronously, so that a watch can join at the
 * very moment at which its list was taken.
 * Throws ApiError 400 (malformed), 410 (the versions are gone, with a token to go on inconsistently), 504 (a version
 * that its source has not reached).
 */
export async function openList(
  gathered: ListSources,
  scope: ListScope,
  query: ListQuery,
  selection: ViewSelection,
  signal: AbortSignal,
): Promise<() => ViewList> {
  const token = query.continue === '' ? undefined : decodeContinue(query.continue);
  const wanted = token === undefined ? parseVersion(query.resourceVersion) : undefined;
  if (wanted !== undefined) await waitForVersion(gathered, wanted, signal);
  const hub = await gathered.hub?.snapshot(scope.workspace, scope.namespace, signal);
  return () => takeList(gathered, hub, scope, { query, selection, token, wanted });
}

/** What a list is taken of: `clusters` is read at the moment it is taken. */
export type ListSources = Pick<Gathered, 'resource' | 'hub' | 'clusters' | 'projection' | 'barrier' | 'moments'> & {
  /** How references are shown; undefined: as they are. */
  readonly names?: ReferenceNames | undefined;
};

interface ListPlan {
  readonly query: ListQuery;
  readonly selection: ViewSelection;
  readonly token: ViewContinue | undefined;
  readonly wanted: bigint | undefined;
}

/** Nothing else runs in between: every source is seen at the same moment. */
function takeList(gathered: ListSources, hub: HubSnapshot | undefined, scope: ListScope, plan: ListPlan): ViewList {
  const { query, selection, token, wanted } = plan;
  hub?.catchUp();
  const sources: Source[] = [...(hub === undefined ? [] : [hub]), ...gathered.clusters];
  const equal = equalNames(gathered, gathered.clusters);
  const exact = query.resourceVersionMatch === 'Exact' || (query.resourceVersionMatch === '' && query.limit > 0);
  const point = token ?? (exact && wanted !== undefined ? pointAt(sources, wanted, gathered.moments) : undefined);
  const pinned = point === undefined || point.listVersion === '' ? undefined : point;
  const inputs = inputsOf(sources, scope, pinned, token);
  const present = (): ViewContinue['versions'] =>
    Object.fromEntries(sources.map(({ slot, log }) => [slot, String(log.latest.version)]));
  const listVersion = pinned?.listVersion ?? String(listVersionOf(sources, gathered));
  if (query.limit === 0 && pinned === undefined && token === undefined && countOf(inputs) > EAGER_ITEMS) {
    return longList(sources, scope, { ...gathered, equal }, selection, listVersion);
  }
  const versions = pinned?.versions ?? present();
  const kind = { ...gathered, equal };
  return listPage(inputs, kind, { query, selection, after: token?.after, versions, listVersion });
}

export function equalNames(
  { resource, projection }: Pick<ListSources, 'resource' | 'projection'>,
  clusters: readonly { readonly downstream: Downstream }[],
): EqualNames {
  if (isNamespaceKind(resource)) return { choose: FIRST };
  return { choose: projection?.chooser(clusters.map(({ downstream }) => downstream)), fold: folderOf(resource) };
}

/**
 * What a watch goes on from: the version of the newest change over the sources, so that other processes know it too; the
 * moment's own where nothing changed since a source's history began, or since a barrier. Never 0.
 */
export function listVersionOf(
  sources: readonly { readonly slot: number; readonly log: ChangeLog }[],
  { barrier, moments }: Pick<ListSources, 'barrier' | 'moments'>,
): bigint {
  let best: { sequence: number; encoded: bigint | undefined } = { sequence: barrier(), encoded: undefined };
  for (const { slot, log } of sources) {
    const { sequence, version } = log.latest;
    if (sequence <= best.sequence) continue;
    best = { sequence, encoded: sequence > log.baseSequence ? encodeVersion(slot, version) : undefined };
  }
  return best.encoded ?? moments.at(best.sequence);
}

/** Throws 504 where the version's source does not reach it in time, 410 where the source is not of this view any more or never will. */
export async function waitForVersion(gathered: ListSources, wanted: bigint, signal: AbortSignal): Promise<void> {
  const { slot, version } = decodeVersion(wanted);
  if (slot === MOMENT_SLOT) {
    if (gathered.moments.find(version) === undefined) throw expired(`too old resource version: ${wanted}`);
    return;
  }
  if (slot === HUB_SLOT) {
    const { hub } = gathered;
    if (hub === undefined || hub.version >= version) return;
    if (!(await within(FUTURE_WAIT_MS, signal, (end) => hub.whenReached(version, end))))
      throw versionTooLarge(wanted, encodeVersion(slot, hub.version));
    return;
  }
  const source = gathered.clusters.find((one) => one.slot === slot);
  if (source === undefined) throw expired(`too old resource version: ${wanted}`);
  // After a restore from a backup the same number comes again, and means something else.
  const isAbandoned = version <= source.reflector.abandonedVersion && !source.log.names(version);
  if (isAbandoned) throw expired(`too old resource version: ${wanted}`);
  if (source.version >= version) return;
  await within(FUTURE_WAIT_MS, signal, (end) => source.reflector.whenReached(version, end)).catch(async () => {
    const isPast = version <= source.reflector.abandonedVersion || (await isGivenUp(source, version));
    if (isPast) throw expired(`too old resource version: ${wanted}`);
    throw versionTooLarge(wanted, encodeVersion(slot, source.version));
  });
}

/** Where every source stood when the version was new. Throws 410 where that is no longer known. */
function pointAt(sources: readonly Source[], wanted: bigint, moments: Moments): ViewContinue {
  const { slot, version } = decodeVersion(wanted);
  const place =
    slot === MOMENT_SLOT ? moments.find(version) : sources.find((source) => source.slot === slot)?.log.find(version);
  if (place === undefined || sources.some(({ log }) => log.baseSequence > place)) {
    throw expired(`The resourceVersion for the provided list is too old.`);
  }
  const versions = sources.map((source) => [source.slot, String(source.log.versionAt(place))] as const);
  return { listVersion: String(wanted), versions: Object.fromEntries(versions), after: START };
}

const START: ContinueKey = { namespace: '', name: '', clusterName: '' };

function inputsOf(
  sources: readonly Source[],
  { workspace, namespace }: ListScope,
  pinned: ViewContinue | undefined,
  token: ViewContinue | undefined,
): MergeInput[] {
  return sources.flatMap((source): MergeInput[] => {
    const { clusterName, slot } = source;
    if (pinned === undefined) return [{ clusterName, slices: source.slices(workspace, namespace) }];
    const version = pinned.versions[slot];
    // A source that joined after the first page is of the next list.
    if (version === undefined) return [];
    const slices = slicesAt(source, workspace, namespace, BigInt(version));
    if (slices === undefined)
      throw token === undefined
        ? expired('The resourceVersion for the provided list is too old.')
        : inconsistent(token);
    return [{ clusterName, slices }];
  });
}

const INCONSISTENT =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
  'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
  'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or ' +
  'deleted between the time the first chunk was returned and now may show up in the list.';

export const inconsistent = (token: ViewContinue): ApiError =>
  new ApiError(410, 'Expired', INCONSISTENT, undefined, {
    metadata: { continue: encodeContinue({ ...token, listVersion: '', versions: {} }) },
  });

/** Up to this many objects are merged in one go: a few milliseconds. */
const EAGER_ITEMS = 1_000;

const countOf = (inputs: readonly MergeInput[]): number =>
  inputs.reduce((sum, { slices }) => sum + slices.reduce((names, slice) => names + slice.names.length, 0), 0);

/** A kind as it is listed. */
export interface ListedKind extends Pick<ListSources, 'resource' | 'names'> {
  readonly equal: EqualNames;
}

function mergedItems(inputs: readonly MergeInput[], { equal, names }: ListedKind): Iterable<MergedItem> {
  const items = mergeSlices(inputs, equal);
  return names === undefined ? items : withNames(items, names);
}

function* withNames(items: Iterable<MergedItem>, names: ReferenceNames): Generator<MergedItem> {
  for (const merged of items) yield names.show(merged);
}

/** All objects, merged while they are sent, as they were when the list was taken. */
function longList(
  sources: readonly Source[],
  { workspace, namespace }: ListScope,
  kind: ListedKind,
  selection: ViewSelection,
  resourceVersion: string,
): ViewList {
  const frozen = sources.map((source) => new FrozenSource(source, workspace, namespace));
  const merged = mergedItems(
    frozen.map(({ clusterName, slices }) => ({ clusterName, slices })),
    kind,
  );
  function* selected(): Generator<MergedItem> {
    for (const one of merged) if (isSelected(selection, one)) yield one;
  }
  return {
    items: selected(),
    resume: () => {
      for (const source of frozen) source.resume();
    },
    metadata: { resourceVersion },
  };
}

export interface PageRequest {
  readonly query: ListQuery;
  readonly selection: ViewSelection;
  readonly after: ContinueKey | undefined;
  readonly versions: ViewContinue['versions'];
  readonly listVersion: string;
}

/** One page of the merged inputs. */
export function listPage(inputs: readonly MergeInput[], kind: ListedKind, request: PageRequest): ViewList {
  const { query, selection, after, listVersion, versions } = request;
  const items: MergedItem[] = [];
  const countsAll = selection.everything;
  let behind = 0;
  for (const merged of mergedItems(inputs, kind)) {
    if (after !== undefined && compareKeys(keyOf(merged), after) <= 0) continue;
    if (!isSelected(selection, merged)) continue;
    if (query.limit === 0 || items.length < query.limit) items.push(merged);
    else {
      behind++;
      if (!countsAll) break;
    }
  }
  const last = items.at(-1);
  if (behind === 0 || last === undefined)
    return { items, resume: () => {}, metadata: { resourceVersion: listVersion } };
  return {
    items,
    resume: () => {},
    metadata: {
      resourceVersion: listVersion,
      continue: encodeContinue({ listVersion, versions, after: keyOf(last) }),
      ...(countsAll ? { remainingItemCount: behind } : {}),
    },
  };
}

export const isSelected = (
  selection: ViewSelection,
  { item, namespace, clusterName, qualified }: MergedItem,
): boolean =>
  selection.wantsSource(clusterName) &&
  (selection.everything || selection.matches(item, namespace, clusterName, qualified));

const keyOf = ({ namespace, item, clusterName }: MergedItem): ContinueKey => ({
  namespace,
  name: item.name,
  clusterName: clusterName ?? '',
});

const compareKeys = (a: ContinueKey, b: ContinueKey): number =>
  compareNamespaces(a.namespace, b.namespace) ||
  compareText(a.name, b.name) ||
  compareText(a.clusterName, b.clusterName);
