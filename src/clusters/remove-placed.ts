/**
 * Removes from a cluster that leaves what was placed there for one SyncTarget: copies, and the namespaces that were made for
 * them. A namespace in which somebody else keeps something stays, without the copies, and is told.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { COPY_LABEL } from '../hub/kinds/workload.ts';
import { NAMESPACE_LOCATOR_ANNOTATION, parseLocator, syncTargetKey } from '../kube/namespace-locator.ts';
import type { ObjectMeta } from '../kube/object.ts';
import { parseApiVersion, resourcePath } from '../kube/resource.ts';
import { type ClusterCalls, JoinError } from './join-calls.ts';

export interface RemovePlacedOptions {
  /** Of the SyncTarget. */
  readonly workspace: string;
  readonly name: string;
  /** Told each step as it is done, for people. */
  readonly onStep: (text: string) => void;
  readonly signal?: AbortSignal;
  /** How long it is waited for what was deleted to be gone, milliseconds. */
  readonly patienceMs?: number;
}

interface Kind {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

interface Listed {
  readonly kind: Kind;
  readonly metadata: ObjectMeta;
}

const NAMESPACES: Kind = { group: '', version: 'v1', resource: 'namespaces', kind: 'Namespace', namespaced: false };
const PATIENCE_MS = 120_000;
const POLL_MS = 500;
const PAGE = 250;
const AS_METADATA = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json';
/** Foreign objects that a message names; of the others it tells the number. */
const NAMED = 5;

/** Throws JoinError, also where something is not gone in time. */
export async function removePlaced(cluster: ClusterCalls, options: RemovePlacedOptions): Promise<void> {
  const { workspace, name, onStep, signal, patienceMs = PATIENCE_MS } = options;
  const ours = `${COPY_LABEL}=${syncTargetKey(workspace, name)}`;
  const kinds = await servedKinds(cluster);
  const kept = new Set<string>();
  for (const { metadata } of await list(cluster, NAMESPACES, '', ours)) {
    const foreign = await foreignIn(cluster, kinds, metadata.name ?? '');
    if (foreign.length === 0) continue;
    kept.add(metadata.name ?? '');
    onStep(`keep namespace ${titleOf(metadata)}: it holds what was not placed: ${namesOf(foreign)}`);
  }
  const told = new Set<string>();
  // Again until nothing is left: the last writes of the syncer may have come after the first look.
  for (const deadline = Date.now() + patienceMs; ; await sleep(POLL_MS, undefined, { signal })) {
    const left = await placed(cluster, kinds, ours, kept);
    if (left.length === 0) break;
    if (Date.now() >= deadline)
      throw new JoinError(
        `Cannot leave "${name}": still there after ${patienceMs / 1_000} s: ${namesOf(left)}; see what holds it, then run this again`,
      );
    for (const one of left) {
      if (one.metadata.deletionTimestamp === undefined) await remove(cluster, one);
      const what = describe(one);
      if (!told.has(what)) onStep(`delete ${what}`);
      told.add(what);
    }
  }
  onStep(told.size === 0 ? 'nothing was placed in the cluster' : `${told.size} deleted and gone`);
}

/** Copies outside of the namespaces that go, and those namespaces. */
async function placed(
  cluster: ClusterCalls,
  kinds: readonly Kind[],
  ours: string,
  kept: ReadonlySet<string>,
): Promise<Listed[]> {
  const namespaces = (await list(cluster, NAMESPACES, '', ours)).filter(
    ({ metadata }) => !kept.has(metadata.name ?? ''),
  );
  const going = new Set(namespaces.map(({ metadata }) => metadata.name));
  const copies: Listed[] = [];
  for (const kind of kinds) {
    if (kind.resource === 'namespaces' && kind.group === '') continue;
    for (const one of await list(cluster, kind, '', ours)) if (!going.has(one.metadata.namespace)) copies.push(one);
  }
  return [...copies, ...namespaces];
}

/** What is in a namespace of ours, and neither placed nor made by the cluster of what was placed. */
async function foreignIn(cluster: ClusterCalls, kinds: readonly Kind[], namespace: string): Promise<Listed[]> {
  const foreign: Listed[] = [];
  for (const kind of kinds) {
    if (!kind.namespaced || MADE_BY_CLUSTERS.has(kind.kind)) continue;
    const all = await list(cluster, kind, namespace, `!${COPY_LABEL}`);
    foreign.push(...all.filter(({ metadata }) => !isClusters(kind, metadata)));
  }
  return foreign;
}

/** Kinds whose objects come and go with others. */
const MADE_BY_CLUSTERS: ReadonlySet<string> = new Set(['Event', 'Endpoints', 'EndpointSlice', 'Lease', 'PodMetrics']);
/** What every namespace has. */
const IN_EVERY_NAMESPACE: ReadonlySet<string> = new Set(['ServiceAccount/default', 'ConfigMap/kube-root-ca.crt']);

const isClusters = (kind: Kind, { name = '', ownerReferences = [] }: ObjectMeta): boolean =>
  ownerReferences.length > 0 || IN_EVERY_NAMESPACE.has(`${kind.kind}/${name}`);

/** Every kind that can be listed and deleted, in its group's preferred version. */
async function servedKinds(cluster: ClusterCalls): Promise<Kind[]> {
  const groups = (await cluster.call('GET', '/apis', 'ask for its API groups')) as
    | { groups?: { preferredVersion?: { groupVersion?: string } }[] }
    | undefined;
  const versions = [
    'v1',
    ...(groups?.groups ?? []).flatMap(({ preferredVersion }) => preferredVersion?.groupVersion ?? []),
  ];
  const kinds: Kind[] = [];
  for (const apiVersion of versions) {
    const path = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const found = (await cluster.call('GET', path, `ask what ${apiVersion} has`)) as
      | { resources?: { name: string; kind: string; namespaced: boolean; verbs: string[] }[] }
      | undefined;
    for (const { name, kind, namespaced, verbs } of found?.resources ?? []) {
      const usable = !name.includes('/') && verbs.includes('list') && verbs.includes('delete');
      if (usable) kinds.push({ ...parseApiVersion(apiVersion), resource: name, kind, namespaced });
    }
  }
  return kinds;
}

async function list(cluster: ClusterCalls, kind: Kind, namespace: string, labelSelector: string): Promise<Listed[]> {
  const found: Listed[] = [];
  for (let token = ''; ; ) {
    const query = new URLSearchParams({
      labelSelector,
      limit: String(PAGE),
      ...(token === '' ? {} : { continue: token }),
    });
    const path = `${resourcePath(kind, namespace)}?${query}`;
    const page = (await cluster.call('GET', path, `list ${kind.resource}`, undefined, AS_METADATA)) as
      | { metadata?: { continue?: string }; items?: { metadata: ObjectMeta }[] }
      | undefined;
    for (const { metadata } of page?.items ?? []) found.push({ kind, metadata });
    token = page?.metadata?.continue ?? '';
    if (token === '') return found;
  }
}

/** It, and nothing that has taken its name since; what it owns goes with it. */
async function remove(cluster: ClusterCalls, one: Listed): Promise<void> {
  const { namespace = '', name = '', uid } = one.metadata;
  const options = { propagationPolicy: 'Background', ...(uid === undefined ? {} : { preconditions: { uid } }) };
  await cluster.call('DELETE', resourcePath(one.kind, namespace, name), `delete ${describe(one)}`, options);
}

const describe = ({ kind, metadata }: Listed): string =>
  kind === NAMESPACES
    ? `namespace ${titleOf(metadata)}`
    : `${kind.kind} ${metadata.namespace === undefined ? '' : `${metadata.namespace}/`}${metadata.name}`;

/** A namespace as the cluster calls it, and as its workspace does. */
function titleOf({ name, annotations }: ObjectMeta): string {
  const locator = parseLocator(annotations?.[NAMESPACE_LOCATOR_ANNOTATION]);
  return locator === undefined ? `${name}` : `${name} (${locator.namespace} of ${locator.workspace})`;
}

function namesOf(all: readonly Listed[]): string {
  const names = all.slice(0, NAMED).map(describe).join(', ');
  return all.length > NAMED ? `${names} and ${all.length - NAMED} more` : names;
}
