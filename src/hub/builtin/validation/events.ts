/** Events (pkg/apis/core/validation/events.go): those of core/v1 loosely, those of events.k8s.io/v1 strictly when they are made. */
import { invalidValue, requiredValue } from '../../../kube/field-error.ts';
import type { KubeObject } from '../../../kube/object.ts';
import type { StatusCause } from '../../../kube/status.ts';
import type { Causes } from './scalars.ts';

const MAX_BYTES = { reportingInstance: 128, action: 128, reason: 128, note: 1024 };

type EventObject = KubeObject & {
  readonly eventTime?: string | null;
  readonly action?: string;
  readonly reason?: string;
  readonly type?: string;
  readonly reportingInstance?: string;
};

/** The names of a group's fields. */
interface Names {
  readonly object: 'involvedObject' | 'regarding';
  readonly note: 'message' | 'note';
  readonly controller: 'reportingComponent' | 'reportingController';
}
const CORE: Names = { object: 'involvedObject', note: 'message', controller: 'reportingComponent' };
const EVENTS: Names = { object: 'regarding', note: 'note', controller: 'reportingController' };

export const coreEventCauses = (event: EventObject): Causes => looseCauses(event, CORE);

export const eventCauses = (event: EventObject, old: EventObject | undefined): Causes => [
  ...looseCauses(event, EVENTS),
  ...(old === undefined ? strictCauses(event) : []),
];

function looseCauses(event: EventObject, names: Names): StatusCause[] {
  const namespace = event.metadata.namespace ?? '';
  const about = (event[names.object] as { namespace?: string } | undefined)?.namespace ?? '';
  const elsewhere = [invalidValue('involvedObject.namespace', about, 'does not match event.namespace')];
  if ((event.eventTime ?? '') === '')
    return about === namespace || (about === '' && namespace === 'default') ? [] : elsewhere;
  const clusterWide = namespace === 'default' || namespace === 'kube-system';
  const note = String(event[names.note] ?? '');
  return [
    ...(about === '' && !clusterWide ? elsewhere : []),
    ...(event[names.controller] ? [] : [requiredValue(names.controller)]),
    ...(['reportingInstance', 'action', 'reason'] as const).flatMap((field) => {
      const text = event[field] ?? '';
      return [...(text === '' ? [requiredValue(field)] : []), ...lengthCauses(field, text, MAX_BYTES[field])];
    }),
    ...lengthCauses('message', note, MAX_BYTES.note),
  ];
}

const lengthCauses = (field: string, text: string, most: number): Causes =>
  Buffer.byteLength(text) > most ? [invalidValue(field, '', `can have at most ${most} characters`)] : [];

/** What new clients may not set. */
const DEPRECATED = [
  ['deprecatedFirstTimestamp', 'firstTimestamp'],
  ['deprecatedLastTimestamp', 'lastTimestamp'],
  ['deprecatedCount', 'count'],
  ['deprecatedSource', 'source'],
] as const;

function strictCauses(event: EventObject): StatusCause[] {
  return [
    ...((event.eventTime ?? '') === '' ? [requiredValue('eventTime')] : []),
    ...(event.type === 'Normal' || event.type === 'Warning'
      ? []
      : [invalidValue('type', '', `has invalid value: ${event.type ?? ''}`)]),
    ...DEPRECATED.filter(([field]) => isSet(event[field])).map(([, field]) =>
      invalidValue(field, '', 'needs to be unset'),
    ),
  ];
}

const isSet = (value: unknown): boolean =>
  value !== undefined &&
  value !== 0 &&
  !(typeof value === 'object' && value !== null && Object.keys(value).length === 0);
