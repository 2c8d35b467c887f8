/** Server-side printing and metadata-only forms (apimachinery meta/v1 types.go, "Table" and "PartialObjectMetadata"). */
import type { KubeObject, ObjectMeta } from './object.ts';

export interface TableColumnDefinition {
  readonly name: string;
  /** OpenAPI type of the cells. */
  readonly type: string;
  /** `name` marks the column that identifies the object. */
  readonly format: string;
  readonly description: string;
  /** 0: always shown; above: only in wide output. */
  readonly priority: number;
}

export interface TableRowCondition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason?: string;
  readonly message?: string;
}

export interface TableRow {
  /** One per column; string, number, boolean or null. */
  readonly cells: readonly unknown[];
  readonly conditions?: readonly TableRowCondition[];
  /** The object, its metadata, or null, as `includeObject` asks. */
  readonly object: KubeObject | PartialObjectMetadata | null;
}

/** metadata of lists and tables. */
export interface ListMeta {
  readonly resourceVersion?: string;
  readonly continue?: string;
  readonly remainingItemCount?: number;
}

export type TableVersion = 'v1' | 'v1beta1';

export interface Table {
  readonly kind: 'Table';
  readonly apiVersion: `meta.k8s.io/${TableVersion}`;
  readonly metadata: ListMeta;
  /** Null when headers were not asked for. */
  readonly columnDefinitions: readonly TableColumnDefinition[] | null;
  readonly rows: readonly TableRow[];
}

export interface PartialObjectMetadata {
  readonly kind: 'PartialObjectMetadata';
  readonly apiVersion: `meta.k8s.io/${TableVersion}`;
  readonly metadata: ObjectMeta;
}

export interface PartialObjectMetadataList {
  readonly kind: 'PartialObjectMetadataList';
  readonly apiVersion: `meta.k8s.io/${TableVersion}`;
  readonly metadata: ListMeta;
  readonly items: readonly PartialObjectMetadata[];
}

/** The metadata alone; the version is the one that the client asked for. */
export const toPartialObjectMetadata = (object: KubeObject, version: TableVersion = 'v1'): PartialObjectMetadata => ({
  kind: 'PartialObjectMetadata',
  apiVersion: `meta.k8s.io/${version}`,
  metadata: object.metadata,
});

export const toPartialObjectMetadataList = (
  objects: readonly KubeObject[],
  metadata: ListMeta,
  version: TableVersion = 'v1',
): PartialObjectMetadataList => ({
  kind: 'PartialObjectMetadataList',
  apiVersion: `meta.k8s.io/${version}`,
  metadata,
  items: objects.map((object) => toPartialObjectMetadata(object, version)),
});
