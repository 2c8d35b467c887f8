/** Expressions of policies and match conditions over one request: compiled once per declaration, run within one budget. */
import type { Json, KubeObject } from '../../kube/object.ts';
import { Budget, BudgetExceeded } from '../cel/budget.ts';
import { newEnvironment } from '../cel/environment.ts';
import { type Compiled, compileExpression } from '../cel/expression.ts';
import { AuthorizerValue, type Decide, registerAuthorizer } from '../cel/library-authorizer.ts';
import { registerJsonPatch } from '../cel/library-json-patch.ts';
import { rewriteObjectLiterals } from '../cel/object-literals.ts';
import { toDyn } from '../cel/values.ts';
import { type PolicyRequest, requestValue } from './policy-request.ts';

export interface NamedExpression {
  readonly name: string;
  readonly expression: string;
}

export interface SourceAndCompiled {
  readonly source: string;
  readonly compiled: Compiled;
}

export type Outcome = { readonly value: unknown } | { readonly error: string };

/** `params` is a name only where the policy takes parameters; webhooks have neither those nor variables. */
export interface Declared {
  readonly params: boolean;
  readonly variables: boolean;
  /** Expressions that make objects and patches. */
  readonly patches?: boolean;
  /** Default true: all but those that word a refusal. */
  readonly authorizer?: boolean;
}

/** A compiler of expressions in which what is declared may be named. */
export function expressionCompiler({
  params,
  variables,
  patches = false,
  authorizer = true,
}: Declared): (source: string) => Compiled {
  const env = newEnvironment();
  for (const name of ['object', 'oldObject', 'request', 'namespaceObject']) env.registerVariable(name, 'dyn');
  if (authorizer) registerAuthorizer(env);
  if (params) env.registerVariable('params', 'dyn');
  if (variables) env.registerVariable('variables', 'dyn');
  if (!patches) return (source) => compileExpression(source.trim(), env);
  registerJsonPatch(env);
  return (source) => {
    const rewritten = rewriteObjectLiterals(source.trim());
    return 'fault' in rewritten ? rewritten : compileExpression(rewritten.source, env);
  };
}

/** A check costs 350,000 of the 1,000,000 that one expression may (celconfig.PerCallLimit). */
const MAX_CHECKS = 2;
const TOO_MANY = 'operation cancelled: actual cost limit exceeded';

export class ExpressionRun {
  readonly values: Readonly<Record<string, unknown>>;
  private readonly budget = new Budget();
  /** Of the expression that is running. */
  private checks = 0;

  /** `variables`: by name, computed when first read. */
  constructor(
    request: PolicyRequest,
    params: KubeObject | null | undefined,
    variables: ReadonlyMap<string, SourceAndCompiled>,
    decide: Decide,
  ) {
    const value = (object: KubeObject | null | undefined): unknown => toDyn((object ?? null) as Json);
    this.values = {
      object: value(request.object),
      oldObject: value(request.oldObject),
      request: toDyn(requestValue(request)),
      params: value(params),
      namespaceObject: value(request.namespaceObject),
      variables: this.lazily(variables),
      authorizer: new AuthorizerValue(request.user, this.counted(decide), {
        group: request.resource.group,
        resource: request.resource.resource,
        subresource: request.subresource,
        namespace: request.namespace,
        name: request.name,
      }),
    };
  }

  evaluate({ source, compiled }: SourceAndCompiled): Outcome {
    if ('fault' in compiled) return { error: `compilation failed: ${compiled.fault}` };
    const outer = this.checks;
    this.checks = 0;
    try {
      const value = compiled.expression.run(this.values, this.budget);
      // `all` and `||` go on after an error, this one included.
      if (this.checks > MAX_CHECKS) throw new Error(TOO_MANY);
      return { value };
    } catch (error) {
      if (error instanceof BudgetExceeded)
        return {
          error: 'validation failed due to running out of cost budget, no further validation rules will be run',
        };
      return { error: `expression '${source}' resulted in error: ${(error as Error).message}` };
    } finally {
      this.checks = outer;
    }
  }

  private counted(decide: Decide): Decide {
    return (question) => {
      this.checks += 1;
      if (this.checks > MAX_CHECKS) throw new Error(TOO_MANY);
      return decide(question);
    };
  }

  /** Any condition that is false decides; else errors do. */
  conditions(conditions: readonly SourceAndCompiled[]): 'match' | 'no match' | { readonly error: string } {
    const errors: string[] = [];
    for (const condition of conditions) {
      const outcome = this.evaluate(condition);
      if ('error' in outcome) errors.push(outcome.error);
      else if (outcome.value === false) return 'no match';
    }
    if (errors.length === 0) return 'match';
    return { error: errors.length === 1 ? (errors[0] as string) : `[${errors.join(', ')}]` };
  }

  private lazily(variables: ReadonlyMap<string, SourceAndCompiled>): object {
    const values = {};
    for (const [name, variable] of variables) {
      const get = (): unknown => {
        const outcome = this.evaluate(variable);
        if ('error' in outcome) throw new Error(`composited variable "${name}" fails to evaluate: ${outcome.error}`);
        Object.defineProperty(values, name, { value: outcome.value });
        return outcome.value;
      };
      Object.defineProperty(values, name, { get, enumerable: true, configurable: true });
    }
    return values;
  }
}
