/** Conversion by webhook, as a CRD asks for it (apiextensions.k8s.io/v1 CustomResourceConversion). */
import type { TypeSchema } from '../../kube/schema.ts';
import type { WebhookClientConfig } from '../admission/webhook-configuration.ts';

export interface WebhookConversion {
  readonly group: string;
  readonly kind: string;
  readonly clientConfig: WebhookClientConfig;
  /** Versions of ConversionReview that the webhook reads, the one it likes best first. */
  readonly reviewVersions: readonly string[];
  /** All versions of the kind, served or not, with their schemas. */
  readonly schemas: ReadonlyMap<string, TypeSchema | undefined>;
  /** In which objects are stored now. */
  readonly storage: string;
  /** Of stored objects without a mark. */
  readonly unmarked: string;
}
