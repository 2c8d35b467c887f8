/** One source of a view for one resource: the hub, or a cluster. Its present state by namespace, and its recent history. */
import type { Item } from './item.ts';
import type { SourceLog } from './source-log.ts';

/** The objects of one namespace as a workspace calls it; '' for cluster-scoped kinds. */
export interface Slice {
  readonly namespace: string;
  /** In byte order. */
  readonly names: readonly string[];
  get(name: string): Item | undefined;
}

export interface Source {
  readonly slot: number;
  /** Undefined: the hub. */
  readonly clusterName: string | undefined;
  readonly log: SourceLog;
  /** Present state, in any order of namespaces; `namespace` undefined: all. */
  slices(workspace: string, namespace: string | undefined): Slice[];
  /** One object by its own name; undefined too where a folded copy stands. */
  get(workspace: string, namespace: string, name: string): Item | undefined;
  /** Version up to which the state is complete. */
  readonly version: bigint;
}
