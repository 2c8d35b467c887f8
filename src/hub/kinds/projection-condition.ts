/** The CEL condition of a ResourceProjection: `object` as the view has it, `cluster.name`, `cluster.labels`, `workspace`. */
import type { Json, KubeObject } from '../../kube/object.ts';
import { Budget, type BudgetLimits } from '../cel/budget.ts';
import { newEnvironment } from '../cel/environment.ts';
import { compileExpression } from '../cel/expression.ts';
import { toDyn } from '../cel/values.ts';

export interface ConditionValues {
  readonly object: KubeObject;
  readonly cluster: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly workspace: string;
}

/** Throws Error with why it has no answer for these values: what it names is missing, or it costs too much. */
export type ProjectionCondition = (values: ConditionValues) => boolean;

/** One object of a list of thousands: a condition that needs more would hold up everybody. */
const LIMITS: BudgetLimits = { steps: 20_000, milliseconds: 20 };

/** `fault` in cel-go's words, with the line and a mark below it. */
export function compileCondition(
  source: string,
): { readonly condition: ProjectionCondition } | { readonly fault: string } {
  const env = newEnvironment();
  env.registerVariable('object', 'dyn');
  env.registerVariable('cluster', 'dyn');
  env.registerVariable('workspace', 'string');
  const compiled = compileExpression(source.trim(), env);
  if ('fault' in compiled) return { fault: `compilation failed: ${compiled.fault}` };
  const { expression } = compiled;
  if (expression.type !== 'bool' && expression.type !== 'dyn') return { fault: 'must evaluate to bool' };
  return {
    condition({ object, cluster, workspace }) {
      const values = {
        object: toDyn(object as unknown as Json),
        cluster: toDyn(cluster as unknown as Json),
        workspace,
      };
      const answer = expression.run(values, new Budget(LIMITS));
      if (typeof answer !== 'boolean') throw new Error('it is no bool');
      return answer;
    },
  };
}
