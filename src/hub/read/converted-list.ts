/** A list of a kind that a webhook converts: pages of what is stored are converted whole, then selected from. */
import { type Converted, isConverted } from '../conversion/converted-entries.ts';
import { asListError } from '../conversion/undecodable.ts';
import type { OpenedEntry } from '../conversion/version-mark.ts';
import type { HubCore, Target } from '../core.ts';
import { parsePlace } from '../keys.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import type { StoredEntry } from '../store/store.ts';
import type { ListResult } from './list.ts';
import type { ListQuery } from './list-options.ts';
import { compileSelection, type Selection } from './selection.ts';

type ReadStored = (query: ListQuery) => Promise<ListResult>;

/** Labels too are the webhook's to change, so nothing can be chosen before. Throws ApiError 500. */
export async function readConvertedList(
  core: HubCore,
  target: Target,
  query: ListQuery,
  read: ReadStored,
): Promise<ListResult> {
  const selection = compileSelection(target.definition, query.labelSelector, query.fieldSelector);
  const everything = { ...query, labelSelector: '', fieldSelector: '' };
  const convert = async (entries: readonly StoredEntry[]): Promise<readonly StoredEntry[]> => {
    const shown = await shownEntries(core, target, entries).catch((error: unknown) => {
      throw asListError(target.definition, error);
    });
    return selection.everything ? shown : shown.filter((entry) => isSelected(core, target, selection, entry));
  };
  if (query.limit > 0) return limited(everything, selection.everything, read, convert);
  const list = await read(everything);
  // What cannot be converted must be said by the status, not amid the answer.
  const first = await list.chunks[Symbol.asyncIterator]().next();
  const begin = first.done === true ? [] : await convert(first.value);
  async function* chunks(): AsyncGenerator<readonly StoredEntry[]> {
    yield begin;
    for await (const entries of list.chunks) yield await convert(entries);
  }
  return { ...list, chunks: chunks() };
}

async function limited(
  query: ListQuery,
  everything: boolean,
  read: ReadStored,
  convert: (entries: readonly StoredEntry[]) => Promise<readonly StoredEntry[]>,
): Promise<ListResult> {
  const found: StoredEntry[] = [];
  for (let page = query; ; ) {
    const list = await read(page);
    for await (const entries of list.chunks) found.push(...(await convert(entries)));
    if (list.continue === undefined || found.length >= query.limit) {
      const remaining = everything ? list.remainingItemCount : undefined;
      return { ...list, remainingItemCount: remaining, chunks: single(found) };
    }
    const { resourceVersion: _v, resourceVersionMatch: _m, ...rest } = page;
    page = {
      ...rest,
      resourceVersion: '',
      resourceVersionMatch: '',
      limit: query.limit - found.length,
      continue: list.continue,
    };
  }
}

async function* single(entries: readonly StoredEntry[]): AsyncGenerator<readonly StoredEntry[]> {
  yield entries;
}

const isSelected = (core: HubCore, { definition }: Target, selection: Selection, entry: StoredEntry): boolean =>
  selection.matches(core.objects.decode(definition, entry));

/** Each workspace has its own definition of the kind: where many are read, each entry is converted by its own. */
export async function shownEntries(
  core: HubCore,
  { workspace, definition }: Pick<Target, 'workspace' | 'definition'>,
  entries: readonly OpenedEntry[],
): Promise<readonly OpenedEntry[]> {
  if (workspace !== '*') return core.objects.converter.shown(definition as Converted, entries, true);
  const byWorkspace = new Map<string, OpenedEntry[]>();
  for (const entry of entries) {
    const own = byWorkspace.get(parsePlace(entry.key).workspace);
    if (own === undefined) byWorkspace.set(parsePlace(entry.key).workspace, [entry]);
    else own.push(entry);
  }
  const shown = new Map<string, OpenedEntry>();
  for (const [name, own] of byWorkspace) {
    const theirs = await definitionIn(core, name, definition);
    const result = isConverted(theirs) ? await core.objects.converter.shown(theirs, own, true) : own;
    for (const entry of result) shown.set(entry.key, entry);
  }
  return entries.map((entry) => shown.get(entry.key) ?? entry);
}

/** What the workspace itself says of the kind. */
export async function definitionIn(
  core: Pick<HubCore, 'catalog'>,
  workspace: string,
  definition: ResourceDefinition,
): Promise<ResourceDefinition> {
  const { group, version, resource } = definition.info;
  return (await core.catalog.of(workspace)).find(group, version, resource) ?? definition;
}
