/** `x-kubernetes-validations`: compiled with the schema, held against values (apiextensions `schema/cel`). */
import { Optional } from '@marcbachmann/cel-js';
import {
  child,
  duplicateValue,
  type FieldPath,
  forbiddenField,
  goJson,
  index,
  invalidValue,
  requiredValue,
} from '../../kube/field-error.ts';
import type { Json } from '../../kube/object.ts';
import type { Schema, TypeSchema, ValidationRule } from '../../kube/schema.ts';
import type { StatusCause } from '../../kube/status.ts';
import { deepEqual, getKey, isMap, type JsonMap } from '../patch/json-value.ts';
import { Budget, BudgetExceeded } from './budget.ts';
import { newEnvironment } from './environment.ts';
import { compileExpression, type Expression } from './expression.ts';
import { SchemaTypes } from './schema-types.ts';
import { type Shape, toCel, typeName } from './values.ts';

interface CompiledRule {
  readonly rule: ValidationRule;
  readonly expression: Expression | undefined;
  readonly message: Expression | undefined;
  readonly usesOldSelf: boolean;
  /** For the schema's author: where and why it does not compile. */
  readonly faults: readonly { readonly field: string; readonly detail: string }[];
}

interface CompiledNode {
  readonly shape: Shape;
  readonly rules: readonly CompiledRule[];
  readonly fields: ReadonlyMap<string, CompiledNode>;
  /** Of list items or of a map's values. */
  readonly element: CompiledNode | undefined;
  readonly schema: Schema;
}

const compiledRoots = new WeakMap<Schema, CompiledNode | null>();

/** Null where the schema has no rules at all, so that objects without any cost nothing. */
function compiledRoot(schema: Schema): CompiledNode | undefined {
  let root = compiledRoots.get(schema);
  if (root === undefined) {
    root = hasRules(schema) ? compile(schema) : null;
    compiledRoots.set(schema, root);
  }
  return root ?? undefined;
}

const children = (schema: Schema): Schema[] => [
  ...Object.values(schema.properties ?? {}),
  ...(typeof schema.additionalProperties === 'object' ? [schema.additionalProperties] : []),
  ...(schema.items ? [schema.items] : []),
];

const hasRules = (schema: Schema): boolean =>
  (schema['x-kubernetes-validations']?.length ?? 0) > 0 || children(schema).some(hasRules);

function compile(root: Schema): CompiledNode {
  const env = newEnvironment();
  const types = new SchemaTypes(env);
  // All types are declared before the first copy of the environment is made.
  types.shape(root, true);
  const declareAll = (schema: Schema): void => {
    types.shape(schema);
    children(schema).forEach(declareAll);
  };
  declareAll(root);

  const node = (schema: Schema): CompiledNode | undefined => {
    if (!hasRules(schema)) return undefined;
    const shape = types.shape(schema);
    const fields = Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
      const below = node(property);
      return below === undefined ? [] : [[name, below] as const];
    });
    const element = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : schema.items;
    const rules = (schema['x-kubernetes-validations'] ?? []).map((rule) => compileRule(rule, shape, env));
    return { shape, rules, fields: new Map(fields), element: element && node(element), schema };
  };
  return node(root) as CompiledNode;
}

function compileRule(rule: ValidationRule, shape: Shape, env: ReturnType<typeof newEnvironment>): CompiledRule {
  const type = typeName(shape);
  const scope = env.clone().registerVariable('self', type);
  scope.registerVariable('oldSelf', rule.optionalOldSelf ? `optional<${type}>` : type);
  const faults: { field: string; detail: string }[] = [];
  const compiled = compileExpression(rule.rule.trim(), scope);
  const expression = 'expression' in compiled ? compiled.expression : undefined;
  if ('fault' in compiled) faults.push({ field: 'rule', detail: `compilation failed: ${compiled.fault}` });
  else if (!['bool', 'dyn'].includes(compiled.expression.type))
    faults.push({ field: 'rule', detail: 'cel expression must evaluate to a bool' });
  let message: Expression | undefined;
  if (rule.messageExpression !== undefined && rule.messageExpression !== '') {
    const text = compileExpression(rule.messageExpression.trim(), scope);
    if ('fault' in text)
      faults.push({ field: 'messageExpression', detail: `messageExpression compilation failed: ${text.fault}` });
    else if (!['string', 'dyn'].includes(text.expression.type)) {
      faults.push({ field: 'messageExpression', detail: 'messageExpression must evaluate to a string' });
    } else message = text.expression;
  }
  return { rule, expression, message, faults, usesOldSelf: expression?.variables.has('oldSelf') === true };
}

/** What a CRD's author is told. Takes a structural schema and its path in the CRD. */
export function ruleFaults(schema: Schema, path: FieldPath): StatusCause[] {
  const root = compiledRoot(schema);
  return root === undefined ? [] : nodeFaults(root, path, undefined);
}

