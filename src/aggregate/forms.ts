/** The forms in which a view shows objects: as they are, as a table with a CLUSTER column, as metadata alone; JSON or YAML. */
import { stringify as toYaml } from 'yaml';
import type { Form } from '../hub/answer/negotiate.ts';
import { customPrinter } from '../hub/printing/custom.ts';
import type { Printer } from '../hub/printing/printer.ts';
import { printerFor } from '../hub/printing/printer-for.ts';
import { objectToTable, type TableOptions, tableOptionsOf } from '../hub/printing/to-table.ts';
import type { ResourceDefinition } from '../hub/resource-definition.ts';
import type { ApiBody } from '../kube/api.ts';
import type { KubeObject } from '../kube/object.ts';
import type { ResourceInfo } from '../kube/resource.ts';
import { toPartialObjectMetadata } from '../kube/table.ts';
import type { ClusterColumns } from './cluster-columns.ts';
import type { ViewList } from './list.ts';
import { itemBytes, listBody } from './list-body.ts';
import type { MergedItem } from './merge.ts';
import { type SourceFault, warningHeaders } from './warnings.ts';
import { type ObjectForm, PLAIN_FORM } from './watch-frames.ts';

export interface FormContext {
  readonly form: Form;
  readonly resource: ResourceInfo;
  readonly definition: ResourceDefinition;
  /** Columns of a kind that only clusters define. */
  readonly columns: ClusterColumns | undefined;
  /** Where an object is: undefined leaves the CLUSTER column out (no cluster serves the kind). */
  readonly clusterCell: ((merged: MergedItem) => string) | undefined;
  readonly query: URLSearchParams;
  readonly now: number;
}

/** Of a read's answer: its form, and what is to be said of the kind and of the sources. */
export const readHeaders = ({ form, definition }: FormContext, faults: readonly SourceFault[]) => ({
  'content-type': form.media,
  ...warningHeaders(faults, definition.deprecated),
});

export const parseItem = (merged: MergedItem): KubeObject =>
  JSON.parse(itemBytes(merged).toString('utf8')) as KubeObject;

/** A kind's printer, as the object's cluster fills the columns; undefined: for the columns alone. */
function viewPrinter({ resource, definition, columns }: FormContext, merged: MergedItem | undefined): Printer {
  if (!definition.custom) return printerFor(resource);
  return customPrinter(definition.printerColumns ?? columns?.of(merged?.clusterName) ?? []);
}

/** The same for many rows: one printer for each cluster. */
function rowPrinters(context: FormContext): (merged: MergedItem) => Printer {
  if (!context.definition.custom || context.columns === undefined) {
    const printer = viewPrinter(context, undefined);
    return () => printer;
  }
  const printers = new Map<string | undefined, Printer>();
  return (merged) => {
    const known = printers.get(merged.clusterName) ?? viewPrinter(context, merged);
    printers.set(merged.clusterName, known);
    return known;
  };
}

const CLUSTER_COLUMN = {
  name: 'Cluster',
  type: 'string',
  format: '',
  description:
    'The cluster in which the object lives; for an object of the workspace the clusters on which it is placed.',
  priority: 0,
};

/** The same printer with the cell given. */
const withCluster = (printer: Printer, cell: string): Printer => ({
  ...printer,
  columns: [...printer.columns.slice(0, 1), CLUSTER_COLUMN, ...printer.columns.slice(1)],
  cells: (object, now, list) => {
    const [name, ...rest] = printer.cells(object, now, list);
    return [name, cell, ...rest];
  },
});

function printerOf(context: FormContext, merged: MergedItem | undefined): Printer {
  const printer = viewPrinter(context, merged);
  return context.clusterCell === undefined
    ? printer
    : withCluster(printer, merged === undefined ? '' : context.clusterCell(merged));
}

const tableOptions = ({ form, query, now }: FormContext): TableOptions => ({
  ...tableOptionsOf(query),
  version: form.version,
  now,
});

/** Throws ApiError 400 for table options that do not exist. */
export function objectValue(context: FormContext, merged: MergedItem): unknown {
  const object = parseItem(merged);
  if (context.form.as === 'table') return objectToTable(printerOf(context, merged), object, tableOptions(context));
  return context.form.as === 'partial' ? toPartialObjectMetadata(object, context.form.version) : object;
}

