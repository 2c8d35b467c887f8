/** Events of the core group and of events.k8s.io, which name the same facts differently. */
import type { KubeObject } from '../../kube/object.ts';
import { nameOf, since } from './cells.ts';
import { column, wide } from './columns.ts';
import { type Printer, type Printers, printer } from './printer.ts';

interface Reference {
  readonly kind?: string;
  readonly name?: string;
  readonly fieldPath?: string;
}

interface EventShape {
  readonly type?: string;
  readonly reason?: string;
  readonly eventTime?: string | null;
  readonly series?: { readonly count?: number; readonly lastObservedTime?: string };
  readonly reportingInstance?: string;
  /** core/v1. */
  readonly involvedObject?: Reference;
  readonly message?: string;
  readonly source?: { readonly component?: string; readonly host?: string };
  readonly firstTimestamp?: string | null;
  readonly lastTimestamp?: string | null;
  readonly count?: number;
  readonly reportingComponent?: string;
  /** events.k8s.io/v1. */
  readonly regarding?: Reference;
  readonly note?: string;
  readonly deprecatedSource?: { readonly component?: string; readonly host?: string };
  readonly deprecatedFirstTimestamp?: string | null;
  readonly deprecatedLastTimestamp?: string | null;
  readonly deprecatedCount?: number;
  readonly reportingController?: string;
}

const event: Printer = printer<EventShape>(
  [
    column('Last Seen', 'Time since it last happened.'),
    column('Type', 'Normal or Warning.'),
    column('Reason', 'What happened, in a word.'),
    column('Object', 'What it happened to.'),
    wide('Subobject', 'Which part of that object.'),
    wide('Source', 'Who reports it.'),
    column('Message', 'What happened.'),
    wide('First Seen', 'Time since it first happened.'),
    wide('Count', 'How often it happened.'),
    { ...wide('Name', 'Name of the object.'), format: 'name' },
  ],
  eventCells,
);

export const eventPrinters: Printers = { '/Event': event, 'events.k8s.io/Event': event };

function eventCells(object: KubeObject & EventShape, now: number): unknown[] {
  const target = object.involvedObject ?? object.regarding ?? {};
  const kind = (target.kind ?? '').toLowerCase();
  const first = since(object.firstTimestamp ?? object.deprecatedFirstTimestamp ?? object.eventTime, now);
  const { series } = object;
  return [
    series ? since(series.lastObservedTime, now) : lastSeen(object, first, now),
    object.type ?? '',
    object.reason ?? '',
    target.name ? `${kind}/${target.name}` : kind,
    target.fieldPath ?? '',
    sourceText(object),
    (object.message ?? object.note ?? '').trim(),
    first,
    series ? (series.count ?? 0) : object.count || object.deprecatedCount || 1,
    nameOf(object),
  ];
}

function lastSeen(object: EventShape, first: string, now: number): string {
  const last = object.lastTimestamp ?? object.deprecatedLastTimestamp;
  return last ? since(last, now) : first;
}

function sourceText(object: EventShape): string {
  const source = object.source ?? object.deprecatedSource ?? {};
  const component = source.component || object.reportingComponent || object.reportingController || '';
  const instance = source.host || object.reportingInstance || '';
  return instance === '' ? component : `${component}, ${instance}`;
}