/** `uncorrelatable`: within it, an old value cannot be found for a new one. */
function nodeFaults(node: CompiledNode, path: FieldPath, uncorrelatable: FieldPath | undefined): StatusCause[] {
  const { schema } = node;
  const causes = node.rules.flatMap(({ rule, faults, usesOldSelf }, at): StatusCause[] => {
    const place = index(child(path, 'x-kubernetes-validations'), at);
    const found = faults.map(({ field, detail }) => ruleFault(child(place, field), rule, detail));
    if (usesOldSelf && uncorrelatable !== undefined) {
      found.push(
        invalidValue(
          child(place, 'rule'),
          rule.rule,
          `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelatable}`,
        ),
      );
    } else if (!usesOldSelf && rule.optionalOldSelf !== undefined && faults.length === 0) {
      found.push(
        invalidValue(
          child(place, 'optionalOldSelf'),
          rule.optionalOldSelf,
          'may not be set if oldSelf is not used in rule',
        ),
      );
    }
    return found;
  });
  const inFields = schema['x-kubernetes-map-type'] === 'atomic' ? (uncorrelatable ?? path) : uncorrelatable;
  for (const [name, below] of node.fields)
    causes.push(...nodeFaults(below, index(child(path, 'properties'), name), inFields));
  if (node.element) {
    const list = schema.items !== undefined && typeof schema.additionalProperties !== 'object';
    const inItems = list && schema['x-kubernetes-list-type'] !== 'map' ? (uncorrelatable ?? path) : uncorrelatable;
    causes.push(...nodeFaults(node.element, child(path, list ? 'items' : 'additionalProperties'), inItems));
  }
  return causes;
}

/** Upstream prints its internal type, which has no JSON names, in the order of its fields. */
function ruleFault(field: FieldPath, rule: ValidationRule, detail: string): StatusCause {
  const { message = '', messageExpression = '', reason = null, fieldPath = '', optionalOldSelf = null } = rule;
  const internal = [
    ['Rule', rule.rule],
    ['Message', message],
    ['MessageExpression', messageExpression],
    ['Reason', reason],
    ['FieldPath', fieldPath],
    ['OptionalOldSelf', optionalOldSelf],
  ].map(([name, value]) => `${goJson(name)}:${goJson(value)}`);
  return { ...invalidValue(field, '', detail), message: `Invalid value: {${internal.join(',')}}: ${detail}` };
}

/** What the rules say of an object; `old` is the stored one of an update. Run only on values that the schema accepts. */
export function validateRules(
  value: Json,
  old: Json | undefined,
  type: TypeSchema | undefined,
  budget = new Budget(),
): StatusCause[] {
  const root = type === undefined ? undefined : compiledRoot(type.root);
  if (root === undefined) return [];
  const causes: StatusCause[] = [];
  try {
    walk(root, value, old, toCel(value, root.shape), old === undefined ? undefined : toCel(old, root.shape), '', {
      budget,
      causes,
    });
  } catch (error) {
    if (!(error instanceof BudgetExceeded)) throw error;
    causes.push(invalidValue('', type?.root.type ?? '', error.message));
  }
  return causes;
}

interface Run {
  readonly budget: Budget;
  readonly causes: StatusCause[];
}

function walk(
  node: CompiledNode,
  value: Json,
  old: Json | undefined,
  self: unknown,
  oldSelf: unknown,
  path: FieldPath,
  run: Run,
): void {
  if (value === null) return;
  const unchanged = old !== undefined && deepEqual(value, old);
  for (const rule of node.rules)
    evaluate(
      rule,
      node,
      { value, self, oldSelf: old === undefined || old === null ? undefined : oldSelf, unchanged },
      path,
      run,
    );
  if (isMap(value)) walkMap(node, value, old, self, oldSelf, path, run);
  else if (Array.isArray(value) && node.element) walkList(node, node.element, value, old, self, oldSelf, path, run);
}

function walkMap(
  node: CompiledNode,
  value: JsonMap,
  old: Json | undefined,
  self: unknown,
  oldSelf: unknown,
  path: FieldPath,
  run: Run,
): void {
  const before = isMap(old) ? old : {};
  for (const key of Object.keys(value)) {
    const declared = node.fields.get(key);
    const below = declared ?? (Object.hasOwn(node.schema.properties ?? {}, key) ? undefined : node.element);
    if (below === undefined) continue;
    const at = declared ? child(path, key) : index(path, key);
    walk(
      below,
      value[key] as Json,
      getKey(before, key),
      memberOf(node.shape, self, key),
      memberOf(node.shape, oldSelf, key),
      at,
      run,
    );
  }
}

