/** Expressions of policies and match conditions over one request: compiled once per declaration, run within one budget. */
import type { Json, KubeObject } from '../../kube/object.ts';
import { Budget, BudgetExceeded } from '../cel/budget.ts';
import { newEnvironment } from '../cel/environment.ts';
import { type Compiled, compileExpression } from '../cel/expression.ts';
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
}

/** A compiler of expressions in which what is declared may be named. */
export function expressionCompiler({ params, variables, patches = false }: Declared): (source: string) => Compiled {
  const env = newEnvironment();
  for (const name of ['object', 'oldObject', 'request', 'namespaceObject']) env.registerVariable(name, 'dyn');
  if (params) env.registerVariable('params', 'dyn');
  if (variables) env.registerVariable('variables', 'dyn');
  if (!patches) return (source) => compileExpression(source.trim(), env);
  registerJsonPatch(env);
  return (source) => {
    const rewritten = rewriteObjectLiterals(source.trim());
    return 'fault' in rewritten ? rewritten : compileExpression(rewritten.source, env);
  };
}

export class ExpressionRun {
  readonly values: Readonly<Record<string, unknown>>;
  private readonly budget = new Budget();

  /** `variables`: by name, computed when first read. */
  constructor(
    request: PolicyRequest,
    params: KubeObject | null | undefined,
    variables: ReadonlyMap<string, SourceAndCompiled>,
  ) {
    const value = (object: KubeObject | null | undefined): unknown => toDyn((object ?? null) as Json);
    this.values = {
      object: value(request.object),
      oldObject: value(request.oldObject),
      request: toDyn(requestValue(request)),
      params: value(params),
      namespaceObject: value(request.namespaceObject),
      variables: this.lazily(variables),
    };
  }

  evaluate({ source, compiled }: SourceAndCompiled): Outcome {
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
