import { expect, test } from 'vitest';
import { printerFor } from '../../../src/hub/printing/printer-for.ts';
import { listToTable, objectToTable, tableOptionsOf } from '../../../src/hub/printing/to-table.ts';
import { ApiError } from '../../../src/kube/status.ts';

const now = Date.parse('2026-03-01T12:00:00Z');
const printer = printerFor({ group: '', resource: 'configmaps', kind: 'ConfigMap' });
const object = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'c', resourceVersion: '7', creationTimestamp: '2026-03-01T11:59:00Z' },
  data: { a: '1', b: '2' },
};

test('a list becomes a table with metadata of its objects', () => {
  const table = listToTable(printer, [object], { resourceVersion: '9', continue: 'x', remainingItemCount: 3 }, { now });
  expect(table).toMatchObject({
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: { resourceVersion: '9', continue: 'x', remainingItemCount: 3 },
    rows: [
      {
        cells: ['c', 2, '60s'],
        object: { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata },
      },
    ],
  });
  expect(table.columnDefinitions?.[0]).toMatchObject({ name: 'Name', type: 'string', format: 'name', priority: 0 });
});

test('a later watch event carries no columns, and rows carry what was asked for', () => {
  const table = objectToTable(printer, object, { version: 'v1beta1', includeObject: 'Object', noHeaders: true, now });
  expect(table).toMatchObject({ apiVersion: 'meta.k8s.io/v1beta1', columnDefinitions: null, rows: [{ object }] });
  expect(table.metadata).toEqual({ resourceVersion: '7' });
  expect(objectToTable(printer, object, { includeObject: 'None', now }).rows[0]?.object).toBeNull();
});

test('options come from the query, and unknown ones are refused with upstream’s text', () => {
  expect(tableOptionsOf(new URLSearchParams('includeObject=Object'))).toEqual({
    includeObject: 'Object',
    noHeaders: false,
  });
  expect(tableOptionsOf(new URLSearchParams())).toEqual({ includeObject: 'Metadata', noHeaders: false });
  expect(() => tableOptionsOf(new URLSearchParams('includeObject=All'))).toThrow(ApiError);
});

test('of several default storage classes a list marks the newest, and a single object none', () => {
  const classes = printerFor({ group: 'storage.k8s.io', resource: 'storageclasses', kind: 'StorageClass' });
  const storageClass = (name: string, creationTimestamp: string) => ({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: {
      name,
      creationTimestamp,
      annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' },
    },
    provisioner: 'p',
  });
  const list = [storageClass('old', '2026-01-01T00:00:00Z'), storageClass('new', '2026-02-01T00:00:00Z')];
  const names = listToTable(classes, list, {}, { now }).rows.map(({ cells }) => cells[0]);
  expect(names).toEqual(['old', 'new (default)']);
  expect(objectToTable(classes, list[1]!, { now }).rows[0]?.cells[0]).toBe('new');
});
