/**
 * ValidatingAdmissionPolicy: what policies and their bindings say of a request
 * (apiserver `admission/plugin/policy/validating`). Pure: policies, bindings and parameters are passed in.
 */
import type { KubeObject } from '../../kube/object.ts';
import { ApiError, forbidden } from '../../kube/status.ts';
import type { Decide } from '../cel/library-authorizer.ts';
import { ExpressionRun, expressionCompiler, type SourceAndCompiled } from './expression-run.ts';
import type { MatchResources } from './match-resources.ts';
import type { ParamRef, Params } from './policy-params.ts';
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

export interface ValidatingAdmissionPolicyBinding extends KubeObject {
  spec: {
    readonly policyName: string;
    readonly paramRef?: ParamRef;
    readonly matchResources?: MatchResources;
    readonly validationActions?: readonly ('Deny' | 'Warn' | 'Audit')[];
  };
}

/** A binding that concerns the request, with what it gives its policy. */
export interface BoundParams {
  readonly binding: ValidatingAdmissionPolicyBinding;
  readonly params: Params;
}

/** A policy that concerns the request, which is in the version that the policy asks for. */
export interface ConcernedPolicy {
  readonly policy: ValidatingAdmissionPolicy;
  readonly bindings: readonly BoundParams[];
  readonly request: PolicyRequest;
}

export interface PolicyVerdict {
  readonly denial: ApiError | undefined;
  readonly warnings: readonly string[];
  /** For the request's audit record. */
  readonly annotations: Readonly<Record<string, string>>;
}

const VALIDATION_FAILURE = 'validation.policy.admission.k8s.io/validation_failure';
const MAX_FAILURES = 50;
const MAX_ANNOTATION_BYTES = 10 * 1024;

/** All policies speak before any denial counts. Throws only what `decide` throws. */
export function judgeByPolicies(concerned: readonly ConcernedPolicy[], decide: Decide): PolicyVerdict {
  const warnings: string[] = [];
  const failures: object[] = [];
  const annotations: Record<string, string> = {};
  let denial: ApiError | undefined;
  for (const { policy, bindings, request } of concerned) {
    const name = policy.metadata.name ?? '';
    const published = new Map<string, Set<string>>();
    for (const { binding, params } of bindings) {
      const bindingName = binding.metadata.name ?? '';
      const actions = binding.spec.validationActions ?? [];
      const whole = `ValidatingAdmissionPolicy '${name}'`;
      const who = `${whole} with binding '${bindingName}'`;
      if ('fault' in params) {
        if (policy.spec.failurePolicy === 'Ignore') continue;
        const by = params.of === 'policy' ? whole : who;
        denial ??= denied(request, `${by} denied request: failed to configure ${params.of}: ${params.fault}`);
        continue;
      }
      for (const param of params) {
        const { decisions, audit } = evaluatePolicy(policy, param, request, decide);
        for (const { index, message, reason } of decisions) {
          if (actions.includes('Deny')) denial ??= denied(request, `${who} denied request: ${message}`, reason);
          if (actions.includes('Audit'))
            failures.push({
              message,
              policy: binding.spec.policyName,
              binding: bindingName,
              expressionIndex: index,
              validationActions: actions,
            });
          if (actions.includes('Warn')) warnings.push(`Validation failed for ${who}: ${message}`);
        }
        for (const one of audit) {
          if ('error' in one) denial ??= denied(request, `${who} denied request: ${one.error}`);
          else published.set(one.key, (published.get(one.key) ?? new Set()).add(one.value));
        }
      }
    }
    for (const [key, values] of published) annotations[`${name}/${key}`] = [...values].join(', ');
  }
  if (failures.length > 0) annotations[VALIDATION_FAILURE] = JSON.stringify(failures.slice(0, MAX_FAILURES));
  return { denial, warnings, annotations };
}

interface Decision {
  /** Of the validation. */
  readonly index: number;
  readonly message: string;
  readonly reason: string | undefined;
}

type AuditAnnotation = { readonly key: string; readonly value: string } | { readonly error: string };

