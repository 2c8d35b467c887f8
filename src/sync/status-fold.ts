/** Folds the statuses that targets report into the one that the author sees. Pure. */
import { isDeepStrictEqual } from 'node:util';
import { byWeight, DEFAULT_RULES, type ProjectionRules } from '../hub/kinds/projection-rules.ts';
import { at, list, number, record, text } from '../kube/fields.ts';
import type { KubeObject } from '../kube/object.ts';
import { parseApiVersion } from '../kube/resource.ts';
import { foldConditions } from './status-conditions.ts';
import { type FieldRule, GENERIC, STATUS_RULES } from './status-rules.ts';

export interface TargetReport {
  /** The SyncTarget's name: the order of the fold, and what messages say. */
  readonly clusterName: string;
  /** False for a target that is being left: its pods count, its opinion does not. */
  readonly wanted: boolean;
  /** Undefined: it has not reported yet. */
  readonly status: Readonly<Record<string, unknown>> | undefined;
}

/**
 * The object's status; undefined when nothing was ever reported.
 * @param placementIsCurrent the replicas that placement shared out add up to what the spec asks for now
 */
export function foldStatus(
  hubObject: KubeObject,
  reports: readonly TargetReport[],
  placementIsCurrent: boolean,
  rules: ProjectionRules = DEFAULT_RULES,
): Record<string, unknown> | undefined {
  const byName = [...reports].sort((a, b) => (a.clusterName < b.clusterName ? -1 : 1));
  const sorted = rules.status === 'Primary' ? primary(byName, rules) : byName;
  const reported = sorted.flatMap(({ status }) => (status === undefined ? [] : [status]));
  if (reported.length === 0) return undefined;
  const { group } = parseApiVersion(hubObject.apiVersion);
  const rule = STATUS_RULES.get(group === '' ? hubObject.kind : `${hubObject.kind}.${group}`) ?? GENERIC;
  const alone = sorted.length === 1 ? reported[0] : undefined;
  const folded: Record<string, unknown> = alone === undefined ? {} : { ...alone };
  if (alone === undefined) {
    if (rule.others === 'last') for (const status of byLastChange(reported)) Object.assign(folded, status);
    for (const [path, fieldRule] of Object.entries(rule.fields))
      put(folded, path, foldField(fieldRule, path, sorted, reported, hubObject, rules));
  }
  if (reported.some(({ observedGeneration }) => observedGeneration !== undefined))
    folded.observedGeneration = observedGeneration(hubObject, sorted, placementIsCurrent);
  if (folded.observedGeneration === undefined) delete folded.observedGeneration;
  return folded;
}

/** The heaviest of the targets on which the object is placed; nothing while that one has not reported. */
function primary(reports: readonly TargetReport[], rules: ProjectionRules): TargetReport[] {
  const order = byWeight(rules);
  const [first] = reports.filter(({ wanted }) => wanted).sort((a, b) => order(a.clusterName, b.clusterName));
  return first === undefined ? [] : [first];
}

/** The generation that every wanted target has acted on; while one is behind, what it was before. */
function observedGeneration(
  hubObject: KubeObject,
  reports: readonly TargetReport[],
  placementIsCurrent: boolean,
): number | undefined {
  const before = number(at(hubObject.status, 'observedGeneration'));
  const wanted = reports.filter((report) => report.wanted);
  const observed = wanted.map(({ status }) => number(status?.observedGeneration));
  if (!placementIsCurrent || observed.includes(undefined) || observed.length === 0) return before;
  return Math.max(before ?? 0, Math.min(...(observed as number[])));
}

function foldField(
  rule: FieldRule,
  path: string,
  reports: readonly TargetReport[],
  reported: readonly Readonly<Record<string, unknown>>[],
  hubObject: KubeObject,
  rules: ProjectionRules,
): unknown {
  const values = reported.map((status) => at(status, ...path.split('.'))).filter((value) => value !== undefined);
  if (rule === 'conditions')
    return foldConditions(
      reports.filter(({ wanted }) => wanted),
      list(at(hubObject.status, 'conditions')),
      rules,
    );
  if (values.length === 0) return undefined;
  if (typeof rule === 'object') return rule.worst.find((value) => values.includes(value)) ?? values[0];
  return FOLDS[rule](values, reported, path);
}

const numbers = (values: readonly unknown[]): number[] => values.map((value) => number(value) ?? 0);
const times = (values: readonly unknown[]): string[] => values.flatMap((value) => text(value) ?? []).sort();

const FOLDS: Readonly<
  Record<
    Exclude<FieldRule, object | 'conditions'>,
    (values: readonly unknown[], reported: readonly Readonly<Record<string, unknown>>[], path: string) => unknown
  >
> = {
  sum: (values) => numbers(values).reduce((total, value) => total + value, 0) || undefined,
  max: (values) => Math.max(...numbers(values)) || undefined,
  min: (values) => Math.min(...numbers(values)),
  earliest: (values) => times(values)[0],
  latest: (values) => times(values).at(-1),
  union: (values) => {
    const all: unknown[] = [];
    for (const value of values.flatMap(list))
      if (!all.some((known) => isDeepStrictEqual(known, value))) all.push(value);
    return all.length === 0 ? undefined : all;
  },
  laggard: (_values, reported, path) => {
    const behind = ({ replicas, updatedReplicas }: Readonly<Record<string, unknown>>): number =>
      (number(replicas) ?? 0) - (number(updatedReplicas) ?? 0);
    return at([...reported].sort((a, b) => behind(b) - behind(a))[0], path);
  },
};

/** By the latest transition of any condition: what changed last comes last. */
function byLastChange(reported: readonly Readonly<Record<string, unknown>>[]): Readonly<Record<string, unknown>>[] {
  const changedAt = (status: Readonly<Record<string, unknown>>): string =>
    times(list(status.conditions).map((condition) => at(condition, 'lastTransitionTime'))).at(-1) ?? '';
  return [...reported].sort((a, b) => (changedAt(a) < changedAt(b) ? -1 : 1));
}

function put(target: Record<string, unknown>, path: string, value: unknown): void {
  const [head = '', ...rest] = path.split('.');
  if (rest.length > 0) {
    const inner = { ...record(target[head]) };
    put(inner, rest.join('.'), value);
    target[head] = inner;
  } else if (value === undefined) delete target[head];
  else target[head] = value;
}
