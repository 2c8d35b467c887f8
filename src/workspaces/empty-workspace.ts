/** Deletes all that a workspace holds, whatever its kind: the store's keys say what there is. */
import pLimit from 'p-limit';
import type { HubClient } from '../hub/client.ts';
import { type ObjectPlace, parsePlace } from '../hub/keys.ts';
import type { Store } from '../hub/store/store.ts';
import { ApiError } from '../kube/status.ts';

const PAGE = 500;
const PARALLEL = 16;

/** What a workspace cannot be without while it lives; it goes with the last purge. */
const GOES_LAST: ReadonlySet<string> = new Set(['namespaces', 'logicalclusters']);

/**
 * One round. Objects with finalizers are marked deleted and left to those who hold them (a copy in a cluster goes before
 * its original, a child workspace before its parent). Gives how many are left; 0 means the workspace is empty.
 */
export async function emptyWorkspace(
  hub: { readonly client: Pick<HubClient, 'get' | 'delete'>; readonly store: Pick<Store, 'list' | 'commit'> },
  path: string,
): Promise<number> {
  const places = (await keysOf(hub.store, path)).map(parsePlace);
  const limit = pLimit(PARALLEL);
  const content = places.filter(({ resource }) => !GOES_LAST.has(resource));
  await Promise.all(content.map((place) => limit(() => deleteOne(hub.client, place))));
  const held = await Promise.all(places.map((place) => limit(() => isHeld(hub.client, place))));
  const left = held.filter(Boolean).length;
  if (left === 0) await purge(hub.store, path);
  return left;
}

const keysOf = async (store: Pick<Store, 'list'>, path: string): Promise<string[]> => {
  const keys: string[] = [];
  for (let after: string | undefined; ; ) {
    const page = await store.list(`/${path}/`, { limit: PAGE, ...(after === undefined ? {} : { after }) });
    keys.push(...page.entries.map(({ key }) => key));
    after = keys.at(-1);
    if (page.remaining === 0) return keys;
  }
};

/** A kind that may not be deleted by its own rules goes with the purge. */
async function deleteOne(client: Pick<HubClient, 'delete'>, place: ObjectPlace): Promise<void> {
  try {
    await client.delete(place, { propagationPolicy: 'Background' });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}

async function isHeld(client: Pick<HubClient, 'get'>, place: ObjectPlace): Promise<boolean> {
  try {
    const object = await client.get(place);
    return Boolean(object?.metadata.finalizers?.length) && !GOES_LAST.has(place.resource);
  } catch (error) {
    // No such kind any more (its definition went first): nobody is left who could hold it.
    if (error instanceof ApiError && error.code === 404) return false;
    throw error;
  }
}

/** What nobody holds goes in one transaction per page. */
async function purge(store: Pick<Store, 'list' | 'commit'>, path: string): Promise<void> {
  const keys = await keysOf(store, path);
  for (let i = 0; i < keys.length; i += PAGE) {
    await store.commit(keys.slice(i, i + PAGE).map((key) => ({ key, value: undefined })));
  }
}
