/** A watch that stays open and keeps what it was told, as an informer does. */
import { request } from 'undici';
import type { KubeObject } from '../../src/kube/object.ts';
import type { ApiClient } from '../kube/api-client.ts';

export interface WatchEvent {
  readonly type: string;
  readonly name: string;
  /** Of objects in a cluster; else undefined. */
  readonly cluster: string | undefined;
}

export interface ObservedWatch {
  /** In order, without bookmarks. */
  readonly events: readonly WatchEvent[];
  /** `namespace/name` of what is there, as a client that believes the events would say. */
  readonly state: ReadonlyMap<string, KubeObject>;
  /** The server ended it. */
  readonly ended: boolean;
  close(): void;
}

/** Opens it with all objects of now as its first events; resolves once it is answered. */
export async function observeWatch(client: ApiClient, path: string): Promise<ObservedWatch> {
  const closing = new AbortController();
  const { statusCode, body } = await request(`${client.url}${path}?watch=true`, {
    dispatcher: client.dispatcher,
    headers: client.credentials,
    signal: closing.signal,
    bodyTimeout: 0,
  });
  if (statusCode !== 200) throw new Error(`WATCH ${path}: ${statusCode} ${await body.text()}`);
  const events: WatchEvent[] = [];
  const state = new Map<string, KubeObject>();
  const watch = { events, state, ended: false, close: () => closing.abort() };
  const take = (line: string): void => {
    const { type, object } = JSON.parse(line) as { type: string; object: KubeObject };
    const { namespace = '', name = '', labels = {} } = object.metadata;
    const key = `${namespace}/${name}`;
    if (type === 'DELETED') state.delete(key);
    else state.set(key, object);
    events.push({ type, name, cluster: labels['tmc.kcp.io/cluster'] });
  };
  void (async () => {
    let rest = '';
    for await (const chunk of body.setEncoding('utf8')) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) take(line);
    }
  })()
    .catch(() => {})
    .finally(() => {
      watch.ended = !closing.signal.aborted;
    });
  return watch;
}
