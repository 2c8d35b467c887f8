/** Objects as a Table (k8s.io/apiserver pkg/endpoints/handlers/response.go asTable). */
import type { KubeObject } from '../../kube/object.ts';
import { badRequest } from '../../kube/status.ts';
import {
  type ListMeta,
  type Table,
  type TableRow,
  type TableVersion,
  toPartialObjectMetadata,
} from '../../kube/table.ts';
import type { Printer } from './printer.ts';

export type IncludeObject = 'None' | 'Metadata' | 'Object';

export interface TableOptions {
  /** Version of meta.k8s.io that the client asked for. */
  readonly version?: TableVersion;
  /** What rows carry of their object; default Metadata. */
  readonly includeObject?: IncludeObject;
  /** A watch sends column definitions with its first event only. */
  readonly noHeaders?: boolean;
  /** Milliseconds since the epoch; ages are relative to it. */
  readonly now: number;
}

/** Reads `includeObject` and `noHeaders` from a query. Throws ApiError 400 for an unknown value. */
export function tableOptionsOf(query: URLSearchParams): Pick<TableOptions, 'includeObject' | 'noHeaders'> {
  const include = query.get('includeObject') ?? '';
  if (!['', 'None', 'Metadata', 'Object'].includes(include)) {
    throw badRequest(
      `Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(include)}: must be 'Metadata', 'Object', 'None', or empty`,
    );
  }
  return {
    includeObject: include === '' ? 'Metadata' : (include as IncludeObject),
    noHeaders: query.get('noHeaders') === 'true' || query.get('noHeaders') === '1',
  };
}

/** A list as a table; `metadata` is the list's. */
export const listToTable = (
  printer: Printer,
  objects: readonly KubeObject[],
  metadata: ListMeta,
  options: TableOptions,
): Table =>
  tableOf(
    printer,
    objects.map((object) => rowOf(printer, object, options, objects)),
    metadata,
    options,
  );

/** One object, of a get, a write or a watch event, as a table of one row. */
export function objectToTable(printer: Printer, object: KubeObject, options: TableOptions): Table {
  const { resourceVersion } = object.metadata;
  const metadata = resourceVersion === undefined ? {} : { resourceVersion };
  return tableOf(printer, [rowOf(printer, object, options)], metadata, options);
}

const tableOf = (printer: Printer, rows: readonly TableRow[], metadata: ListMeta, options: TableOptions): Table => ({
  kind: 'Table',
  apiVersion: `meta.k8s.io/${options.version ?? 'v1'}`,
  metadata,
  columnDefinitions: options.noHeaders ? null : printer.columns,
  rows,
});

function rowOf(
  printer: Printer,
  object: KubeObject,
  { includeObject = 'Metadata', version = 'v1', now }: TableOptions,
  list?: readonly KubeObject[],
): TableRow {
  const conditions = printer.conditions?.(object);
  const shown =
    includeObject === 'Object' ? object : includeObject === 'None' ? null : toPartialObjectMetadata(object, version);
  return { cells: printer.cells(object, now, list), ...(conditions ? { conditions } : {}), object: shown };
}
