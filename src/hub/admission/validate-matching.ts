/** What admission registrations have in common: rules, selectors, conditions, expressions (admissionregistration/validation). */
import {
  child,
  duplicateValue,
  type FieldPath,
  index,
  invalidValue,
  notSupported,
  requiredValue,
  tooMany,
} from '../../kube/field-error.ts';
import { labelKeyErrors } from '../../kube/label-syntax.ts';
import type { StatusCause } from '../../kube/status.ts';
import { pathSegment } from '../builtin/validation/scalars.ts';
import { selectorCauses } from '../builtin/validation/selectors.ts';
import { type Declared, expressionCompiler, type NamedExpression } from './expression-run.ts';
import type { MatchResources, ResourceRule } from './match-resources.ts';

const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE'];
const MUTATING_OPERATIONS = ['*', 'CONNECT', 'CREATE', 'UPDATE'];
const MATCH_POLICIES = ['Equivalent', 'Exact'];
const MAX_CONDITIONS = 64;

/** A choice that must be made. */
export const choice = (value: string | undefined, supported: readonly string[], path: FieldPath): StatusCause[] =>
  value === undefined ? [requiredValue(path)] : supported.includes(value) ? [] : [notSupported(path, value, supported)];

export function ruleCauses(rule: ResourceRule, path: FieldPath): StatusCause[] {
  const { operations = [], apiGroups = [], apiVersions = [], resources = [], scope } = rule;
  return [
    ...list(operations, child(path, 'operations'), 'operations'),
    ...operations.flatMap((one, at) => choice(one, OPERATIONS, index(child(path, 'operations'), at))),
    ...list(apiGroups, child(path, 'apiGroups'), 'API groups'),
    ...list(apiVersions, child(path, 'apiVersions'), 'API versions'),
    ...empties(apiVersions, child(path, 'apiVersions')),
    ...resourceCauses(resources, child(path, 'resources')),
    ...(scope === undefined ? [] : choice(scope, ['*', 'Cluster', 'Namespaced'], child(path, 'scope'))),
  ];
}

function list(values: readonly string[], path: FieldPath, what: string): StatusCause[] {
  if (values.length === 0) return [requiredValue(path)];
  return values.length > 1 && values.includes('*')
    ? [invalidValue(path, values, `if '*' is present, must not specify other ${what}`)]
    : [];
}

const empties = (values: readonly string[], path: FieldPath): StatusCause[] =>
  values.flatMap((value, at) => (value === '' ? [requiredValue(index(path, at))] : []));

function resourceCauses(resources: readonly string[], path: FieldPath): StatusCause[] {
  const causes = resources.length === 0 ? [requiredValue(path)] : empties(resources, path);
  const [allOf, inAll] = [new Set<string>(), new Set<string>()];
  for (const [at, one] of resources.entries()) {
    const [resource = '', subresource] = one.split('/', 2);
    if (subresource === undefined) continue;
    const here = index(path, at);
    if (allOf.has(resource))
      causes.push(invalidValue(here, one, `if '${resource}/*' is present, must not specify ${one}`));
    if (inAll.has(subresource))
      causes.push(invalidValue(here, one, `if '*/${subresource}' is present, must not specify ${one}`));
    if (subresource === '*') allOf.add(resource);
    if (resource === '*') inAll.add(subresource);
  }
  if (resources.length > 1 && resources.includes('*/*'))
    causes.push(invalidValue(path, resources, "if '*/*' is present, must not specify other resources"));
  const last = resources.findLast((one) => one !== '' && !one.includes('/'));
  if (resources.includes('*') && last !== undefined && last !== '*')
    causes.push(
      invalidValue(path, resources, "if '*' is present, must not specify other resources without subresources"),
    );
  return causes;
}

export function matchResourcesCauses(match: MatchResources | undefined, path: FieldPath): StatusCause[] {
  if (match === undefined) return [];
  const rules = (field: 'resourceRules' | 'excludeResourceRules'): StatusCause[] =>
    (match[field] ?? []).flatMap((rule, at) => namedRuleCauses(rule, index(child(path, field), at)));
  return [
    ...choice(match.matchPolicy, MATCH_POLICIES, child(path, 'matchPolicy')),
    ...selectorCauses(match.namespaceSelector, child(path, 'namespaceSelector')),
    ...selectorCauses(match.objectSelector, child(path, 'objectSelector')),
    ...rules('resourceRules'),
    ...rules('excludeResourceRules'),
  ];
}

