/** Reads of a hub that is still being made: what guards the hub's writes must be given to it when it is made. */
import type { KubeObject } from '../kube/object.ts';
import type { HubClient } from './client.ts';
import { listPages } from './list-pages.ts';

export type HubReads = Pick<HubClient, 'get' | 'list' | 'pages' | 'watch'>;

/** Every call waits for the hub. */
export function awaitedClient(ready: Promise<HubReads>): HubReads {
  return {
    get: async (ref) => (await ready).get(ref),
    list: async (...call) => (await ready).list(...call),
    pages: async (...call) => listPages(await ready, ...call),
    watch: (...call) => watchWhenReady(ready, call),
  };
}

async function* watchWhenReady<T extends KubeObject>(ready: Promise<HubReads>, call: Parameters<HubReads['watch']>) {
  yield* (await ready).watch<T>(...call);
}
