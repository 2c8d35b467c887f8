/** Which printer a resource has. */
import type { ResourceInfo } from '../../kube/resource.ts';
import type { PrinterColumn } from '../resource-definition.ts';
import { accessPrinters } from './access.ts';
import { admissionPrinters } from './admission.ts';
import { autoscalingPrinters } from './autoscaling.ts';
import { createdAt, nameOf } from './cells.ts';
import { clusterPrinters } from './cluster.ts';
import { CREATED_AT, NAME } from './columns.ts';
import { customPrinter } from './custom.ts';
import { devicePrinters } from './devices.ts';
import { eventPrinters } from './events.ts';
import { networkingPrinters } from './networking.ts';
import { podPrinters } from './pods.ts';
import { type Printer, printer } from './printer.ts';
import { storagePrinters } from './storage.ts';
import { tmcColumns } from './tmc-columns.ts';
import { workloadPrinters } from './workloads.ts';

const builtin: ReadonlyMap<string, Printer> = new Map(
  [
    accessPrinters,
    admissionPrinters,
    autoscalingPrinters,
    clusterPrinters,
    devicePrinters,
    eventPrinters,
    networkingPrinters,
    podPrinters,
    storagePrinters,
    workloadPrinters,
  ].flatMap((printers) => Object.entries(printers)),
);

/** Kinds without a printer of their own: roles, limit ranges, API services of others (rest.NewDefaultTableConvertor). */
const fallback: Printer = printer([NAME, CREATED_AT], (object) => [nameOf(object), createdAt(object)]);

/**
 * The printer of a resource: by `columns` where given (custom resources; an empty list shows the age), else the
 * built-in kind's, else TMC's, else name and creation time.
 */
export function printerFor(
  info: Pick<ResourceInfo, 'group' | 'resource' | 'kind'>,
  columns?: readonly PrinterColumn[],
): Printer {
  if (columns) return customPrinter(columns);
  const known = builtin.get(`${info.group}/${info.kind}`);
  if (known) return known;
  const own = tmcColumns(info);
  return own ? customPrinter(own) : fallback;
}