/** Policies that change objects cannot be about deletes. */
export const mutatingOperationCauses = (match: MatchResources | undefined, path: FieldPath): StatusCause[] =>
  (match?.resourceRules ?? []).flatMap(({ operations = [] }) =>
    operations.flatMap((one) => choice(one, MUTATING_OPERATIONS, child(path, 'resourceRules.operations'))),
  );

function namedRuleCauses(rule: ResourceRule, path: FieldPath): StatusCause[] {
  const names = rule.resourceNames ?? [];
  return [
    ...names.flatMap((name, at) => {
      const here = index(child(path, 'resourceNames'), at);
      return [...pathSegment(name, here), ...(names.indexOf(name) < at ? [duplicateValue(here, name)] : [])];
    }),
    ...ruleCauses(rule, path),
  ];
}

export const matchPolicyCauses = (policy: string | undefined, path: FieldPath): StatusCause[] =>
  policy === undefined ? [] : choice(policy, MATCH_POLICIES, path);

export function conditionCauses(
  conditions: readonly NamedExpression[] | undefined,
  declared: Declared,
  path: FieldPath,
): StatusCause[] {
  const all = conditions ?? [];
  const checker = new ExpressionChecker(declared);
  return [
    ...(all.length > MAX_CONDITIONS ? [tooMany(path, all.length, MAX_CONDITIONS)] : []),
    ...all.flatMap(({ name = '', expression = '' }, at) => {
      const here = index(path, at);
      const repeated = name !== '' && all.findIndex((one) => one.name === name) < at;
      return [
        ...(expression.trim() === ''
          ? [requiredValue(child(here, 'expression'))]
          : checker.causes(expression.trim(), ['bool'], child(here, 'expression'))),
        ...(name === ''
          ? [requiredValue(child(here, 'name'))]
          : labelKeyErrors(name).map((text) => invalidValue(child(here, 'name'), name, text))),
        ...(repeated ? [duplicateValue(child(here, 'name'), name)] : []),
      ];
    }),
  ];
}

/** Names whose fields have types for kube-apiserver, and none here: what depends on them may be of any type. */
const UNTYPED = ['variables', 'request', 'namespaceObject'];

/** Says of expressions what compiling them says, and of what they come to. */
export class ExpressionChecker {
  private readonly compile: ReturnType<typeof expressionCompiler>;

  constructor(declared: Declared) {
    this.compile = expressionCompiler(declared);
  }

  /** Whatever it comes to. */
  faults(expression: string, path: FieldPath): StatusCause[] {
    const compiled = this.compile(expression);
    return 'fault' in compiled ? [invalidValue(path, expression, `compilation failed: ${compiled.fault}`)] : [];
  }

  /** What makes patches: a list of JSONPatch, or an Object; both are what they are made of here. */
  patchCauses(expression: string, made: 'list' | 'map', path: FieldPath): StatusCause[] {
    const compiled = this.compile(expression);
    if ('fault' in compiled) return [invalidValue(path, expression, `compilation failed: ${compiled.fault}`)];
    const { type } = compiled.expression;
    if (type === 'dyn' || type === made || type.startsWith(`${made}<`)) return [];
    const wanted = made === 'list' ? 'list(JSONPatch)' : 'Object';
    return [invalidValue(path, expression, `must evaluate to ${wanted} but got ${inGo(type)}`)];
  }

  /** `types`: what it may come to, in CEL's names. */
  causes(expression: string, types: readonly string[], path: FieldPath): StatusCause[] {
    const compiled = this.compile(expression);
    if ('fault' in compiled) return [invalidValue(path, expression, `compilation failed: ${compiled.fault}`)];
    const { type, variables } = compiled.expression;
    if (types.includes(type) || (type === 'dyn' && UNTYPED.some((name) => variables.has(name)))) return [];
    const wanted =
      types.length === 1 ? (types[0] as string) : `one of [${types.join(' ').replace('null', 'null_type')}]`;
    return [invalidValue(path, expression, `must evaluate to ${wanted} but got ${inGo(type)}`)];
  }
}

/** cel-go's notation of a type. */
const inGo = (type: string): string => type.replaceAll('<', '(').replaceAll('>', ')');
