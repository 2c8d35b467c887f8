/** Kubernetes Events in the hub: what people should see of what controllers met (core/v1 Event; repeats are counted). */
import { createHash } from 'node:crypto';
import type { KubeObject } from '../kube/object.ts';
import { ApiError } from '../kube/status.ts';
import type { HubClient } from './client.ts';

const EVENTS = { group: '', resource: 'events' };
const MESSAGE_LIMIT = 1_024;

export interface ObjectEvent {
  readonly type: 'Normal' | 'Warning';
  /** UpperCamelCase, for machines. */
  readonly reason: string;
  /** For people; cut at 1,024 characters. */
  readonly message: string;
  /** Who reports: `placement`, `syncer`. */
  readonly component: string;
}

/** Records the event beside the object; the same one again raises its count. Throws ApiError when the hub refuses. */
export async function recordEvent(
  hub: HubClient,
  workspace: string,
  about: KubeObject,
  event: ObjectEvent,
  now: string,
): Promise<void> {
  const namespace = about.metadata.namespace ?? 'default';
  const name = `${about.metadata.name}.${digest([about.metadata.uid ?? '', about.kind, event.reason, event.message])}`;
  const known = await hub.get({ workspace, ...EVENTS, namespace, name });
  if (known !== undefined) {
    const count = typeof known.count === 'number' ? known.count : 1;
    await hub.patch(
      { workspace, ...EVENTS, namespace, name },
      { type: 'merge', body: { count: count + 1, lastTimestamp: now } },
    );
    return;
  }
  try {
    await hub.create(workspace, EVENTS, newEvent(namespace, name, about, event, now));
  } catch (error) {
    // Another replica recorded it first.
    if (!(error instanceof ApiError) || error.reason !== 'AlreadyExists') throw error;
  }
}

const newEvent = (
  namespace: string,
  name: string,
  { apiVersion, kind, metadata }: KubeObject,
  { type, reason, message, component }: ObjectEvent,
  now: string,
): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name, namespace },
  involvedObject: {
    apiVersion,
    kind,
    name: metadata.name,
    ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
    ...(metadata.uid === undefined ? {} : { uid: metadata.uid }),
    ...(metadata.resourceVersion === undefined ? {} : { resourceVersion: metadata.resourceVersion }),
  },
  type,
  reason,
  message: message.slice(0, MESSAGE_LIMIT),
  source: { component },
  reportingComponent: component,
  reportingInstance: component,
  firstTimestamp: now,
  lastTimestamp: now,
  count: 1,
});

const digest = (parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16);