function walkList(
  node: CompiledNode,
  element: CompiledNode,
  value: Json[],
  old: Json | undefined,
  self: unknown,
  oldSelf: unknown,
  path: FieldPath,
  run: Run,
): void {
  const keys = node.schema['x-kubernetes-list-type'] === 'map' ? (node.schema['x-kubernetes-list-map-keys'] ?? []) : [];
  const positions =
    keys.length > 0 && Array.isArray(old) ? new Map(old.map((item, at) => [identity(item, keys), at])) : undefined;
  for (const [at, item] of value.entries()) {
    const before = positions?.get(identity(item, keys));
    const [oldItem, oldCel] =
      before === undefined ? [undefined, undefined] : [(old as Json[])[before], (oldSelf as unknown[])[before]];
    walk(element, item, oldItem, (self as unknown[])[at], oldCel, index(path, at), run);
  }
}

const identity = (item: Json, keys: readonly string[]): string =>
  JSON.stringify(keys.map((key) => (isMap(item) ? (getKey(item, key) ?? null) : null)));

function memberOf(shape: Shape, container: unknown, key: string): unknown {
  if (container instanceof Map) return container.get(key);
  if (shape.kind !== 'object' || typeof container !== 'object' || container === null) return undefined;
  const celName = shape.fields.get(key)?.celName;
  return celName === undefined ? undefined : (container as Record<string, unknown>)[celName];
}

interface Subject {
  readonly value: Json;
  readonly self: unknown;
  readonly oldSelf: unknown;
  readonly unchanged: boolean;
}

function evaluate(
  { rule, expression, message, usesOldSelf, faults }: CompiledRule,
  node: CompiledNode,
  subject: Subject,
  path: FieldPath,
  run: Run,
): void {
  const type = node.schema.type ?? '';
  if (faults.some(({ field }) => field === 'rule')) {
    run.causes.push(invalidValue(path, type, `rule compile error: ${faults[0]?.detail ?? ''}`));
    return;
  }
  if (expression === undefined || (usesOldSelf && subject.oldSelf === undefined && !rule.optionalOldSelf)) return;
  // A rule over the value alone cannot have been broken by an update that left the value as it was.
  if (!usesOldSelf && subject.unchanged) return;
  const oldSelf = rule.optionalOldSelf
    ? subject.oldSelf === undefined
      ? Optional.none()
      : Optional.of(subject.oldSelf)
    : subject.oldSelf;
  const variables = oldSelf === undefined ? { self: subject.self } : { self: subject.self, oldSelf };
  try {
    if (expression.run(variables, run.budget) === true) return;
  } catch (error) {
    if (error instanceof BudgetExceeded) throw error;
    run.causes.push(
      invalidValue(
        path,
        type,
        `${(error as Error).message} evaluating rule: ${rule.message?.trim() || rule.rule.trim()}`,
      ),
    );
    return;
  }
  const detail =
    messageText(message, variables, run.budget) ?? (rule.message?.trim() || `failed rule: ${rule.rule.trim()}`);
  run.causes.push(causeFor(rule, joinPath(path, rule.fieldPath), subject.value, detail));
}

/** Undefined where the expression fails or gives no usable text. */
function messageText(
  message: Expression | undefined,
  variables: Readonly<Record<string, unknown>>,
  budget: Budget,
): string | undefined {
  if (message === undefined) return undefined;
  try {
    const text = message.run(variables, budget);
    if (typeof text !== 'string') return undefined;
    const trimmed = text.trim();
    return trimmed === '' || /[\r\n]/.test(trimmed) || Buffer.byteLength(trimmed) > 5 * 1024 ? undefined : trimmed;
  } catch (error) {
    if (error instanceof BudgetExceeded) throw error;
    return undefined;
  }
}

const joinPath = (path: FieldPath, fieldPath: string | undefined): FieldPath => {
  if (!fieldPath) return path;
  const relative = fieldPath
    .trim()
    .replace(/\['((?:[^'\\]|\\.)*)'\]/g, (_, name: string) => `.${name.replace(/\\(.)/g, '$1')}`);
  return path === '' ? relative.replace(/^\./, '') : `${path}${relative}`;
};

function causeFor(rule: ValidationRule, path: FieldPath, value: Json, detail: string): StatusCause {
  const composite = typeof value === 'object';
  switch (rule.reason) {
    case 'FieldValueForbidden':
      return forbiddenField(path, detail);
    case 'FieldValueRequired':
      return requiredValue(path, detail);
    case 'FieldValueDuplicate':
      return composite ? { ...duplicateValue(path, ''), message: 'Duplicate value' } : duplicateValue(path, value);
    default:
      return composite
        ? { ...invalidValue(path, '', detail), message: `Invalid value: ${detail}` }
        : invalidValue(path, value, detail);
  }
}
