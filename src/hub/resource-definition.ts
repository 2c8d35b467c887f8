/** What the hub needs to know of one resource it stores; built-in kinds, TMC's kinds and CRDs all become these. */
import type { ApiRequest, ApiResult } from '../kube/api.ts';
import type { KubeObject } from '../kube/object.ts';
import type { ResourceInfo } from '../kube/resource.ts';
import type { Schema, TypeSchema } from '../kube/schema.ts';
import type { StatusCause } from '../kube/status.ts';

export interface PrinterColumn {
  readonly name: string;
  readonly type: string;
  readonly format?: string;
  readonly description?: string;
  readonly priority?: number;
  /** Kubernetes JSONPath without braces, e.g. `.spec.replicas`. */
  readonly jsonPath: string;
}

export interface ResourceDefinition {
  /** One served version; several versions of a kind are several definitions with one storage key. */
  readonly info: ResourceInfo;
  /** The version in which objects are stored; conversion between versions is by table or `None`. */
  readonly storageVersion: string;
  /** False when this version is what clients should use first. */
  readonly preferred?: boolean;
  readonly schema: TypeSchema | undefined;
  /** True for CRDs: structural pruning, defaulting, CEL, no strategic merge. */
  readonly custom: boolean;
  readonly status: boolean;
  readonly scale?: {
    readonly specReplicasPath: string;
    readonly statusReplicasPath: string;
    readonly labelSelectorPath?: string;
  };
  readonly printerColumns?: readonly PrinterColumn[];
  readonly selectableFields?: readonly string[];
  /** Spec-and-all other top-level fields bump generation, metadata and status do not; false: never bumped (ConfigMap). */
  readonly generation: boolean;
  /** Per-kind rules beyond the schema. Pure; defaulting mutates a private copy. */
  readonly defaults?: (object: KubeObject) => void;
  readonly validate?: (object: KubeObject, old: KubeObject | undefined) => readonly StatusCause[];
  /** Virtual resources (reviews, token) answered by code instead of the store. */
  readonly handler?: (request: ApiRequest, object: KubeObject | undefined) => Promise<ApiResult>;
}

export type { Schema };
