/** Changes of one collection as a watcher with selectors sees them: what enters is ADDED, what leaves is DELETED. */
import type { KubeObject } from '../../kube/object.ts';
import { expired } from '../../kube/status.ts';
import type { FeedEvent, FeedListener } from '../change-feed.ts';
import type { HubCore, Target } from '../core.ts';
import { kindKey } from '../keys.ts';
import { storedAs } from '../object-io.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import { CompactedError } from '../store/store.ts';
import { ConvertingListener, type Following } from './converted-changes.ts';
import type { Selection } from './selection.ts';

export type WatchType = 'ADDED' | 'MODIFIED' | 'DELETED';

export interface WatchedChange {
  readonly type: WatchType;
  readonly event: FeedEvent;
  /** Bytes to show: for DELETED the last state. */
  readonly value: Uint8Array;
  readonly revision: bigint;
}

/** Resolves when live. Throws ApiError 410 when `since` is no longer retained. `lost`: the stream broke off, or an object cannot be converted. */
export async function followChanges(
  core: HubCore,
  target: Target,
  selection: Selection,
  since: bigint,
  listener: (change: WatchedChange) => void,
  lost: (error: unknown) => void,
  signal: AbortSignal,
): Promise<Following> {
  const { definition, workspace } = target;
  const namespace = definition.info.namespaced ? target.namespace : '';
  const selected: FeedListener = {
    event(event) {
      if (namespace !== '' && event.place.namespace !== namespace) return;
      const type = typeFor(definition, selection, event);
      if (type === undefined) return;
      const gone = type === 'DELETED' && event.change.type === 'put';
      const value = gone ? (event.change.previous as Uint8Array) : event.change.value;
      listener({ type, event, value, revision: event.revision });
    },
    lost,
  };
  const converting = definition.custom ? new ConvertingListener(core, target, selected, signal) : undefined;
  try {
    await core.feed.follow({ workspace, kind: kindKey(storedAs(definition)) }, since, converting ?? selected, signal);
    return converting ?? core.feed;
  } catch (error) {
    if (error instanceof CompactedError) throw expired(`too old resource version: ${since} (${error.horizon})`);
    throw error;
  }
}

function typeFor(definition: ResourceDefinition, selection: Selection, event: FeedEvent): WatchType | undefined {
  const { change } = event;
  if (selection.everything) {
    if (change.type === 'delete') return 'DELETED';
    return change.previous === undefined ? 'ADDED' : 'MODIFIED';
  }
  const matches = (object: KubeObject | undefined): boolean =>
    object !== undefined && selection.matches(shown(definition, object));
  const before = matches(event.previous());
  if (change.type === 'delete') return before ? 'DELETED' : undefined;
  const now = matches(event.object());
  if (now) return before ? 'MODIFIED' : 'ADDED';
  return before ? 'DELETED' : undefined;
}

/** Events are shared, so a conversion works on a copy. */
function shown(definition: ResourceDefinition, object: KubeObject): KubeObject {
  if (definition.storage === undefined) return object;
  const copy = structuredClone(object);
  definition.storage.fromStored(copy);
  return copy;
}
