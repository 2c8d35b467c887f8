/** Tables and metadata-only forms of objects, lists and watch events. */

import type { ApiRequest, ApiResponse } from '../../kube/api.ts';
import { stringifyJson } from '../../kube/exact-json.ts';
import type { KubeObject } from '../../kube/object.ts';
import { ApiError } from '../../kube/status.ts';
import { type ListMeta, toPartialObjectMetadata } from '../../kube/table.ts';
import type { HubCore, Target } from '../core.ts';
import { printerFor } from '../printing/printer-for.ts';
import { listToTable, objectToTable, type TableOptions, tableOptionsOf } from '../printing/to-table.ts';
import type { ListResult } from '../read/list.ts';
import type { WatchEncoder } from '../read/watch.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import { typeNames } from '../stored-object.ts';
import { listKindOf, listMetadata } from './list-body.ts';
import type { Form } from './negotiate.ts';
import { bytesResponse, entryObject, valueResponse } from './respond.ts';
import { createWatchEncoder, jsonLine } from './watch-encoder.ts';

const printerOf = ({ definition }: Target) => printerFor(definition.info, definition.printerColumns);

const tableOptions = (core: HubCore, form: Form, query: URLSearchParams): TableOptions => ({
  ...tableOptionsOf(query),
  version: form.version,
  now: core.clock.now(),
});

/** One object as the client wants to see it. */
export function shapeObject(
  core: HubCore,
  target: Target,
  form: Form,
  query: URLSearchParams,
  object: KubeObject,
): object {
  if (form.as === 'partial') {
    if (form.ofList) throw wrongShape('PartialObjectMetadataList', `not a list (${goType(target)})`);
    return toPartialObjectMetadata(object, form.version);
  }
  if (form.as === 'table') return objectToTable(printerOf(target), object, tableOptions(core, form, query));
  return object;
}

const wrongShape = (asked: string, is: string): ApiError =>
  new ApiError(406, 'NotAcceptable', `you requested ${asked}, but the requested object is ${is}`);

/** As a Go server names the type that it holds. */
const goType = ({ definition: { info, custom } }: Target): string =>
  custom ? '*unstructured.Unstructured' : `*${info.group === '' ? 'core' : info.group.split('.')[0]}.${info.kind}`;

/** A list in any form but plain JSON, which list-body.ts does without parsing. */
export async function listForm(
  core: HubCore,
  target: Target,
  form: Form,
  request: ApiRequest,
  list: ListResult,
): Promise<ApiResponse> {
  if (form.as === 'partial' && !form.ofList)
    throw wrongShape('PartialObjectMetadata', `a list (${goType(target)}List)`);
  if (form.media === 'application/yaml')
    return valueResponse(200, await wholeList(core, target, form, request, list), form.media);
  const json = form.as === 'table' ? tableBytes : partialBytes;
  return bytesResponse(200, json(core, target, form, request, list));
}

async function wholeList(
  core: HubCore,
  target: Target,
  form: Form,
  request: ApiRequest,
  list: ListResult,
): Promise<object> {
  const objects: KubeObject[] = [];
  for await (const entries of list.chunks) for (const entry of entries) objects.push(entryObject(core, target, entry));
  const metadata = listMetadata(list) as ListMeta;
  if (form.as === 'table')
    return listToTable(printerOf(target), objects, metadata, tableOptions(core, form, request.query));
  const { apiVersion } = typeNames(target.definition.info);
  return form.as === 'partial'
    ? {
        ...partialListHead(form, metadata),
        items: orNull(objects.map((one) => toPartialObjectMetadata(one, form.version))),
      }
    : { kind: listKindOf(target.definition), apiVersion, metadata, items: objects.map(untyped(target.definition)) };
}

/** The list's type says that of its items, but for custom kinds, which are held with theirs. */
const untyped =
  ({ custom }: ResourceDefinition) =>
  (object: KubeObject): object => {
    const { apiVersion: _, kind: __, ...rest } = object;
    return custom ? object : rest;
  };

/** A Go slice that nothing was appended to. */
const orNull = <T>(list: readonly T[]): readonly T[] | null => (list.length === 0 ? null : list);

const partialListHead = (form: Form, metadata: ListMeta) => ({
  kind: 'PartialObjectMetadataList',
  apiVersion: `meta.k8s.io/${form.version}`,
  metadata,
});

async function* tableBytes(core: HubCore, target: Target, form: Form, { query }: ApiRequest, list: ListResult) {
  const options = tableOptions(core, form, query);
  const { rows: _none, ...head } = listToTable(printerOf(target), [], listMetadata(list) as ListMeta, options);
  yield* items(
    core,
    target,
    list,
    head,
    'rows',
    (objects) => listToTable(printerOf(target), objects, {}, options).rows,
  );
}

async function* partialBytes(core: HubCore, target: Target, form: Form, _request: ApiRequest, list: ListResult) {
  const head = partialListHead(form, listMetadata(list) as ListMeta);
  yield* items(core, target, list, head, 'items', (objects) =>
    objects.map((object) => toPartialObjectMetadata(object, form.version)),
  );
}

/** `{…head, "<field>": […]}` with the elements made chunk by chunk. */
async function* items(
  core: HubCore,
  target: Target,
  list: ListResult,
  head: object,
  field: string,
  make: (objects: readonly KubeObject[]) => readonly unknown[],
): AsyncGenerator<Uint8Array> {
  const start = `${JSON.stringify(head).slice(0, -1)},"${field}":`;
  let separator = `${start}[`;
  for await (const entries of list.chunks) {
    if (entries.length === 0) continue;
    const made = stringifyJson(make(entries.map((entry) => entryObject(core, target, entry))));
    yield Buffer.from(separator + made.slice(1, -1));
    separator = ',';
  }
  const none = field === 'items' ? 'null' : '[]';
  yield Buffer.from(separator === ',' ? ']}\n' : `${start}${none}}\n`);
}

/** Encoder of a watch in the client's form. Tables carry their columns with the first event only. */
export function watchEncoderFor(core: HubCore, target: Target, form: Form, query: URLSearchParams): WatchEncoder {
  const plain = createWatchEncoder(core, target);
  if (form.as === 'object') return plain;
  let first = true;
  const shape = (object: KubeObject): object => {
    if (form.as === 'partial') return toPartialObjectMetadata(object, form.version);
    const options = tableOptions(core, form, query);
    const noHeaders = options.noHeaders === true || !first;
    first = false;
    return objectToTable(printerOf(target), object, { ...options, noHeaders });
  };
  return {
    ...plain,
    change: (type, entry) => jsonLine(type, shape(entryObject(core, target, entry))),
    bookmark: (revision, annotations) => {
      const metadata = { resourceVersion: String(revision), ...(annotations ? { annotations } : {}) };
      return jsonLine('BOOKMARK', shape({ ...typeNames(target.definition.info), metadata }));
    },
  };
}
