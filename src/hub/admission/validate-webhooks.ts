/** What kube-apiserver refuses in webhook configurations (admissionregistration/validation, util/webhook/validation). */
import { child, duplicateValue, type FieldPath, index, invalidValue, requiredValue } from '../../kube/field-error.ts';
import { dnsSubdomainErrors } from '../../kube/label-syntax.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { StatusCause } from '../../kube/status.ts';
import { dnsSubdomain, portNumber } from '../builtin/validation/scalars.ts';
import { selectorCauses } from '../builtin/validation/selectors.ts';
import { choice, conditionCauses, matchPolicyCauses, ruleCauses } from './validate-matching.ts';
import type { Webhook, WebhookConfiguration, WebhookService } from './webhook-configuration.ts';

const VERSIONS = ['v1', 'v1beta1'];
const SIDE_EFFECTS = ['None', 'NoneOnDryRun'];
const MAX_TIMEOUT_SECONDS = 30;

export const webhookConfigurationCauses =
  (mutating: boolean) =>
  (object: KubeObject): StatusCause[] => {
    const hooks = (object as WebhookConfiguration).webhooks ?? [];
    return hooks.flatMap((hook, at) => {
      const path = index('webhooks', at);
      const repeated = hook.name !== '' && hooks.findIndex(({ name }) => name === hook.name) < at;
      return [
        ...hookCauses(hook, mutating, path),
        ...versionCauses(hook.admissionReviewVersions ?? [], child(path, 'admissionReviewVersions')),
        ...(repeated ? [duplicateValue(child(path, 'name'), hook.name)] : []),
      ];
    });
  };

function hookCauses(hook: Webhook, mutating: boolean, path: FieldPath): StatusCause[] {
  const { timeoutSeconds, reinvocationPolicy, sideEffects } = hook;
  return [
    ...qualifiedName(hook.name ?? '', child(path, 'name')),
    ...(hook.rules ?? []).flatMap((rule, at) => ruleCauses(rule, index(child(path, 'rules'), at))),
    ...(hook.failurePolicy === undefined
      ? []
      : choice(hook.failurePolicy, ['Fail', 'Ignore'], child(path, 'failurePolicy'))),
    ...matchPolicyCauses(hook.matchPolicy, child(path, 'matchPolicy')),
    ...(sideEffects === undefined || sideEffects === null
      ? [requiredValue(child(path, 'sideEffects'), `must specify one of ${SIDE_EFFECTS.join(', ')}`)]
      : choice(sideEffects, SIDE_EFFECTS, child(path, 'sideEffects'))),
    ...(timeoutSeconds !== undefined && (timeoutSeconds > MAX_TIMEOUT_SECONDS || timeoutSeconds < 1)
      ? [
          invalidValue(
            child(path, 'timeoutSeconds'),
            timeoutSeconds,
            'the timeout value must be between 1 and 30 seconds',
          ),
        ]
      : []),
    ...selectorCauses(hook.namespaceSelector, child(path, 'namespaceSelector')),
    ...selectorCauses(hook.objectSelector, child(path, 'objectSelector')),
    ...(mutating && reinvocationPolicy !== undefined
      ? choice(reinvocationPolicy, ['IfNeeded', 'Never'], child(path, 'reinvocationPolicy'))
      : []),
    ...clientCauses(hook, child(path, 'clientConfig')),
    ...conditionCauses(hook.matchConditions, { params: false, variables: false }, child(path, 'matchConditions')),
  ];
}

function qualifiedName(name: string, path: FieldPath): StatusCause[] {
  if (name === '') return [requiredValue(path)];
  const errors = dnsSubdomainErrors(name);
  if (errors.length > 0) return [invalidValue(path, name, errors.join(','))];
  return name.split('.').length < 3
    ? [invalidValue(path, name, 'should be a domain with at least three segments separated by dots')]
    : [];
}

