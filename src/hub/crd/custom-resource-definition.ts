/** Shape of apiextensions.k8s.io/v1 CustomResourceDefinition, as far as the hub acts on it. */
import type { KubeObject } from '../../kube/object.ts';
import type { Schema } from '../../kube/schema.ts';
import type { WebhookClientConfig } from '../admission/webhook-configuration.ts';
import type { PrinterColumn } from '../resource-definition.ts';

export const CRD_GROUP = 'apiextensions.k8s.io';
export const CRD_RESOURCE = 'customresourcedefinitions';
/** Holds a CRD that is deleted until its objects are gone. */
export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

export interface CrdNames {
  plural?: string;
  singular?: string;
  kind?: string;
  listKind?: string;
  shortNames?: string[];
  categories?: string[];
}

export interface CrdVersion {
  name: string;
  served: boolean;
  storage: boolean;
  deprecated?: boolean;
  deprecationWarning?: string;
  schema?: { openAPIV3Schema?: Schema };
  subresources?: {
    status?: object;
    scale?: { specReplicasPath: string; statusReplicasPath: string; labelSelectorPath?: string };
  };
  additionalPrinterColumns?: PrinterColumn[];
  selectableFields?: { jsonPath: string }[];
}

export interface CrdConversion {
  strategy?: string;
  webhook?: { clientConfig?: WebhookClientConfig; conversionReviewVersions?: string[] };
}

export interface CrdCondition {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason: string;
  message: string;
  lastTransitionTime: string;
}

export interface CustomResourceDefinition extends KubeObject {
  spec: {
    group: string;
    scope: 'Namespaced' | 'Cluster';
    names: CrdNames;
    versions: CrdVersion[];
    conversion?: CrdConversion;
    preserveUnknownFields?: boolean;
  };
  status?: { conditions?: CrdCondition[] | null; acceptedNames?: CrdNames; storedVersions?: string[] | null };
}

export const conditionOf = (crd: CustomResourceDefinition, type: string): CrdCondition | undefined =>
  crd.status?.conditions?.find((one) => one.type === type);

/** Replaces the condition of that type; its time moves only with its status. */
export function withCondition(conditions: readonly CrdCondition[], next: CrdCondition): CrdCondition[] {
  const old = conditions.find((one) => one.type === next.type);
  const time = old?.status === next.status ? old.lastTransitionTime : next.lastTransitionTime;
  const entry = { ...next, lastTransitionTime: time };
  return old === undefined ? [...conditions, entry] : conditions.map((one) => (one === old ? entry : one));
}
