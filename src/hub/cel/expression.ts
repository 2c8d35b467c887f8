/** One CEL expression: compiled against declared variables, run within a budget, its errors in cel-go's form. */

import type { Environment } from '@marcbachmann/cel-js';
import { TypeError as CelTypeError, EvaluationError, ParseError, type ParseResult } from '@marcbachmann/cel-js';
import { compilePattern } from '../schema/patterns.ts';
import { type Budget, BudgetExceeded } from './budget.ts';
import { MATCHES } from './library-strings.ts';

export interface Expression {
  readonly source: string;
  /** Type of the result as CEL names it; `dyn` where it depends on the values. */
  readonly type: string;
  /** Names of variables that it reads. */
  readonly variables: ReadonlySet<string>;
  /** Throws BudgetExceeded, or Error with cel-go's message. */
  run(variables: Readonly<Record<string, unknown>>, budget: Budget): unknown;
}

export type Compiled = { readonly expression: Expression } | { readonly fault: string };

/** Takes an environment with the variables declared; a fault is worded as `compilation failed: …`'s remainder. */
export function compileExpression(source: string, env: Environment): Compiled {
  let parsed: ParseResult;
  try {
    parsed = env.parse(source);
  } catch (error) {
    return { fault: compileFault(source, error, env) };
  }
  const variables = new Set<string>();
  const nodes = collectNodes(parsed.ast as unknown as Node, variables);
  const checked = parsed.check();
  if (!checked.valid) return { fault: compileFault(source, checked.error, env) };
  const argument = nodes.map((node) => literalArgumentFault(node)).find((one) => one !== undefined);
  if (argument !== undefined) return { fault: placed(source, argument.start, argument.fault) };
  const pattern = nodes.map(literalPattern).find((one) => one !== undefined && 'fault' in compilePattern(one.args));
  if (pattern !== undefined) return { fault: placed(source, pattern.start, 'invalid matches argument') };
  meter(nodes);
  return {
    expression: {
      source,
      type: checked.type ?? 'dyn',
      variables,
      run(values, budget) {
        const outer = current;
        current = budget;
        try {
          const result: unknown = parsed(values);
          // `exists` and `||` go on after an error, this one included.
          if (budget.exhausted) throw new BudgetExceeded();
          return result;
        } catch (error) {
          if (budget.exhausted) throw new BudgetExceeded();
          throw error instanceof EvaluationError ? new Error(runtimeFault(error), { cause: error }) : error;
        } finally {
          current = outer;
        }
      },
    },
  };
}

/** The budget of the evaluation that is running: evaluation is synchronous, so there is one at a time. */
let current: Budget | undefined;