function clientCauses({ clientConfig: { url, service } }: Webhook, path: FieldPath): StatusCause[] {
  if ((url === undefined) === (service === undefined))
    return [requiredValue(path, 'exactly one of url or service is required')];
  return url !== undefined
    ? urlCauses(url, child(path, 'url'))
    : serviceCauses(service as WebhookService, child(path, 'service'));
}

const FORM = '; desired format: https://host[/path]';

/** Go parses more loosely than WHATWG does; what either cannot take is refused. */
export function urlCauses(text: string, path: FieldPath): StatusCause[] {
  const [, scheme = '', authority = '', query, fragment] =
    /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?[^?#]*(\?[^#]*)?(#.*)?$/s.exec(text) ?? [];
  const at = authority.lastIndexOf('@');
  const host = authority.slice(at + 1);
  const causes: StatusCause[] = [];
  if (scheme.toLowerCase() !== 'https')
    causes.push(invalidValue(path, scheme.toLowerCase(), `'https' is the only allowed URL scheme${FORM}`));
  if (host === '') causes.push(invalidValue(path, host, `host must be specified${FORM}`));
  if (at >= 0) causes.push(invalidValue(path, authority.slice(0, at), 'user information is not permitted in the URL'));
  if (fragment !== undefined && fragment.length > 1)
    causes.push(invalidValue(path, fragment.slice(1), 'fragments are not permitted in the URL'));
  if (query !== undefined && query.length > 1)
    causes.push(invalidValue(path, query.slice(1), 'query parameters are not permitted in the URL'));
  if (causes.length === 0 && !URL.canParse(text))
    causes.push(requiredValue(path, `url must be a valid URL: parse ${JSON.stringify(text)}: invalid URL${FORM}`));
  return causes;
}

export function serviceCauses(
  { name, namespace, port, path: urlPath }: WebhookService,
  path: FieldPath,
): StatusCause[] {
  return [
    ...(name ? [] : [requiredValue(child(path, 'name'))]),
    ...(namespace ? [] : [requiredValue(child(path, 'namespace'))]),
    ...portNumber(port ?? 443, child(path, 'port')).map(({ message = '' }) => {
      const [value = '', ...why] = message.split(': ').slice(1);
      return invalidValue(child(path, 'port'), Number(value), `port is not valid: ${why.join(': ')}`);
    }),
    ...servicePathCauses(urlPath ?? '', child(path, 'path')),
  ];
}

function servicePathCauses(text: string, path: FieldPath): StatusCause[] {
  if (text === '' || text === '/') return [];
  const fault = (why: string): StatusCause => invalidValue(path, text, why);
  if (text === '//') return [fault('segment[0] may not be empty')];
  const steps = text.slice(1).replace(/\/$/, '').split('/');
  return [
    ...(text.startsWith('/') ? [] : [fault("must start with a '/'")]),
    ...steps.flatMap((step, at) =>
      step === ''
        ? [fault(`segment[${at}] may not be empty`)]
        : dnsSubdomain(step, path).map(({ message = '' }) =>
            fault(`segment[${at}]: ${message.replace(/^Invalid value: "[^"]*": /, '')}`),
          ),
    ),
  ];
}

const LABEL_1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
export const label1035Errors = (value: string): string[] => [
  ...(value.length > 63 ? ['must be no more than 63 bytes'] : []),
  ...(LABEL_1035.test(value)
    ? []
    : [
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
      ]),
];

function versionCauses(versions: readonly string[], path: FieldPath): StatusCause[] {
  if (versions.length === 0) return [requiredValue(path, `must specify one of ${VERSIONS.join(', ')}`)];
  const causes = versions.flatMap((version, at) =>
    versions.indexOf(version) < at
      ? [invalidValue(index(path, at), version, 'duplicate version')]
      : label1035Errors(version).map((text) => invalidValue(index(path, at), version, text)),
  );
  return versions.some((version) => VERSIONS.includes(version))
    ? causes
    : [...causes, invalidValue(path, versions, `must include at least one of ${VERSIONS.join(', ')}`)];
}
