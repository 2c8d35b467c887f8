/** Custom resources by their additionalPrinterColumns (apiextensions-apiserver pkg/registry/customresource/tableconvertor). */
import type { Json } from '../../kube/object.ts';
import type { PrinterColumn } from '../resource-definition.ts';
import { nameOf, since } from './cells.ts';
import { NAME } from './columns.ts';
import { findAll, type JsonPath, parseJsonPath } from './json-path.ts';
import type { Printer } from './printer.ts';

/** What a definition without columns shows beside the name. */
const DEFAULT_COLUMNS: readonly PrinterColumn[] = [
  {
    name: 'Age',
    type: 'date',
    description: 'Time since the object was created.',
    jsonPath: '.metadata.creationTimestamp',
  },
];

/** Columns whose path does not parse are dropped together with all after them, as upstream does. */
export function customPrinter(given: readonly PrinterColumn[]): Printer {
  const columns = readable(given.length > 0 ? given : DEFAULT_COLUMNS);
  return {
    columns: [
      NAME,
      ...columns.map(({ column }) => ({
        name: column.name,
        type: column.type,
        format: column.format ?? '',
        description: column.description || `Custom resource definition column (in JSONPath format): ${column.jsonPath}`,
        priority: column.priority ?? 0,
      })),
    ],
    cells: (object, now) => [
      nameOf(object),
      ...columns.map(({ column, path }) => customCell(column.type, findAll(path, object as unknown as Json), now)),
    ],
  };
}

function readable(columns: readonly PrinterColumn[]): { column: PrinterColumn; path: JsonPath }[] {
  const parsed: { column: PrinterColumn; path: JsonPath }[] = [];
  for (const column of columns) {
    try {
      parsed.push({ column, path: parseJsonPath(column.jsonPath) });
    } catch {
      return parsed;
    }
  }
  return parsed;
}

/** Only the first value is shown; null where there is none or where it is not of the column's type. */
function customCell(type: string, values: readonly Json[], now: number): unknown {
  const [value] = values;
  if (value === undefined) return null;
  switch (type) {
    case 'string':
      return textOf(value);
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null;
    case 'number':
      return typeof value === 'number' ? value : null;
    case 'boolean':
      return typeof value === 'boolean' ? value : null;
    case 'date':
      return typeof value === 'string' ? dateText(value, now) : null;
    default:
      return null;
  }
}

function textOf(value: Json): string {
  if (value === null) return '<no value>';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

function dateText(value: string, now: number): string {
  if (value === '' || value === 'null') return '<unknown>';
  return RFC3339.test(value) && !Number.isNaN(Date.parse(value)) ? since(value, now) : '<invalid>';
}
