/**
 * What a client writes, as the source that holds the object is to read it: names without `@cluster`, the source's own
 * resourceVersions, and for a cluster its own namespaces, without the view's label, owners by the cluster's uids.
 */

import { decodeBody, mediaTypeOf } from '../hub/answer/body.ts';
import { CLUSTER_LABEL } from '../hub/kinds/workload.ts';
import { decodeBody as decodeText } from '../hub/schema/decode-body.ts';
import type { ApiRequest } from '../kube/api.ts';
import { stringifyJson } from '../kube/exact-json.ts';
import type { KubeObject, OwnerReference } from '../kube/object.ts';
import type { GroupResource, GroupVersionKind, ResourceInfo } from '../kube/resource.ts';
import { badRequest } from '../kube/status.ts';
import { parseViewName } from './names.ts';
import { nestedPaths, translateNested } from './nested-namespaces.ts';
import { eachReferenceName, referencePaths } from './reference-paths.ts';

export interface Destination {
  /** The destination's version for the view's; what can never be current there is answered as one that never is. */
  version(text: string): string;
  /** Undefined: the hub. */
  readonly clusterName: string | undefined;
  /** The destination's namespace for the workspace's; undefined leaves it. */
  namespace(namespace: string): string | undefined;
  /** The destination's uid of what the view shows by another; undefined leaves it. */
  uid(uid: string): string | undefined;
}

/** What a client stated of versions and uids, by the words in which the destination was told. */
export type StatedTerms = ReadonlyMap<string, string>;

export interface TranslatedBody {
  readonly body: Uint8Array;
  readonly contentType: string;
  readonly stated: StatedTerms;
}

const NOTHING_STATED: StatedTerms = new Map();

const JSON_PATCH = 'application/json-patch+json';

/** Takes the body of a write. Throws ApiError 400 and 415 where it cannot be read. */
export function translateBody(request: ApiRequest, resource: ResourceInfo, destination: Destination): TranslatedBody {
  const contentType = request.headers['content-type'] ?? 'application/json';
  if (request.body.length === 0) return { body: request.body, contentType, stated: NOTHING_STATED };
  const stated = new Map<string, string>();
  const to = remembering(destination, stated);
  if (request.info.verb !== 'patch') {
    const value = decodeBody(request, expectedKind(request, resource));
    translateObject(value, resource, to);
    return { body: toBytes(value), contentType: 'application/json', stated };
  }
  const value: unknown = decodeText(request.body, 'yaml').value;
  const patch = mediaTypeOf(request) === JSON_PATCH ? translateOperations(value, resource, to) : value;
  if (patch === value) translateObject(value, resource, to);
  return { body: toBytes(patch), contentType, stated };
}

function remembering(to: Destination, stated: Map<string, string>): Destination {
  const remember = (given: string, own: string): string => {
    stated.set(own, given);
    return own;
  };
  return {
    ...to,
    version: (text) => remember(text, to.version(text)),
    uid: (uid) => remember(uid, to.uid(uid) ?? uid),
  };
}

/** What the endpoint takes: a protobuf body of an older client does not say it itself. */
export function expectedKind({ info: { verb, subresource } }: ApiRequest, resource: ResourceInfo): GroupVersionKind {
  if (verb === 'delete' || verb === 'deletecollection') return { group: '', version: 'v1', kind: 'DeleteOptions' };
  const part = resource.subresources.find(({ name }) => name === subresource);
  return {
    group: part?.group ?? resource.group,
    version: part?.version ?? resource.version,
    kind: part?.kind ?? resource.kind,
  };
}

const toBytes = (value: unknown): Buffer => Buffer.from(stringifyJson(value));

