/**
 * Kinds that clusters define by CRDs and the hub does not know: read from the clusters, so that people can author their
 * objects in the hub too and have them placed. Equal definitions of many clusters are kept once.
 */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { CustomResourceDefinition } from '../hub/crd/custom-resource-definition.ts';
import { definitionsOfCrd } from '../hub/crd/definitions-of-crd.ts';
import type { ResourceDefinition } from '../hub/resource-definition.ts';
import { groupResourceName } from '../kube/resource.ts';
import type { Logger } from '../reconcile/logger.ts';
import { clusterError } from './classify-error.ts';
import type { ClusterChange, ClusterRegistry, Downstream } from './downstream.ts';

export interface CustomKinds {
  /** Of the clusters that the workspace may use; the same array for as long as nothing changed. */
  of(workspace: string): readonly ResourceDefinition[];
  close(): void;
}

export interface CustomKindsOptions {
  readonly registry: ClusterRegistry;
  readonly log: Logger;
  /** What `of` answers changed, for some workspace. */
  readonly onChange: () => void;
}

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const PAGE = 50;
const INTERNED = 20_000;

interface ClusterKinds {
  readonly definitions: readonly ResourceDefinition[];
  readonly hash: string;
}

export function createCustomKinds({ registry, log, onChange }: CustomKindsOptions): CustomKinds {
  const byCluster = new Map<Downstream, ClusterKinds>();
  const reading = new Map<Downstream, { again: boolean }>();
  const interned = new LRUCache<string, readonly ResourceDefinition[]>({ max: INTERNED });
  let answers = new WeakMap<readonly Downstream[], readonly ResourceDefinition[]>();

  async function read(downstream: Downstream): Promise<void> {
    const running = reading.get(downstream);
    if (running !== undefined) {
      running.again = true;
      return;
    }
    const state = { again: false };
    reading.set(downstream, state);
    try {
      keep(downstream, await readKinds(downstream, interned));
    } catch (err) {
      // What was known stays; its return or the next change asks again.
      log.debug({ cluster: downstream.clusterName, err }, 'cannot read the CRDs of a cluster');
    } finally {
      reading.delete(downstream);
      if (state.again) void read(downstream);
    }
  }

  function keep(downstream: Downstream, kinds: ClusterKinds): void {
    if (downstream.signal.aborted || byCluster.get(downstream)?.hash === kinds.hash) return;
    byCluster.set(downstream, kinds);
    changed();
  }

  function changed(): void {
    answers = new WeakMap();
    onChange();
  }

  function follow({ type, downstream }: ClusterChange): void {
    if (type === 'left') {
      if (byCluster.delete(downstream)) changed();
    } else if (type === 'visibility') changed();
    else if (type === 'definitions' || (type === 'discovery' && !byCluster.has(downstream))) void read(downstream);
  }

  const unsubscribe = registry.onChange(follow);
  for (const downstream of registry.all()) void read(downstream);

  return {
    of(workspace) {
      const clusters = registry.visibleTo(workspace);
      const known = answers.get(clusters);
      if (known !== undefined) return known;
      const united = unite(clusters.map((downstream) => byCluster.get(downstream)?.definitions ?? []));
      answers.set(clusters, united);
      return united;
    },
    close: unsubscribe,
  };
}

/** The first cluster that defines a resource says what it is, in all its versions. */
function unite(lists: readonly (readonly ResourceDefinition[])[]): readonly ResourceDefinition[] {
  const owner = new Map<string, number>();
  for (const [index, list] of lists.entries()) {
    for (const { info } of list) if (!owner.has(groupResourceName(info))) owner.set(groupResourceName(info), index);
  }
  return lists.flatMap((list, index) => list.filter(({ info }) => owner.get(groupResourceName(info)) === index));
}

async function readKinds(
  downstream: Downstream,
  interned: LRUCache<string, readonly ResourceDefinition[]>,
): Promise<ClusterKinds> {
  const found: { hash: string; definitions: readonly ResourceDefinition[] }[] = [];
  for (let from = ''; ; ) {
    const path = `${CRDS}?limit=${PAGE}${from && `&continue=${encodeURIComponent(from)}`}`;
    const { status, body } = await downstream.fetch({ method: 'GET', path, signal: downstream.signal });
    // Not served there, or not allowed: its kinds are shown, but not authored.
    if (status === 403 || status === 404) break;
    if (status !== 200) throw clusterError(downstream.clusterName, 'garbage', `${CRDS} answered ${status}`);
    const list = JSON.parse(body.toString('utf8')) as {
      items: CustomResourceDefinition[];
      metadata: { continue?: string };
    };
    for (const crd of list.items) {
      const hash = createHash('sha256')
        .update(JSON.stringify([crd.spec, crd.status?.acceptedNames, isServed(crd)]))
        .digest('base64');
      const definitions = interned.get(hash) ?? (isServed(crd) ? definitionsOfCrd(crd) : []);
      interned.set(hash, definitions);
      found.push({ hash, definitions });
    }
    from = list.metadata.continue ?? '';
    if (from === '') break;
  }
  const hash = createHash('sha256')
    .update(found.map((each) => each.hash).join())
    .digest('base64');
  return { definitions: found.flatMap(({ definitions }) => definitions), hash };
}

/** One that is going takes no new objects. */
const isServed = ({ metadata, status }: CustomResourceDefinition): boolean =>
  metadata.deletionTimestamp === undefined &&
  status?.conditions?.some(({ type, status: state }) => type === 'Established' && state === 'True') === true;
