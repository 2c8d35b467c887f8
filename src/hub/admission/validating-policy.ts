/**
 * ValidatingAdmissionPolicy: what policies and their bindings say of a request
 * (apiserver `admission/plugin/policy/validating`). Pure: policies, bindings and parameters are passed in.
 * The variable `authorizer` and audit annotations are not offered.
 */
import type { Json, KubeObject } from '../../kube/object.ts';
import { ApiError, forbidden } from '../../kube/status.ts';
import { Budget, BudgetExceeded } from '../cel/budget.ts';
import { newEnvironment } from '../cel/environment.ts';
import { type Compiled, compileExpression } from '../cel/expression.ts';
import { toDyn } from '../cel/values.ts';
import type { LabelSelector } from '../kinds/workload.ts';
import { type MatchResources, matchesResources } from './match-resources.ts';
import { type PolicyRequest, requestValue } from './policy-request.ts';

export interface ValidatingAdmissionPolicy extends KubeObject {
  spec: {
    readonly paramKind?: { readonly apiVersion: string; readonly kind: string };
    readonly matchConstraints?: MatchResources;
    readonly matchConditions?: readonly { readonly name: string; readonly expression: string }[];
    readonly variables?: readonly { readonly name: string; readonly expression: string }[];
    readonly validations?: readonly PolicyValidation[];
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
  readonly conditions: readonly { readonly source: string; readonly compiled: Compiled }[];
  readonly variables: ReadonlyMap<string, { readonly source: string; readonly compiled: Compiled }>;
  readonly validations: readonly {
    readonly validation: PolicyValidation;
    readonly compiled: Compiled;
    readonly message: Compiled | undefined;
  }[];
}

/** Policies are immutable once stored: a changed one is another object. */
const compiledPolicies = new WeakMap<ValidatingAdmissionPolicy, CompiledPolicy>();

const VARIABLES = ['object', 'oldObject', 'request', 'params', 'namespaceObject', 'variables'];

function compilePolicy(policy: ValidatingAdmissionPolicy): CompiledPolicy {
  let compiled = compiledPolicies.get(policy);
  if (compiled === undefined) {
    const env = newEnvironment();
    for (const name of VARIABLES) env.registerVariable(name, 'dyn');
    const compile = (source: string): Compiled => compileExpression(source.trim(), env);
    const { matchConditions = [], variables = [], validations = [] } = policy.spec;
    compiled = {
      conditions: matchConditions.map(({ expression }) => ({ source: expression, compiled: compile(expression) })),
      variables: new Map(
        variables.map(({ name, expression }) => [name, { source: expression, compiled: compile(expression) }]),
      ),
      validations: validations.map((validation) => ({
        validation,
        compiled: compile(validation.expression),
        message: validation.messageExpression ? compile(validation.messageExpression) : undefined,
      })),
    };
    compiledPolicies.set(policy, compiled);
  }
  return compiled;
}

/** What does not compile, by expression: for the policy's author. */
export function policyFaults(policy: ValidatingAdmissionPolicy): { expression: string; fault: string }[] {
  const { conditions, variables, validations } = compilePolicy(policy);
  return [
    ...conditions,
    ...variables.values(),
    ...validations.map(({ validation, compiled }) => ({ source: validation.expression, compiled })),
    ...validations.flatMap(({ validation, message }) =>
      message ? [{ source: validation.messageExpression ?? '', compiled: message }] : [],
    ),
  ].flatMap(({ source, compiled }) => ('fault' in compiled ? [{ expression: source, fault: compiled.fault }] : []));
}

/** Faults of the request in the eyes of one policy; none: admitted. `params` is undefined for policies that take none. */
export function evaluatePolicy(
  policy: ValidatingAdmissionPolicy,
  params: KubeObject | null | undefined,
  request: PolicyRequest,
): Decision[] {
  const compiled = compilePolicy(policy);
  const run = new PolicyRun(compiled, params, request);
  const onError = (message: string): Decision[] =>
    policy.spec.failurePolicy === 'Ignore' ? [] : [{ message, reason: undefined }];
  const errors: string[] = [];
  for (const { source, compiled: condition } of compiled.conditions) {
    const outcome = run.evaluate(source, condition);
    if ('error' in outcome) errors.push(outcome.error);
    else if (outcome.value === false) return [];
  }
  if (errors.length > 0) return onError(errors.length === 1 ? (errors[0] as string) : `[${errors.join(', ')}]`);
  return compiled.validations.flatMap(({ validation, compiled: expression, message }): Decision[] => {
    const outcome = run.evaluate(validation.expression, expression);
    if ('error' in outcome) return onError(outcome.error);
    if (outcome.value === true) return [];
    return [{ message: run.message(validation, message), reason: validation.reason ?? 'Invalid' }];
  });
}

type Outcome = { readonly value: unknown } | { readonly error: string };

class PolicyRun {
  private readonly budget = new Budget();
  private readonly values: Readonly<Record<string, unknown>>;

  constructor(policy: CompiledPolicy, params: KubeObject | null | undefined, request: PolicyRequest) {
    const value = (object: KubeObject | null | undefined): unknown => toDyn((object ?? null) as Json);
    this.values = {
      object: value(request.object),
      oldObject: value(request.oldObject),
      request: toDyn(requestValue(request)),
      params: value(params),
      namespaceObject: value(request.namespaceObject),
      variables: lazyVariables(policy, this),
    };
  }

  evaluate(source: string, compiled: Compiled): Outcome {
    if ('fault' in compiled) return { error: `compilation failed: ${compiled.fault}` };
    try {
      return { value: compiled.expression.run(this.values, this.budget) };
    } catch (error) {
      if (error instanceof BudgetExceeded)
        return {
          error: 'validation failed due to running out of cost budget, no further validation rules will be run',
        };
      return { error: `expression '${source}' resulted in error: ${(error as Error).message}` };
    }
  }

  message({ message, expression }: PolicyValidation, compiled: Compiled | undefined): string {
    const outcome = compiled === undefined ? undefined : this.evaluate('', compiled);
    const text = outcome && 'value' in outcome && typeof outcome.value === 'string' ? outcome.value.trim() : '';
    if (text !== '' && !text.includes('\n') && Buffer.byteLength(text) <= 5 * 1024) return text;
    return message?.trim() || `failed expression: ${expression.trim()}`;
  }
}

/** `variables.<name>`: computed when first read, once. */
function lazyVariables({ variables }: CompiledPolicy, run: PolicyRun): object {
  const values = {};
  for (const [name, { source, compiled }] of variables) {
    const get = (): unknown => {
      const outcome = run.evaluate(source, compiled);
      if ('error' in outcome) throw new Error(`composited variable "${name}" fails to evaluate: ${outcome.error}`);
      Object.defineProperty(values, name, { value: outcome.value });
      return outcome.value;
    };
    Object.defineProperty(values, name, { get, enumerable: true, configurable: true });
  }
  return values;
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
