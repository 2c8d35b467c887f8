/** The hub's front door: describes the request's target, then one function per verb. */
import type { ApiHandler, ApiRequest, ApiResult } from '../../kube/api.ts';
import type { KubeObject } from '../../kube/object.ts';
import { apiVersionOf, parseApiVersion } from '../../kube/resource.ts';
import {
  ApiError,
  badRequest,
  notAcceptable,
  notFound,
  pathNotFound,
  unsupportedMediaType,
  warningHeaders,
  withWarnings,
} from '../../kube/status.ts';
import { asReadError } from '../conversion/undecodable.ts';
import type { HubCore, Target, Written } from '../core.ts';
import { goTypeOf } from '../patch/json-value.ts';
import { tableOptionsOf } from '../printing/to-table.ts';
import { readList } from '../read/list.ts';
import { parseListQuery, parseWatchQuery } from '../read/list-options.ts';
import { compileSelection } from '../read/selection.ts';
import { watchBody } from '../read/watch.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import { createObject } from '../write/create.ts';
import { deleteObject, type GracePeriod } from '../write/delete.ts';
import { deleteCollection } from '../write/delete-collection.ts';
import { applyObject, patchObject } from '../write/patch.ts';
import { applyScale, patchScale, readScale, replaceScale, scaleTarget } from '../write/scale.ts';
import { asObject } from '../write/type-check.ts';
import { replaceObject } from '../write/update.ts';
import { decodeObject, decodePatch, mediaTypeOf } from './body.ts';
import { listForm, shapeObject, watchEncoderFor } from './forms.ts';
import { listBytes } from './list-body.ts';
import { type Form, negotiate, prefersYaml } from './negotiate.ts';
import { bytesResponse, entryBytes, successStatus, valueResponse } from './respond.ts';
import { parseDeleteOptions, parseWriteOptions } from './write-query.ts';

export interface HandleOptions {
  /** Discovery, OpenAPI, version: everything that is no resource. */
  readonly nonResource: ApiHandler;
  readonly gracePeriod: GracePeriod;
  /** Answers subresources that the hub does not know, by `<group>/<resource>/<subresource>` ('-' for core), and virtual resources by `<group>/<resource>`. */
  readonly handlers: ReadonlyMap<string, ApiHandler>;
  readonly random: () => number;
}

export function createHandle(core: HubCore, options: HandleOptions): ApiHandler {
  return (request) => answer(request).catch((error: unknown) => refusal(request, error));

  async function answer(request: ApiRequest): Promise<ApiResult> {
    const { info } = request;
    if (!info.isResource) return options.nonResource(request);
    if (request.method === 'HEAD') throw notAllowed();
    const own = options.handlers.get(handlerKey(info.group, info.resource, info.subresource));
    if (own !== undefined) return own(request);
    const target = await targetOf(core, request);
    const verb = VERBS[info.verb];
    if (verb === undefined) throw notAllowed();
    return warned(target.definition, verb({ core, target, request, options }));
  }
}

/** What is said of a kind that has a successor stands with every answer, refusals too. */
async function warned({ deprecated }: ResourceDefinition, answer: Promise<ApiResult>): Promise<ApiResult> {
  if (deprecated === undefined) return answer;
  const result = await answer.catch((error: unknown) => {
    throw withWarnings(error, [deprecated]);
  });
  if (!('headers' in result)) return result;
  const { warning = [] } = result.headers;
  const { warning: own = [] } = warningHeaders([deprecated]);
  return { ...result, headers: { ...result.headers, warning: [...own, ...[warning].flat()] } };
}

/** A Status too comes as YAML to who asks for that; as JSON it is made where all others are. */
function refusal(request: ApiRequest, error: unknown): ApiResult {
  if (!(error instanceof ApiError) || !prefersYaml(request.headers.accept ?? '')) throw error;
  return valueResponse(error.code, error.status, 'application/yaml', error.warnings);
}

export const handlerKey = (group: string, resource: string, subresource: string): string =>
  `${group === '' ? '-' : group}/${resource}${subresource === '' ? '' : `/${subresource}`}`;

async function targetOf(core: HubCore, request: ApiRequest): Promise<Target> {
  const { workspace, info } = request;
  const catalog = await core.catalog.of(workspace);
  const definition = catalog.find(info.group, info.version, info.resource);
  // Reviews and the like are answered by handlers; without one there is nothing to answer them.
  if (definition === undefined || !definition.info.verbs.includes('get')) throw pathNotFound();
  if (info.subresource !== '' && info.verb === 'create')
    throw definition.info.subresources.some(({ name }) => name === info.subresource) ? notAllowed() : pathNotFound();
  checkScope(definition, request);
  checkVerb(definition, request);
  return {
    workspace,
    definition,
    namespace: definition.info.namespaced ? info.namespace : '',
    name: isCollectionRead(info.verb) ? '' : info.name,
    subresource: info.subresource,
  };
}