interface Node {
  readonly op: string;
  args: unknown;
  evaluate: (evaluator: unknown, ast: unknown, context: unknown) => unknown;
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'op' in value && 'args' in value && 'evaluate' in value;

/** All nodes of a tree; `matches` is redirected to RE2 on the way. */
function collectNodes(root: Node, variables: Set<string>): Node[] {
  const nodes: Node[] = [];
  const pending: unknown[] = [root];
  while (pending.length > 0) {
    const value = pending.pop();
    if (Array.isArray(value)) pending.push(...(value as unknown[]));
    else if (isNode(value)) {
      nodes.push(value);
      if (value.op === 'id') variables.add(value.args as string);
      if (value.op === 'rcall' && Array.isArray(value.args) && value.args[0] === 'matches') value.args[0] = MATCHES;
      if (value.op !== 'value') pending.push(value.args);
    }
  }
  return nodes;
}

/** The argument of `matches` where it is written out: it is checked when the rule is made. */
function literalPattern(node: Node): (Node & { readonly args: string; readonly start: number }) | undefined {
  if (node.op !== 'rcall' || !Array.isArray(node.args) || node.args[0] !== MATCHES) return undefined;
  const argument: unknown = (node.args[2] as unknown[])[0];
  return isNode(argument) && argument.op === 'value' && typeof argument.args === 'string'
    ? (argument as never)
    : undefined;
}

const DURATION =
  /^[+-]?(?:0|(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))*$/;
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/** `duration` and `timestamp` of a text that is written out: checked when the rule is made. */
function literalArgumentFault(node: Node): { readonly start: number; readonly fault: string } | undefined {
  if (node.op !== 'call' || !Array.isArray(node.args)) return undefined;
  const [name, list] = node.args as [unknown, unknown];
  const argument: unknown = Array.isArray(list) && list.length === 1 ? list[0] : undefined;
  if (!isNode(argument) || argument.op !== 'value' || typeof argument.args !== 'string') return undefined;
  const { start } = argument as never as { start: number };
  if (name === 'duration' && !DURATION.test(argument.args)) return { start, fault: 'invalid duration argument' };
  if (name === 'timestamp' && !TIMESTAMP.test(argument.args)) return { start, fault: 'invalid timestamp argument' };
  return undefined;
}

/** Every evaluation of a node, also those within macros, costs a step. */
function meter(nodes: readonly Node[]): void {
  for (const node of nodes) {
    if (node.op === 'value') continue;
    const counted: Node['evaluate'] = (evaluator, ast, context) => {
      current?.spend();
      // On its first run a node chooses how it evaluates and writes that over this function.
      const result = inner.call(node, evaluator, ast, context);
      if (node.evaluate !== counted) {
        inner = node.evaluate;
        node.evaluate = counted;
      }
      return result;
    };
    let inner = node.evaluate;
    node.evaluate = counted;
  }
}

const WORDS: Readonly<Record<string, (summary: string) => string>> = {
  no_such_key: (summary) => `undefined field '${summary.replace(/^No such key: /, '')}'`,
  unknown_variable: (summary) =>
    `undeclared reference to '${summary.replace(/^Unknown variable: /, '')}' (in container '')`,
  no_such_overload: (summary) => {
    const match = /^no such overload: (.+) (\S+) (.+)$/.exec(summary);
    return match ? `found no matching overload for '_${match[2]}_' applied to '(${match[1]}, ${match[3]})'` : summary;
  },
};

/** `ERROR: <input>:1:6: undefined field 'x'`, the line and a mark below it. */
function compileFault(source: string, error: unknown, env: Environment): string {
  if (!(error instanceof ParseError || error instanceof CelTypeError || error instanceof EvaluationError)) {
    return `ERROR: <input>:1:1: ${(error as Error).message}`;
  }
  const start = faultPosition(source, error);
  const words =
    error instanceof ParseError
      ? `Syntax error: ${error.summary}`
      : (callFault(error, env) ?? WORDS[error.code]?.(error.summary) ?? error.summary);
  return placed(source, start, words);
}

function placed(source: string, start: number, words: string): string {
  const before = source.slice(0, start);
  const line = before.split('\n').length;
  const column = start - (before.lastIndexOf('\n') + 1);
  const text = source.split('\n')[line - 1] ?? '';
  return `ERROR: <input>:${line}:${column + 1}: ${words}\n | ${text}\n | ${'.'.repeat(column)}^`;
}

/** cel-go tells a function that is not there from one that does not take such arguments. */
function callFault(
  { code, summary }: ParseError | CelTypeError | EvaluationError,
  env: Environment,
): string | undefined {
  const match = code === 'no_matching_overload' ? /'(?:(.+)\.)?(\w+)\((.*)\)'$/.exec(summary) : null;
  if (match === null) return undefined;
  const [, receiver, called = '', given] = match;
  const name = called === MATCHES ? 'matches' : called;
  if (!env.getDefinitions().functions.some((known) => known.name === called)) {
    return `undeclared reference to '${name}' (in container '')`;
  }
  return `found no matching overload for '${name}' applied to '${receiver === undefined ? '' : `${receiver}.`}(${given})'`;
}

/** cel-go marks a selection at its dot, an operation at its operator, a call at its parenthesis. */
function faultPosition(source: string, error: ParseError | CelTypeError | EvaluationError): number {
  const { range } = error;
  const start = range?.start ?? 0;
  if (error.code === 'no_such_key' && source[start - 1] === '.') return start - 1;
  const node = error.node as unknown;
  if (!isNode(node) || !Array.isArray(node.args)) return start;
  const [first, second] = node.args as [{ end?: number }, { end?: number }];
  const after = (text: RegExp, from: number): number => from + (text.exec(source.slice(from))?.index ?? 0);
  if (node.op === 'call') return after(/\(/, start);
  if (node.op === 'rcall') return after(/\(/, second.end ?? start);
  return error.code === 'no_such_overload' && first.end !== undefined ? after(/[^\s)]/, first.end) : start;
}

function runtimeFault(error: EvaluationError): string {
  if (error.code === 'no_such_key') return error.summary.replace(/^No such key: /, 'no such key: ');
  return error.summary ?? error.message;
}
