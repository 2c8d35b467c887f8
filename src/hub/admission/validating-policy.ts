/**
 * ValidatingAdmissionPolicy: what policies and their bindings say of a request
 * (apiserver `admission/plugin/policy/validating`). Pure: policies, bindings and parameters are passed in.
 * The variable `authorizer` and audit annotations are not offered.
 */
import type { KubeObject } from '../../kube/object.ts';
import { ApiError, forbidden } from '../../kube/status.ts';
import type { LabelSelector } from '../kinds/workload.ts';
import { ExpressionRun, expressionCompiler, type SourceAndCompiled } from './expression-run.ts';
import { type MatchResources, matchesResources } from './match-resources.ts';
import type { PolicyRequest } from './policy-request.ts';

export interface ValidatingAdmissionPolicy extends KubeObject {
  spec: {
    readonly paramKind?: { readonly apiVersion: string; readonly kind: string };
    readonly matchConstraints?: MatchResources;
    readonly matchConditions?: readonly { readonly name: string; readonly expression: string }[];
    readonly variables?: readonly { readonly name: string; readonly expression: string }[];
    readonly validations?: readonly PolicyValidation[];
    readonly auditAnnotations?: readonly { readonly key: string; readonly valueExpression: string }[];
    readonly failurePolicy?: 'Fail' | 'Ignore';
  };
}

export interface PolicyValidation {
  readonly expression: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
}

export interface ParamRef {
  readonly name?: string;
  readonly namespace?: string;
  readonly selector?: LabelSelector;
  readonly parameterNotFoundAction?: 'Allow' | 'Deny';
}

export interface ValidatingAdmissionPolicyBinding extends KubeObject {
  spec: {
    readonly policyName: string;
    readonly paramRef?: ParamRef;
    readonly matchResources?: MatchResources;
    readonly validationActions?: readonly ('Deny' | 'Warn' | 'Audit')[];
  };
}

/** The parameter objects that a binding refers to; none where there are none. Namespaced kinds default to the request's. */
export type FindParams = (
  kind: { readonly apiVersion: string; readonly kind: string },
  ref: ParamRef,
  namespace: string,
) => readonly KubeObject[];

/** Throws ApiError where a policy denies; answers the warnings to send. */
export function admitByPolicies(
  policies: readonly ValidatingAdmissionPolicy[],
  bindings: readonly ValidatingAdmissionPolicyBinding[],
  request: PolicyRequest,
  findParams: FindParams,
): readonly string[] {
  const warnings: string[] = [];
  for (const policy of policies) {
    if (!matchesResources(policy.spec.matchConstraints, request)) continue;
    for (const binding of bindings) {
      if (binding.spec.policyName !== policy.metadata.name || !matchesResources(binding.spec.matchResources, request))
        continue;
      for (const decision of decisionsOf(policy, binding, request, findParams)) {
        const who = `ValidatingAdmissionPolicy '${policy.metadata.name}' with binding '${binding.metadata.name}'`;
        const actions = binding.spec.validationActions ?? [];
        if (actions.includes('Deny'))
          throw denial(request, `${who} denied request: ${decision.message}`, decision.reason);
        if (actions.includes('Warn')) warnings.push(`Validation failed for ${who}: ${decision.message}`);
      }
    }
  }
  return warnings;
}

interface Decision {
  readonly message: string;
  readonly reason: string | undefined;
}

function decisionsOf(
  policy: ValidatingAdmissionPolicy,
  binding: ValidatingAdmissionPolicyBinding,
  request: PolicyRequest,
  findParams: FindParams,
): Decision[] {
  const { paramKind } = policy.spec;
  const ref = binding.spec.paramRef;
  if (paramKind === undefined) return evaluatePolicy(policy, undefined, request);
  // A policy with parameters, bound without: they are null.
  if (ref === undefined) return evaluatePolicy(policy, null, request);
  const params = findParams(paramKind, ref, request.namespace);
  if (params.length > 0) return params.flatMap((param) => evaluatePolicy(policy, param, request));
  if (ref.parameterNotFoundAction !== 'Deny' || policy.spec.failurePolicy === 'Ignore') return [];
  return [
    {
      message: 'failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction',
      reason: undefined,
    },
  ];
}

interface CompiledPolicy {
  readonly conditions: readonly SourceAndCompiled[];
  readonly variables: ReadonlyMap<string, SourceAndCompiled>;
  readonly validations: readonly {
    readonly validation: PolicyValidation;
    readonly expression: SourceAndCompiled;
    readonly message: SourceAndCompiled | undefined;
  }[];
}

/** Policies are immutable once stored: a changed one is another object. */
const compiledPolicies = new WeakMap<ValidatingAdmissionPolicy, CompiledPolicy>();

function compilePolicy(policy: ValidatingAdmissionPolicy): CompiledPolicy {
  let compiled = compiledPolicies.get(policy);
  if (compiled === undefined) {
    const compiler = expressionCompiler({ params: true, variables: true });
    const compile = (source: string): SourceAndCompiled => ({ source, compiled: compiler(source) });
    const { matchConditions = [], variables = [], validations = [] } = policy.spec;
    compiled = {
      conditions: matchConditions.map(({ expression }) => compile(expression)),
      variables: new Map(variables.map(({ name, expression }) => [name, compile(expression)])),
      validations: validations.map((validation) => ({
        validation,
        expression: compile(validation.expression),
        message: validation.messageExpression ? compile(validation.messageExpression) : undefined,
      })),
    };
    compiledPolicies.set(policy, compiled);
  }
  return compiled;
}

/** Faults of the request in the eyes of one policy; none: admitted. `params` is undefined for policies that take none. */
export function evaluatePolicy(
  policy: ValidatingAdmissionPolicy,
  params: KubeObject | null | undefined,
  request: PolicyRequest,
): Decision[] {
  const compiled = compilePolicy(policy);
  const run = new ExpressionRun(request, params, compiled.variables);
  const onError = (message: string): Decision[] =>
    policy.spec.failurePolicy === 'Ignore' ? [] : [{ message, reason: undefined }];
  const matched = run.conditions(compiled.conditions);
  if (matched === 'no match') return [];
  if (matched !== 'match') return onError(matched.error);
  return compiled.validations.flatMap(({ validation, expression, message }): Decision[] => {
    const outcome = run.evaluate(expression);
    if ('error' in outcome) return onError(outcome.error);
    if (outcome.value === true) return [];
    return [{ message: messageOf(run, validation, message), reason: validation.reason ?? 'Invalid' }];
  });
}

function messageOf(
  run: ExpressionRun,
  { message, expression }: PolicyValidation,
  computed: SourceAndCompiled | undefined,
): string {
  const outcome = computed && run.evaluate(computed);
  const text = outcome && 'value' in outcome && typeof outcome.value === 'string' ? outcome.value.trim() : '';
  if (text !== '' && !text.includes('\n') && Buffer.byteLength(text) <= 5 * 1024) return text;
  return message?.trim() || `failed expression: ${expression.trim()}`;
}

const REASON_CODES: Readonly<Record<string, number>> = {
  Forbidden: 403,
  Unauthorized: 401,
  RequestEntityTooLarge: 413,
  Invalid: 422,
};

function denial({ resource, name }: PolicyRequest, message: string, reason = 'Invalid'): ApiError {
  const { status } = forbidden(resource, name, message);
  const details = { ...status.details, causes: [...(status.details?.causes ?? []), { message }] };
  return new ApiError(REASON_CODES[reason] ?? 422, reason, status.message ?? '', details);
}