export interface Evaluated {
  readonly decisions: readonly Decision[];
  readonly audit: readonly AuditAnnotation[];
}

interface CompiledPolicy {
  readonly conditions: readonly SourceAndCompiled[];
  readonly variables: ReadonlyMap<string, SourceAndCompiled>;
  readonly validations: readonly {
    readonly validation: PolicyValidation;
    readonly expression: SourceAndCompiled;
    readonly message: SourceAndCompiled | undefined;
  }[];
  readonly audit: readonly { readonly key: string; readonly value: SourceAndCompiled }[];
}

/** Policies are immutable once stored: a changed one is another object. */
const compiledPolicies = new WeakMap<ValidatingAdmissionPolicy, CompiledPolicy>();

function compilePolicy(policy: ValidatingAdmissionPolicy): CompiledPolicy {
  let compiled = compiledPolicies.get(policy);
  if (compiled === undefined) {
    const compiler = expressionCompiler({ params: true, variables: true });
    const compile = (source: string): SourceAndCompiled => ({ source, compiled: compiler(source) });
    const wording = expressionCompiler({ params: true, variables: true, authorizer: false });
    const word = (source: string): SourceAndCompiled => ({ source, compiled: wording(source) });
    const { matchConditions = [], variables = [], validations = [], auditAnnotations = [] } = policy.spec;
    compiled = {
      conditions: matchConditions.map(({ expression }) => compile(expression)),
      variables: new Map(variables.map(({ name, expression }) => [name, compile(expression)])),
      validations: validations.map((validation) => ({
        validation,
        expression: compile(validation.expression),
        message: validation.messageExpression ? word(validation.messageExpression) : undefined,
      })),
      audit: auditAnnotations.map(({ key, valueExpression }) => ({ key, value: compile(valueExpression) })),
    };
    compiledPolicies.set(policy, compiled);
  }
  return compiled;
}

/** What one policy says of the request. `params` is undefined for policies that take none. */
export function evaluatePolicy(
  policy: ValidatingAdmissionPolicy,
  params: KubeObject | null | undefined,
  request: PolicyRequest,
  decide: Decide,
): Evaluated {
  const compiled = compilePolicy(policy);
  const run = new ExpressionRun(request, params, compiled.variables, decide);
  const ignores = policy.spec.failurePolicy === 'Ignore';
  const onError = (index: number, message: string): Decision[] =>
    ignores ? [] : [{ index, message, reason: undefined }];
  const matched = run.conditions(compiled.conditions);
  if (matched === 'no match') return { decisions: [], audit: [] };
  if (matched !== 'match') return { decisions: onError(0, matched.error), audit: [] };
  const decisions = compiled.validations.flatMap(({ validation, expression, message }, index): Decision[] => {
    const outcome = run.evaluate(expression);
    if ('error' in outcome) return onError(index, outcome.error);
    if (outcome.value === true) return [];
    return [{ index, message: messageOf(run, validation, message), reason: validation.reason ?? 'Invalid' }];
  });
  const audit = compiled.audit.flatMap(({ key, value }): AuditAnnotation[] => {
    const outcome = run.evaluate(value);
    if ('error' in outcome) return ignores ? [] : [{ error: outcome.error }];
    const text = typeof outcome.value === 'string' ? outcome.value.trim() : '';
    return text === '' ? [] : [{ key, value: clipped(text) }];
  });
  return { decisions, audit };
}

const clipped = (text: string): string =>
  Buffer.byteLength(text) <= MAX_ANNOTATION_BYTES
    ? text
    : Buffer.from(text).subarray(0, MAX_ANNOTATION_BYTES).toString();

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

function denied({ resource, name }: PolicyRequest, message: string, reason = 'Invalid'): ApiError {
  const { status } = forbidden(resource, name, message);
  const details = { ...status.details, causes: [...(status.details?.causes ?? []), { message }] };
  return new ApiError(REASON_CODES[reason] ?? 422, reason, status.message ?? '', details);
}
