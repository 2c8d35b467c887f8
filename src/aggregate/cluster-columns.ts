/** Printer columns of kinds that only clusters define: read from a cluster's CRD, kept for a while. */
import { LRUCache } from 'lru-cache';
import type { PrinterColumn } from '../hub/resource-definition.ts';
import { groupResourceName } from '../kube/resource.ts';
import type { ResolvedResource } from './view-discovery.ts';

const cache = new LRUCache<string, { columns: readonly PrinterColumn[] }>({ max: 1_000, ttl: 60_000 });
const DEADLINE_MS = 1_000;

interface CustomResourceDefinition {
  readonly spec?: {
    readonly versions?: readonly {
      readonly name: string;
      readonly additionalPrinterColumns?: readonly PrinterColumn[];
    }[];
  };
}

/** The union over the clusters that answer, in the order of the first; undefined where none tells. */
export async function columnsOf(
  { info, clusters }: ResolvedResource,
  signal: AbortSignal,
): Promise<readonly PrinterColumn[] | undefined> {
  const all = await Promise.all(
    clusters.map(async (downstream) => {
      const key = `${downstream.uid}|${downstream.discovery()?.hash ?? ''}|${groupResourceName(info)}/${info.version}`;
      const known = cache.get(key);
      if (known !== undefined) return known.columns;
      const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${groupResourceName(info)}`;
      const within = AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]);
      const answer = await downstream
        .fetch({ method: 'GET', path, deadlineMs: DEADLINE_MS, signal: within })
        .catch(() => undefined);
      if (answer?.status !== 200) return [];
      const { spec } = JSON.parse(answer.body.toString('utf8')) as CustomResourceDefinition;
      const columns = spec?.versions?.find(({ name }) => name === info.version)?.additionalPrinterColumns ?? [];
      cache.set(key, { columns });
      return columns;
    }),
  );
  const byName = new Map<string, PrinterColumn>();
  for (const column of all.flat()) if (!byName.has(column.name)) byName.set(column.name, column);
  return byName.size === 0 ? undefined : [...byName.values()];
}