/** How one watch shows objects; a table's columns come with its first event alone. */
export function watchForm(context: FormContext, clock: { now(): number }): (first: boolean) => ObjectForm {
  const { form, query } = context;
  if (form.as === 'object') return () => PLAIN_FORM;
  if (form.as === 'partial') {
    const render = (merged: MergedItem) => jsonBytes(toPartialObjectMetadata(parseItem(merged), form.version));
    return () => ({ key: `partial/${form.version}`, render });
  }
  const options = tableOptions(context);
  return (first) => {
    const noHeaders = options.noHeaders === true || !first;
    return {
      key: `table/${form.version}/${options.includeObject}/${noHeaders}/${query.get('noHeaders') ?? ''}`,
      render: (merged) =>
        jsonBytes(
          objectToTable(printerOf(context, merged), parseItem(merged), { ...options, noHeaders, now: clock.now() }),
        ),
    };
  };
}

const jsonBytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

/** A list in the wanted form. */
export function listAnswer(context: FormContext, list: ViewList): ApiBody {
  const { form, resource, definition } = context;
  if (form.media === 'application/yaml') return Buffer.from(toYaml(JSON.parse(wholeJson(context, list)) as unknown));
  if (form.as === 'object') return listBody(resource, definition, list);
  return form.as === 'table'
    ? rows(tableHead(context, list), tableRows(context, list), list.resume)
    : rows(partialHead(context, list), partials(context, list), list.resume);
}

function wholeJson(context: FormContext, list: ViewList): string {
  if (context.form.as === 'object') {
    const items = [...list.items].map(parseItem);
    return JSON.stringify({
      kind: context.resource.listKind ?? `${context.resource.kind}List`,
      apiVersion: parseItemVersion(context),
      metadata: list.metadata,
      items,
    });
  }
  const [head, each] =
    context.form.as === 'table'
      ? [tableHead(context, list), tableRows(context, list)]
      : [partialHead(context, list), partials(context, list)];
  return `${head}${[...each].join(',')}]}`;
}

const parseItemVersion = ({ resource: { group, version } }: FormContext): string =>
  group === '' ? version : `${group}/${version}`;

const openList = (head: object, member: string): string => `${JSON.stringify(head).slice(0, -1)},"${member}":[`;

function tableHead(context: FormContext, list: ViewList): string {
  const options = tableOptions(context);
  const head = {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${context.form.version}`,
    metadata: list.metadata,
    columnDefinitions: options.noHeaders ? null : printerOf(context, undefined).columns,
  };
  return openList(head, 'rows');
}

/** Some cells depend on the other objects (a default storage class among several): only in lists as short as such kinds have. */
const WHOLE_LIST_CELLS = 200;

function* tableRows(context: FormContext, list: ViewList): Generator<string> {
  const printerOfRow = rowPrinters(context);
  const options = tableOptions(context);
  const short = Array.isArray(list.items) && list.items.length <= WHOLE_LIST_CELLS;
  const all = short ? [...list.items].map(parseItem) : undefined;
  let index = 0;
  for (const merged of list.items) {
    const object = all?.[index] ?? parseItem(merged);
    index++;
    const printer = printerOfRow(merged);
    const table = objectToTable(printer, object, options);
    const [name, ...rest] = printer.cells(object, options.now, all);
    const cells = context.clusterCell === undefined ? [name, ...rest] : [name, context.clusterCell(merged), ...rest];
    yield JSON.stringify({ ...table.rows[0], cells });
  }
}

const partialHead = ({ form }: FormContext, list: ViewList): string =>
  openList(
    { kind: 'PartialObjectMetadataList', apiVersion: `meta.k8s.io/${form.version}`, metadata: list.metadata },
    'items',
  );

function* partials({ form }: FormContext, list: ViewList): Generator<string> {
  for (const merged of list.items) yield JSON.stringify(toPartialObjectMetadata(parseItem(merged), form.version));
}

const ROWS_PER_TURN = 50;

async function* rows(head: string, each: Generator<string>, resume: () => void): AsyncGenerator<Uint8Array> {
  let text = head;
  let count = 0;
  for (const row of each) {
    text += count === 0 ? row : `,${row}`;
    count++;
    if (count % ROWS_PER_TURN > 0) continue;
    yield Buffer.from(text);
    text = '';
    await new Promise((resolve) => setImmediate(resolve));
    resume();
  }
  yield Buffer.from(`${text}]}\n`);
}