/** An object, a merge patch of one, or DeleteOptions. Mutates what was just parsed. */
function translateObject(value: unknown, resource: GroupResource, to: Destination): void {
  if (typeof value !== 'object' || value === null) return;
  const { metadata, preconditions, deleteOptions, target } = value as {
    metadata?: KubeObject['metadata'] | null;
    preconditions?: Terms | null;
    deleteOptions?: { preconditions?: Terms | null } | null;
    target?: unknown;
  };
  if (isRecord(metadata)) translateMetadata(metadata, to);
  if (isRecord(preconditions)) translateTerms(preconditions, to);
  if (isRecord(deleteOptions?.preconditions)) translateTerms(deleteOptions.preconditions, to);
  // Binding: the node's plain name.
  if (isRecord(target)) translateName(target, to);
  eachReferenceName(value, resource, (holder, member) => translateMember(holder, member, to));
  if (to.clusterName !== undefined) translateNested(value, nestedPaths(resource), (one) => to.namespace(one));
}

interface Terms {
  resourceVersion?: unknown;
  uid?: unknown;
}

const isRecord = <T extends object>(value: T | null | undefined | unknown): value is T =>
  typeof value === 'object' && value !== null;

/** Which object it must be, and as of when. A copy has another uid than the hub's object that is shown for it. */
function translateTerms(holder: Terms, to: Destination): void {
  if (typeof holder.resourceVersion === 'string') holder.resourceVersion = to.version(holder.resourceVersion);
  if (typeof holder.uid === 'string') holder.uid = to.uid(holder.uid) ?? holder.uid;
}

const translateName = (holder: { name?: unknown }, to: Destination): void =>
  translateMember(holder as Record<string, unknown>, 'name', to);

function translateMember(holder: Record<string, unknown>, member: string, { clusterName }: Destination): void {
  const name = holder[member];
  if (typeof name !== 'string' || clusterName === undefined) return;
  const parsed = parseViewName(name);
  if (parsed.clusterName === clusterName) holder[member] = parsed.name;
}

function translateMetadata(metadata: KubeObject['metadata'], to: Destination): void {
  translateTerms(metadata, to);
  translateName(metadata, to);
  if (isRecord(metadata.labels)) delete metadata.labels[CLUSTER_LABEL];
  if (to.clusterName === undefined) return;
  if (typeof metadata.namespace === 'string')
    metadata.namespace = to.namespace(metadata.namespace) ?? metadata.namespace;
  if (Array.isArray(metadata.ownerReferences))
    metadata.ownerReferences = metadata.ownerReferences.map((one) => toOwner(one, to));
}

function toOwner(reference: OwnerReference, to: Destination): OwnerReference {
  const name = { name: reference.name };
  translateName(name, to);
  return { ...reference, ...name, uid: to.uid(reference.uid) ?? reference.uid };
}

interface Operation {
  readonly op: string;
  readonly path: string;
  readonly value?: unknown;
}

const LABEL_POINTER = `/metadata/labels/${CLUSTER_LABEL.replaceAll('/', '~1')}`;

/** Whether a JSON pointer leads to the name in a reference. */
const isReferenceName = (pointer: string, resource: GroupResource): boolean =>
  [...referencePaths(resource), OWNER_NAMES].some(({ path, kind }) => {
    const pattern = kind === undefined ? [...path, 'name'] : path;
    const parts = pointer.split('/').slice(1);
    return parts.length === pattern.length && parts.every((part, at) => pattern[at] === '*' || pattern[at] === part);
  });

const OWNER_NAMES = { path: ['metadata', 'ownerReferences', '*', 'name'], kind: '' };

function translateOperations(value: unknown, resource: GroupResource, to: Destination): Operation[] {
  if (!Array.isArray(value)) throw badRequest('a JSON patch must be a list of operations');
  return (value as Operation[])
    .filter(({ path }) => path !== LABEL_POINTER)
    .map((operation) => {
      if (typeof operation?.value !== 'string') return operation;
      const holder = { name: operation.value };
      if (operation.path === '/metadata/resourceVersion') return { ...operation, value: to.version(operation.value) };
      if (operation.path === '/metadata/uid')
        return { ...operation, value: to.uid(operation.value) ?? operation.value };
      if (operation.path === '/metadata/name' || isReferenceName(operation.path, resource)) {
        translateName(holder, to);
        return { ...operation, value: holder.name };
      }
      if (operation.path === '/metadata/namespace')
        return { ...operation, value: to.namespace(operation.value) ?? operation.value };
      return operation;
    });
}
