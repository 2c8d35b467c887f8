/** Printer columns of kinds that only clusters define: read from each cluster's CRD, kept until that changes. */
import { LRUCache } from 'lru-cache';
import type { Downstream } from '../clusters/downstream.ts';
import type { PrinterColumn } from '../hub/resource-definition.ts';
import { groupResourceName } from '../kube/resource.ts';
import { within } from '../kube/within.ts';
import type { ResolvedResource } from './view-discovery.ts';

/** By name the union over the clusters that answer, in the order of the first. */
export interface ClusterColumns {
  readonly all: readonly PrinterColumn[];
  /** The same, as one cluster's own definition fills them: two may read a column of one name from different fields. */
  of(clusterName: string | undefined): readonly PrinterColumn[];
}

/** A cluster that could not be asked is asked again after this: not with every table. */
const FAILED_MS = 5_000;
const KEPT_MS = 60_000;
const DEADLINE_MS = 1_000;
const cache = new LRUCache<string, { columns: readonly PrinterColumn[] }>({ max: 1_000, ttl: KEPT_MS });

interface CustomResourceDefinition {
  readonly spec?: {
    readonly versions?: readonly {
      readonly name: string;
      readonly additionalPrinterColumns?: readonly PrinterColumn[];
    }[];
  };
}

/** Undefined where no cluster has any. */
export async function columnsOf(
  { info, clusters }: ResolvedResource,
  signal: AbortSignal,
): Promise<ClusterColumns | undefined> {
  const found = await Promise.all(
    clusters.map(async (downstream) => {
      const key = `${keyOf(downstream)}${downstream.discovery()?.hash ?? ''}|${groupResourceName(info)}/${info.version}`;
      const known = cache.get(key);
      if (known !== undefined) return known.columns;
      const columns = await read(downstream, groupResourceName(info), info.version, signal);
      if (signal.aborted) return [];
      cache.set(key, { columns: columns ?? [] }, { ttl: columns === undefined ? FAILED_MS : KEPT_MS });
      return columns ?? [];
    }),
  );
  return uniteColumns(new Map(clusters.map(({ clusterName }, at) => [clusterName, found[at] ?? []])));
}

/** A cluster's definitions changed. */
export function forgetColumns(downstream: Downstream): void {
  for (const key of [...cache.keys()]) if (key.startsWith(keyOf(downstream))) cache.delete(key);
}

/** Pure. */
export function uniteColumns(byCluster: ReadonlyMap<string, readonly PrinterColumn[]>): ClusterColumns | undefined {
  const byName = new Map<string, PrinterColumn>();
  for (const column of [...byCluster.values()].flat()) if (!byName.has(column.name)) byName.set(column.name, column);
  if (byName.size === 0) return undefined;
  const all = [...byName.values()];
  const own = new Map<string, readonly PrinterColumn[]>();
  for (const [clusterName, columns] of byCluster) {
    const named = new Map(columns.map((column) => [column.name, column]));
    own.set(
      clusterName,
      all.map((column) => named.get(column.name) ?? column),
    );
  }
  return { all, of: (clusterName) => own.get(clusterName ?? '') ?? all };
}

const keyOf = ({ uid }: Downstream): string => `${uid}|`;

/** Undefined where the cluster could not be asked; none where the kind is not a CRD's. */
async function read(
  downstream: Downstream,
  name: string,
  version: string,
  signal: AbortSignal,
): Promise<readonly PrinterColumn[] | undefined> {
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`;
  const answer = await within(DEADLINE_MS, signal, (end) =>
    downstream.fetch({ method: 'GET', path, deadlineMs: DEADLINE_MS, signal: end }),
  ).catch(() => undefined);
  if (answer === undefined || answer.status >= 500 || answer.status === 429) return undefined;
  if (answer.status !== 200) return [];
  const { spec } = JSON.parse(answer.body.toString('utf8')) as CustomResourceDefinition;
  return spec?.versions?.find((one) => one.name === version)?.additionalPrinterColumns ?? [];
}
