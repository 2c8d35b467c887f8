/**
 * Whether a CRD says how its versions are converted (apiextensions `validateCustomResourceConversion`). Paths are those of
 * upstream's internal type, which has no `webhook` between.
 */

import { child, forbiddenField, index, invalidValue, notSupported, requiredValue } from '../../kube/field-error.ts';
import type { StatusCause } from '../../kube/status.ts';
import { label1035Errors, serviceCauses, urlCauses } from '../admission/validate-webhooks.ts';
import type { WebhookClientConfig, WebhookService } from '../admission/webhook-configuration.ts';
import type { CustomResourceDefinition } from './custom-resource-definition.ts';

const STRATEGIES = ['None', 'Webhook'];
const REVIEW_VERSIONS = ['v1', 'v1beta1'];
const PATH = 'spec.conversion';
const CLIENT = `${PATH}.webhookClientConfig`;
const VERSIONS = `${PATH}.conversionReviewVersions`;

export function conversionCauses({ conversion }: CustomResourceDefinition['spec']): StatusCause[] {
  if (conversion === undefined) return [];
  const { strategy = '', webhook } = conversion;
  const { clientConfig, conversionReviewVersions = [] } = webhook ?? {};
  const ofStrategy =
    strategy === ''
      ? [requiredValue(`${PATH}.strategy`)]
      : STRATEGIES.includes(strategy)
        ? []
        : [notSupported(`${PATH}.strategy`, strategy, STRATEGIES)];
  if (strategy === 'Webhook') return [...clientCauses(clientConfig), ...versionCauses(conversionReviewVersions)];
  const unwanted = 'should not be set when strategy is not set to Webhook';
  return [
    ...ofStrategy,
    ...(clientConfig === undefined ? [] : [forbiddenField(CLIENT, unwanted)]),
    ...(conversionReviewVersions.length === 0 ? [] : [forbiddenField(VERSIONS, unwanted)]),
  ];
}

function clientCauses(config: WebhookClientConfig | undefined): StatusCause[] {
  if (config === undefined) return [requiredValue(CLIENT, 'required when strategy is set to Webhook')];
  const { url, service } = config;
  if ((url === undefined) === (service === undefined))
    return [requiredValue(CLIENT, 'exactly one of url or service is required')];
  return url === undefined
    ? serviceCauses(service as WebhookService, child(CLIENT, 'service'))
    : urlCauses(url, child(CLIENT, 'url'));
}

function versionCauses(versions: readonly string[]): StatusCause[] {
  if (versions.length === 0) return [requiredValue(VERSIONS)];
  const causes = versions.flatMap((version, at) =>
    versions.indexOf(version) < at
      ? [invalidValue(index(VERSIONS, at), version, 'duplicate version')]
      : label1035Errors(version).map((text) => invalidValue(index(VERSIONS, at), version, text)),
  );
  return versions.some((version) => REVIEW_VERSIONS.includes(version))
    ? causes
    : [...causes, invalidValue(VERSIONS, versions, `must include at least one of ${REVIEW_VERSIONS.join(', ')}`)];
}
