/** What a cluster's nodes can hold, summed. */
import { addQuantities, formatQuantity, parseQuantity, type Quantity } from '../kube/quantity.ts';
import { clusterError } from './classify-error.ts';
import type { Downstream } from './downstream.ts';

export interface ClusterCapacity {
  /** Of all nodes. */
  readonly capacity: Record<string, string>;
  /** Of nodes that are ready and not cordoned. */
  readonly allocatable: Record<string, string>;
}

interface Node {
  spec?: { unschedulable?: boolean };
  status?: {
    capacity?: Record<string, string>;
    allocatable?: Record<string, string>;
    conditions?: { type: string; status: string }[];
  };
}

const PAGE = 500;
/** Beyond this many pages the sum is not worth the load. */
const MAX_PAGES = 40;

/** Throws ClusterError; undefined where the gateway may not see nodes. */
export async function readCapacity(downstream: Downstream, signal: AbortSignal): Promise<ClusterCapacity | undefined> {
  const nodes: Node[] = [];
  let from = '';
  for (let page = 0; page < MAX_PAGES; page++) {
    const path = `/api/v1/nodes?limit=${PAGE}${from && `&continue=${encodeURIComponent(from)}`}`;
    const { status, body } = await downstream.fetch({ method: 'GET', path, signal });
    if (status === 403 || status === 404) return undefined;
    if (status !== 200) throw clusterError(downstream.clusterName, 'garbage', `nodes answered ${status}`);
    const list = parseList(downstream.clusterName, body);
    nodes.push(...(list.items ?? []));
    from = list.metadata?.continue ?? '';
    if (from === '') break;
  }
  return sumCapacity(nodes);
}

function parseList(clusterName: string, body: Buffer): { items?: Node[]; metadata?: { continue?: string } } {
  try {
    return JSON.parse(body.toString('utf8')) as { items?: Node[] };
  } catch {
    throw clusterError(clusterName, 'garbage', 'nodes did not answer with JSON');
  }
}

/** Pure. */
export function sumCapacity(nodes: readonly Node[]): ClusterCapacity {
  const usable = nodes.filter(
    ({ spec, status }) =>
      !spec?.unschedulable && status?.conditions?.some((each) => each.type === 'Ready' && each.status === 'True'),
  );
  return {
    capacity: sum(nodes.map(({ status }) => status?.capacity ?? {})),
    allocatable: sum(usable.map(({ status }) => status?.allocatable ?? status?.capacity ?? {})),
  };
}

function sum(lists: readonly Record<string, string>[]): Record<string, string> {
  const totals = new Map<string, Quantity>();
  for (const list of lists) {
    for (const [name, text] of Object.entries(list)) {
      const quantity = quantityOf(text);
      const total = totals.get(name);
      if (quantity) totals.set(name, total === undefined ? quantity : addQuantities(total, quantity));
    }
  }
  return Object.fromEntries([...totals].sort().map(([name, total]) => [name, formatQuantity(total)]));
}

/** A node's status is another program's: what is no quantity is left out. */
function quantityOf(text: unknown): Quantity | undefined {
  try {
    return typeof text === 'string' ? parseQuantity(text) : undefined;
  } catch {
    return undefined;
  }
}
