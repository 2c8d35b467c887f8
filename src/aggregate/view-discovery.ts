/** What the view asks of merged discovery (`discovery.ts`). */
import type { Downstream } from '../clusters/downstream.ts';
import type { ApiRequest, ApiResult } from '../kube/api.ts';
import type { ResourceInfo } from '../kube/resource.ts';

export interface ResolvedResource {
  readonly info: ResourceInfo;
  /** The hub serves it: objects are authored there. */
  readonly hub: boolean;
  /** Clusters that serve it, or did when last heard of. */
  readonly clusters: readonly Downstream[];
  /** Clusters of which nothing is known yet: their absence is worth a warning. */
  readonly unknown: readonly Downstream[];
}

export interface ViewDiscovery {
  /** Undefined for paths that are neither discovery nor OpenAPI. */
  handle(request: ApiRequest): Promise<ApiResult> | undefined;
  /** Undefined where no source serves it. */
  resolveResource(
    workspace: string,
    group: string,
    version: string,
    resource: string,
    onlyCluster?: string,
  ): Promise<ResolvedResource | undefined>;
  /** The same of a kind, in the version that is preferred. */
  resolveKind(workspace: string, group: string, kind: string): Promise<ResolvedResource | undefined>;
}
