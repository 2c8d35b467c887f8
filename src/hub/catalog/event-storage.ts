/** Events are one kind under two groups: stored as core/v1, shown as events.k8s.io/v1 (pkg/apis/events/v1/conversion.go). */
import type { KubeObject } from '../../kube/object.ts';

/** [core/v1 name, events.k8s.io/v1 name]. */
const NAMES = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['reportingComponent', 'reportingController'],
] as const;

function rename(object: KubeObject, from: string, to: string): void {
  if (!Object.hasOwn(object, from)) return;
  object[to] = object[from];
  delete object[from];
}

/** What core/v1 writes even when it is empty. */
const CORE_ALWAYS: readonly (readonly [string, object | string])[] = [
  ['involvedObject', {}],
  ['source', {}],
  ['reportingComponent', ''],
  ['reportingInstance', ''],
];

export const EVENTS_STORAGE = {
  group: '',
  resource: 'events',
  toStored: (object: KubeObject): void => {
    for (const [core, events] of NAMES) rename(object, events, core);
    for (const [field, empty] of CORE_ALWAYS) object[field] ??= structuredClone(empty);
  },
  fromStored: (object: KubeObject): void => {
    for (const [core, events] of NAMES) rename(object, core, events);
    for (const field of ['reportingController', 'reportingInstance']) if (object[field] === '') delete object[field];
  },
};
