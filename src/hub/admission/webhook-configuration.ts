/** ValidatingWebhookConfiguration and MutatingWebhookConfiguration (admissionregistration.k8s.io/v1), as far as admission reads them. */
import type { KubeObject } from '../../kube/object.ts';
import type { LabelSelector } from '../kinds/workload.ts';
import type { NamedExpression } from './expression-run.ts';
import type { ResourceRule } from './match-resources.ts';

export interface Webhook {
  readonly name: string;
  readonly clientConfig: WebhookClientConfig;
  readonly rules?: readonly ResourceRule[];
  readonly failurePolicy?: 'Fail' | 'Ignore';
  readonly matchPolicy?: 'Exact' | 'Equivalent';
  readonly namespaceSelector?: LabelSelector;
  readonly objectSelector?: LabelSelector;
  readonly sideEffects?: string | null;
  readonly timeoutSeconds?: number;
  readonly admissionReviewVersions?: readonly string[];
  readonly matchConditions?: readonly NamedExpression[];
  /** Of mutating webhooks. */
  readonly reinvocationPolicy?: 'Never' | 'IfNeeded';
}

export interface WebhookClientConfig {
  readonly url?: string;
  readonly service?: WebhookService;
  /** Base64 of PEM. */
  readonly caBundle?: string;
}

export interface WebhookService {
  readonly namespace: string;
  readonly name: string;
  readonly path?: string;
  readonly port?: number;
}

export interface WebhookConfiguration extends KubeObject {
  readonly webhooks?: readonly Webhook[];
}
