/** How one kind is shown as a table. */
import type { KubeObject } from '../../kube/object.ts';
import type { TableColumnDefinition, TableRowCondition } from '../../kube/table.ts';

export interface Printer {
  readonly columns: readonly TableColumnDefinition[];
  /**
   * One cell per column. `now` is in milliseconds since the epoch; `list` holds all objects of the table where the
   * table is a list (a default storage class is marked in lists only).
   */
  cells(object: KubeObject, now: number, list?: readonly KubeObject[]): unknown[];
  conditions?(object: KubeObject): readonly TableRowCondition[] | undefined;
}

/** Built-in printers by `<group>/<Kind>`; all versions of a kind print alike. */
export type Printers = Readonly<Record<string, Printer>>;

/** A printer whose cells read the object in the shape that its kind has; built-in objects are typed on entry. */
export const printer = <Shape>(
  columns: readonly TableColumnDefinition[],
  cells: (object: KubeObject & Shape, now: number, list?: readonly KubeObject[]) => unknown[],
  conditions?: (object: KubeObject & Shape) => readonly TableRowCondition[] | undefined,
): Printer => ({
  columns,
  cells: (object, now, list) => cells(object as KubeObject & Shape, now, list),
  ...(conditions ? { conditions: (object) => conditions(object as KubeObject & Shape) } : {}),
});
