/** What the hub needs to know of one resource it stores; built-in kinds, TMC's kinds and CRDs all become these. */
import type { ApiRequest, ApiResult } from '../kube/api.ts';
import type { Json, KubeObject, ObjectMeta } from '../kube/object.ts';
import type { ResourceInfo } from '../kube/resource.ts';
import type { Schema, TypeSchema } from '../kube/schema.ts';
import type { StatusCause } from '../kube/status.ts';
import type { WebhookConversion } from './conversion/conversion.ts';

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
  /** Custom kinds with several versions: the schema of another served one, for ownership recorded in it. */
  readonly schemaOfVersion?: (version: string) => TypeSchema | undefined;
  /** Versions of the kind are converted by a webhook; absent: they differ in their name only. */
  readonly conversion?: WebhookConversion;
  /** The storage version, where stored objects must say it because older ones are in another. */
  readonly storageMark?: string;
  /** True for CRDs: structural pruning, defaulting, CEL, no strategic merge. */
  readonly custom: boolean;
  readonly status: boolean;
  readonly scale?: {
    readonly specReplicasPath: string;
    readonly statusReplicasPath: string;
    readonly labelSelectorPath?: string;
  };
  /** Custom kinds with several versions: where the others keep their replicas. */
  readonly scaleOfVersion?: Readonly<Record<string, ResourceDefinition['scale']>>;
  readonly printerColumns?: readonly PrinterColumn[];
  readonly selectableFields?: readonly string[];
  /** Spec-and-all other top-level fields bump generation, metadata and status do not; false: never bumped (ConfigMap). */
  readonly generation: boolean;
  /** Annotations bump generation too (Deployments). */
  readonly annotationsAreState?: boolean;
  /** Where objects are stored when not under their own name and version: Events of two groups, old API versions. */
  readonly storage?: {
    readonly group: string;
    readonly resource: string;
    /** Mutates a private copy, so that it has the stored shape; the inverse. */
    readonly toStored: (object: KubeObject) => void;
    readonly fromStored: (object: KubeObject) => void;
  };
  /** A PUT of a name that does not exist creates it. */
  readonly createOnUpdate?: boolean;
  /** False: an update must name the resourceVersion that it is based on. Default true. */
  readonly unconditionalUpdate?: boolean;
  /** A delete answers the object instead of a Status. */
  readonly answersDeleted?: boolean;
  /** Of a new or changed object's metadata, what a status write leaves as it stands: these fields, or all but managedFields. */
  readonly statusKeeps?: readonly (keyof ObjectMeta)[] | 'metadata';
  /** What the server adds to a new object of the kind. Mutates a private copy. */
  readonly prepareForCreate?: (object: KubeObject) => void;
  /** What every request for it is warned of. */
  readonly deprecated?: string;
  /** What an update through the named subresource ('': none) may not change. Mutates a private copy. */
  readonly prepareForUpdate?: (object: KubeObject, old: KubeObject, subresource: string) => void;
  /** What storage does not keep. Mutates a private copy. */
  readonly forget?: (object: KubeObject) => void;
  /** What its deletion adds while something holds it. Mutates a private copy; `now` is RFC 3339. */
  readonly onDeletion?: (object: KubeObject, now: string) => void;
  /** A finalizer that every deletion adds, for a controller of the hub's to take off. */
  readonly deletionFinalizer?: string;
  /** What a new object's status is; absent: no status. */
  readonly initialStatus?: Json;
  /** Text of the 400 for a field selector on an unknown field; absent: the generic one. */
  readonly unknownField?: (field: string) => string;
  /** Per-kind rules beyond the schema. Pure; defaulting mutates a private copy. */
  readonly defaults?: (object: KubeObject) => void;
  readonly validate?: (object: KubeObject, old: KubeObject | undefined, subresource?: string) => readonly StatusCause[];
  /** What is warned of in a valid object. Pure. */
  readonly warnings?: (object: KubeObject, old: KubeObject | undefined) => readonly string[];
  /** Virtual resources (reviews, token) answered by code instead of the store. */
  readonly handler?: (request: ApiRequest, object: KubeObject | undefined) => Promise<ApiResult>;
}

export type { Schema };
