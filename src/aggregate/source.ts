/** One source of a view for one resource: the hub, or a cluster. Its present state by namespace, and its recent history. */
import type { Downstream } from '../clusters/downstream.ts';
import type { Reflector } from '../clusters/reflector.ts';
import type { Item } from './item.ts';
import type { ChangeLog } from './source-log.ts';

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
  readonly log: ChangeLog;
  /** Present state, in any order of namespaces; `namespace` undefined: all. */
  slices(workspace: string, namespace: string | undefined): Slice[];
  /** One object by its own name; undefined too where a folded copy stands. */
  get(workspace: string, namespace: string, name: string): Item | undefined;
  /** Version up to which the state is complete. */
  readonly version: bigint;
}

/** A cluster as a source: as it is (`cluster-source.ts`), or as a projection shows it (`projected-source.ts`). */
export interface ClusterView extends Source {
  readonly clusterName: string;
  readonly downstream: Downstream;
  readonly reflector: Reflector;
  /** True once its state may be shown. */
  readonly started: boolean;
  /** What it has under a name, shown or not: an object of its own, the copy of a hub object, or nothing. */
  holds(workspace: string, namespace: string, name: string): 'own' | 'copy' | undefined;
  /** Decides beforehand what of it is shown, letting others run, so that reading it costs little. */
  prepare?(workspace: string, namespace: string | undefined): Promise<void>;
}