/** The name of a list or watch is only what its field selector says. */
const isCollectionRead = (verb: string): boolean => verb === 'list' || verb === 'watch';

/** Paths with a namespace where the kind has none, and the other way round, lead nowhere. */
function checkScope({ info: { namespaced } }: ResourceDefinition, { info }: ApiRequest): void {
  if (!namespaced && info.namespace !== '' && info.resource !== 'namespaces') throw pathNotFound();
  const spansNamespaces = isCollectionRead(info.verb) || info.verb === 'deletecollection';
  if (namespaced && info.namespace === '' && !spansNamespaces)
    throw info.verb === 'create' ? notAllowed() : pathNotFound();
  if (namespaced && info.namespace === '' && info.verb === 'deletecollection') throw notAllowed();
}

function checkVerb({ info: { verbs, subresources } }: ResourceDefinition, { info }: ApiRequest): void {
  const named = info.name !== '';
  const wrongShape = named ? info.verb === 'create' && info.subresource === '' : NAMED_VERBS.has(info.verb);
  if (wrongShape) throw notAllowed();
  const subresource = subresources.find((one) => one.name === info.subresource);
  if (info.subresource !== '' && subresource === undefined) throw pathNotFound();
  const served = subresource === undefined ? verbs : subresource.verbs;
  if (!served.includes(info.verb)) throw notAllowed();
}

/** Verbs that need an object's name in the URL. */
const NAMED_VERBS = new Set(['get', 'update', 'patch', 'delete']);

const notAllowed = (): ApiError =>
  new ApiError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {});

interface Context {
  readonly core: HubCore;
  readonly target: Target;
  readonly request: ApiRequest;
  readonly options: HandleOptions;
}

const VERBS: Readonly<Record<string, (context: Context) => Promise<ApiResult>>> = {
  get,
  list,
  watch,
  create,
  update,
  patch,
  delete: remove,
  deletecollection: removeAll,
};

const accepted = ({ request }: Context): Form =>
  negotiate(request.headers.accept ?? '', true, isCollectionRead(request.info.verb));

async function get(context: Context): Promise<ApiResult> {
  const { core, target } = context;
  const form = accepted(context);
  if (target.subresource === 'scale') return plainAnswer(context, 200, await readScale(core, target));
  const entry = await core.objects.read(target).catch((error: unknown) => {
    throw asReadError(error);
  });
  if (entry === undefined) throw notFound(target.definition.info, target.name);
  if (form.as === 'object' && form.media === 'application/json')
    return bytesResponse(200, entryBytes(core, target, entry));
  return objectAnswer(context, 200, core.objects.decode(target.definition, entry));
}

/** A subresource of another kind has no table. */
const plainAnswer = ({ request }: Context, status: number, object: KubeObject, warnings: readonly string[] = []) =>
  valueResponse(status, object, negotiate(request.headers.accept ?? '', false).media, warnings);

const scaleAnswer = (context: Context, { object, warnings }: Written): ApiResult =>
  plainAnswer(context, 200, object, warnings);

/** An object in the form that the client asked for. */
function objectAnswer(
  context: Context,
  status: number,
  object: KubeObject,
  warnings: readonly string[] = [],
): ApiResult {
  const { core, target, request } = context;
  const form = accepted(context);
  return valueResponse(status, shapeObject(core, target, form, request.query, object), form.media, warnings);
}

async function list(context: Context): Promise<ApiResult> {
  const { core, target, request } = context;
  const form = accepted(context);
  if (form.as === 'table') tableOptionsOf(request.query);
  const result = await readList(core, target, parseListQuery(request.query, false), request.signal);
  if (form.as === 'object' && form.media === 'application/json')
    return bytesResponse(200, listBytes(core, target, result));
  return listForm(core, target, form, request, result);
}

/** What upstream can stream; ours is the first. */
const STREAMS = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch'];

async function watch(context: Context): Promise<ApiResult> {
  const { core, target, request, options } = context;
  const form = accepted(context);
  if (form.media !== 'application/json') throw notAcceptable(STREAMS);
  if (form.as === 'table') tableOptionsOf(request.query);
  const query = parseWatchQuery(request.query, request.info.name);
  const encoder = watchEncoderFor(core, target, form, request.query);
  return bytesResponse(200, await watchBody(core, target, query, encoder, options.random, request.access));
}

const writtenAnswer = (context: Context, written: Written): ApiResult => {
  const { core, target } = context;
  const form = accepted(context);
  const status = written.created ? 201 : 200;
  if (written.stored !== undefined && form.as === 'object' && form.media === 'application/json')
    return bytesResponse(status, entryBytes(core, target, { key: '', ...written.stored }), written.warnings);
  return objectAnswer(context, status, written.object, written.warnings);
};

