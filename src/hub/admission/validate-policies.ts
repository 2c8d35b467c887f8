/** What kube-apiserver refuses in admission policies and their bindings; expressions are compiled (admissionregistration/validation). */
import {
  child,
  duplicateValue,
  type FieldPath,
  forbiddenField,
  index,
  invalidValue,
  notSupported,
  requiredValue,
} from '../../kube/field-error.ts';
import { dnsSubdomainErrors, labelKeyErrors } from '../../kube/label-syntax.ts';
import type { KubeObject } from '../../kube/object.ts';
import { parseApiVersion } from '../../kube/resource.ts';
import type { StatusCause } from '../../kube/status.ts';
import { pathSegment } from '../builtin/validation/scalars.ts';
import { selectorCauses } from '../builtin/validation/selectors.ts';
import type { NamedExpression } from './expression-run.ts';
import type { MatchResources } from './match-resources.ts';
import type { ParamRef } from './policy-params.ts';
import { choice, conditionCauses, ExpressionChecker, matchResourcesCauses } from './validate-matching.ts';
import { label1035Errors } from './validate-webhooks.ts';
import type {
  PolicyValidation,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from './validating-policy.ts';

const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge'];
const ACTIONS = ['Audit', 'Deny', 'Warn'];
const NONE = 'validations or auditAnnotations must contain at least one item';

export interface PolicySpec {
  readonly failurePolicy?: string;
  readonly paramKind?: { readonly apiVersion?: string; readonly kind?: string };
  readonly matchConstraints?: MatchResources;
  readonly matchConditions?: readonly NamedExpression[];
  readonly variables?: readonly NamedExpression[];
}

export function validatingPolicyCauses(object: KubeObject): StatusCause[] {
  const { spec = {}, metadata } = object as Partial<ValidatingAdmissionPolicy>;
  const { validations = [], auditAnnotations = [] } = spec;
  const checker = checkerOf(spec);
  const wording = checkerOf(spec, false);
  return [
    ...policyCauses(spec, checker),
    ...(validations.length === 0 && auditAnnotations.length === 0
      ? [requiredValue('spec.validations', NONE), requiredValue('spec.auditAnnotations', NONE)]
      : []),
    ...validations.flatMap((one, at) => validationCauses(one, checker, wording, index('spec.validations', at))),
    ...auditAnnotations.flatMap(({ key, valueExpression }, at) => {
      const path = index('spec.auditAnnotations', at);
      const full = `${metadata?.name}/${key}`;
      const repeated = auditAnnotations.findIndex((one) => one.key === key) < at;
      return [
        ...labelKeyErrors(full).map((text) => invalidValue(child(path, 'key'), full, text)),
        ...(valueExpression.trim() === ''
          ? [requiredValue(child(path, 'valueExpression'), 'valueExpression is not specified')]
          : checker.causes(valueExpression.trim(), ['string', 'null'], child(path, 'valueExpression'))),
        ...(repeated ? [duplicateValue(child(path, 'key'), key)] : []),
      ];
    }),
  ];
}

export const checkerOf = ({ paramKind, variables = [] }: PolicySpec, authorizer = true): ExpressionChecker =>
  new ExpressionChecker({ params: paramKind !== undefined, variables: variables.length > 0, authorizer });

/** What both kinds of policies have. */
export function policyCauses(spec: PolicySpec, checker: ExpressionChecker): StatusCause[] {
  const { failurePolicy, paramKind, matchConstraints, matchConditions, variables = [] } = spec;
  const declared = { params: paramKind !== undefined, variables: false };
  return [
    ...choice(failurePolicy, ['Fail', 'Ignore'], 'spec.failurePolicy'),
    ...(paramKind === undefined ? [] : paramKindCauses(paramKind, 'spec.paramKind')),
    ...(matchConstraints === undefined
      ? [requiredValue('spec.matchConstraints')]
      : matchResourcesCauses(matchConstraints, 'spec.matchConstraints')),
    ...(matchConstraints !== undefined && (matchConstraints.resourceRules ?? []).length === 0
      ? [requiredValue('spec.matchConstraints.resourceRules')]
      : []),
    ...conditionCauses(matchConditions, declared, 'spec.matchConditions'),
    ...variables.flatMap(({ name, expression }, at) =>
      variableCauses(name, expression, checker, index('spec.variables', at)),
    ),
  ];
}

const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

function variableCauses(name: string, expression: string, checker: ExpressionChecker, path: FieldPath): StatusCause[] {
  const causes: StatusCause[] = [];
  if (name.trim() === '') causes.push(requiredValue(child(path, 'name'), 'name is not specified'));
  else if (!/^[_a-zA-Z][_a-zA-Z0-9]*$/.test(name) || RESERVED.has(name))
    causes.push(invalidValue(child(path, 'name'), name, 'must be a valid CEL identifier'));
  return expression.trim() === ''
    ? [...causes, requiredValue(child(path, 'expression'), 'expression is not specified')]
    : [...causes, ...checker.faults(expression, child(path, 'expression'))];
}

function validationCauses(
  { expression, message = '', messageExpression = '', reason }: PolicyValidation,
  checker: ExpressionChecker,
  /** Of what words the refusal: it may not ask the authorizer. */
  wording: ExpressionChecker,
  path: FieldPath,
): StatusCause[] {
  const at = (field: string): FieldPath => child(path, field);
  return [
    ...(expression.trim() === ''
      ? [requiredValue(at('expression'), 'expression is not specified')]
      : checker.causes(expression, ['bool'], at('expression'))),
    ...(messageExpression === ''
      ? []
      : messageExpression.trim() === ''
        ? [invalidValue(at('messageExpression'), messageExpression, 'must be non-empty if specified')]
        : wording.causes(messageExpression, ['string'], at('messageExpression'))),
    ...(message !== '' && message.trim() === ''
      ? [invalidValue(at('message'), message, 'must be non-empty if specified')]
      : /[\n\r]/.test(message.trim())
        ? [invalidValue(at('message'), message, 'must not contain line breaks')]
        : []),
    ...(reason === undefined || REASONS.includes(reason) ? [] : [notSupported(at('reason'), reason, REASONS)]),
  ];
}

function paramKindCauses(
  { apiVersion = '', kind = '' }: NonNullable<PolicySpec['paramKind']>,
  path: FieldPath,
): StatusCause[] {
  const at = child(path, 'apiVersion');
  const { group, version } = parseApiVersion(apiVersion);
  const groupErrors = group === '' ? [] : dnsSubdomainErrors(group);
  const versionErrors = label1035Errors(version);
  const kindErrors = label1035Errors(kind.toLowerCase());
  return [
    ...(apiVersion === ''
      ? [requiredValue(at)]
      : [
          ...(groupErrors.length > 0 ? [invalidValue(at, group, groupErrors.join(','))] : []),
          ...(version === ''
            ? [invalidValue(at, apiVersion, 'version must be specified')]
            : versionErrors.length > 0
              ? [invalidValue(at, version, versionErrors.join(','))]
              : []),
        ]),
    ...(kind === ''
      ? [requiredValue(child(path, 'kind'))]
      : kindErrors.length > 0
        ? [
            invalidValue(
              child(path, 'kind'),
              kind,
              `may have mixed case, but should otherwise match: ${kindErrors.join(',')}`,
            ),
          ]
        : []),
  ];
}

export function validatingBindingCauses(object: KubeObject): StatusCause[] {
  const { validationActions = [] } = (object as Partial<ValidatingAdmissionPolicyBinding>).spec ?? {};
  const path = 'spec.validationActions';
  return [
    ...bindingCauses(object),
    ...validationActions.flatMap((action, at) => [
      ...choice(action, ACTIONS, index(path, at)),
      ...(validationActions.indexOf(action) < at ? [duplicateValue(index(path, at), action)] : []),
    ]),
    ...(validationActions.includes('Deny') && validationActions.includes('Warn')
      ? [
          invalidValue(
            path,
            validationActions,
            'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
          ),
        ]
      : []),
    ...(validationActions.length === 0 ? [requiredValue(path)] : []),
  ];
}

/** What both kinds of bindings have. */
export function bindingCauses(object: KubeObject): StatusCause[] {
  const {
    policyName = '',
    paramRef,
    matchResources,
  } = (object.spec ?? {}) as {
    policyName?: string;
    paramRef?: ParamRef;
    matchResources?: MatchResources;
  };
  return [
    ...(policyName === ''
      ? [requiredValue('spec.policyName')]
      : dnsSubdomainErrors(policyName).map((text) => invalidValue('spec.policyName', policyName, text))),
    ...(paramRef === undefined ? [] : paramRefCauses(paramRef, 'spec.paramRef')),
    ...matchResourcesCauses(matchResources, 'spec.matchResources'),
  ];
}

function paramRefCauses({ name = '', selector, parameterNotFoundAction }: ParamRef, path: FieldPath): StatusCause[] {
  const both = 'name and selector are mutually exclusive';
  const named = name !== '' && selector !== undefined;
  return [
    ...(name === '' ? [] : pathSegment(name, child(path, 'name'))),
    ...(named ? [forbiddenField(child(path, 'name'), both)] : []),
    ...selectorCauses(selector, child(path, 'selector')),
    ...(named ? [forbiddenField(child(path, 'selector'), both)] : []),
    ...(name === '' && selector === undefined
      ? [requiredValue(path, 'one of name or selector must be specified')]
      : []),
    ...choice(parameterNotFoundAction || undefined, ['Deny', 'Allow'], child(path, 'parameterNotFoundAction')),
  ];
}