async function create(context: Context): Promise<ApiResult> {
  const { core, target, request } = context;
  accepted(context);
  const decoded = decodeObject(request, target.definition, parseWriteOptions(request, 'CreateOptions'));
  const object = asObject(target.definition, decoded.value);
  return writtenAnswer(context, await createObject(core, target, object, decoded.options));
}

async function update(context: Context): Promise<ApiResult> {
  const { core, target, request } = context;
  accepted(context);
  const options = parseWriteOptions(request, 'UpdateOptions');
  if (target.subresource === 'scale') {
    const decoded = decodeObject(request, scaleTarget(target).definition, options);
    return scaleAnswer(context, await replaceScale(core, target, decoded.value, decoded.options));
  }
  const decoded = decodeObject(request, target.definition, options);
  const object = asObject(target.definition, decoded.value);
  return writtenAnswer(context, await replaceObject(core, target, object, decoded.options));
}

const PATCH_TYPES: Readonly<Record<string, 'json' | 'merge' | 'strategic'>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
};
const APPLY_TYPE = 'application/apply-patch+yaml';

async function patch(context: Context): Promise<ApiResult> {
  const { core, target, request } = context;
  accepted(context);
  const mediaType = mediaTypeOf(request);
  const type = PATCH_TYPES[mediaType];
  const isApply = mediaType === APPLY_TYPE;
  if (!isApply && (type === undefined || (type === 'strategic' && target.definition.custom)))
    throw unsupportedPatch(target);
  const options = parseWriteOptions(request, 'PatchOptions');
  if (type === undefined) {
    const decoded = decodePatch(request, 'yaml', options);
    const force = request.query.get('force') === 'true';
    if (target.subresource !== '' && (await core.objects.read(target)) === undefined)
      throw notFound(target.definition.info, target.name);
    if (target.subresource === 'scale') {
      const applied = asObject(...appliedOf(scaleTarget(target), decoded.value));
      return scaleAnswer(context, await applyScale(core, target, applied, { ...decoded.options, force }));
    }
    const applied = asObject(...appliedOf(target, decoded.value));
    return writtenAnswer(context, await applyObject(core, target, applied, { ...decoded.options, force }));
  }
  const decoded = decodePatch(request, 'json', options);
  const document = { type, body: decoded.value };
  if (target.subresource === 'scale')
    return scaleAnswer(context, await patchScale(core, target, document, decoded.options));
  return writtenAnswer(context, await patchObject(core, target, document, decoded.options));
}

/** Built-in kinds are refused by upstream's router, custom resources by their handler, which says more. */
const unsupportedPatch = ({ definition: { custom } }: Target): ApiError =>
  custom
    ? unsupportedMediaType([
        ...Object.keys(PATCH_TYPES).filter((type) => PATCH_TYPES[type] !== 'strategic'),
        APPLY_TYPE,
      ])
    : new ApiError(415, 'UnsupportedMediaType', '415: Unsupported Media Type', {});

/** What is applied must say what it is. Throws ApiError 400. */
function appliedOf({ definition }: Target, decoded: unknown): [ResourceDefinition, unknown] {
  const { info } = definition;
  if (Array.isArray(decoded) || (typeof decoded !== 'object' && decoded !== undefined))
    throw badRequest(
      `error decoding patch: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${goTypeOf(decoded)} into Go value of type map[string]interface {}`,
    );
  const { apiVersion = '', kind = '' } = (decoded ?? {}) as { apiVersion?: unknown; kind?: unknown };
  if (apiVersion === apiVersionOf(info) && kind === info.kind) return [definition, decoded];
  const { group, version } = parseApiVersion(String(apiVersion));
  throw badRequest(`invalid object type: ${group}/${version}, Kind=${kind}`);
}

async function remove(context: Context): Promise<ApiResult> {
  const { core, target, request, options } = context;
  const form = accepted(context);
  const { wanted, options: writeOptions } = parseDeleteOptions(request);
  const { object, gone, warnings } = await deleteObject(core, target, wanted, writeOptions, options.gracePeriod);
  if (!gone || target.definition.answersDeleted) return objectAnswer(context, 200, object, warnings);
  const { group, resource } = target.definition.info;
  const details = {
    name: target.name,
    ...(group === '' ? {} : { group }),
    kind: resource,
    ...(object.metadata.uid === undefined ? {} : { uid: object.metadata.uid }),
  };
  return valueResponse(200, successStatus(details), form.media, warnings);
}

async function removeAll(context: Context): Promise<ApiResult> {
  const { core, target, request, options } = context;
  const form = accepted(context);
  const query = parseListQuery(request.query, false);
  // What is to go is read before how.
  compileSelection(target.definition, query.labelSelector, query.fieldSelector);
  const { wanted, options: writeOptions } = parseDeleteOptions(request);
  const list = await deleteCollection(core, target, query, wanted, writeOptions, options.gracePeriod);
  return valueResponse(200, list, form.media);
}
