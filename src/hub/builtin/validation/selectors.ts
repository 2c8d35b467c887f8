/** Labels and label selectors inside of specs (apimachinery meta/v1/validation). */
import { isDeepStrictEqual } from 'node:util';
import {
  child,
  type FieldPath,
  forbiddenField,
  index,
  invalidValue,
  requiredValue,
} from '../../../kube/field-error.ts';
import { labelKeyErrors, labelValueErrors } from '../../../kube/label-syntax.ts';
import { fromLabelSelector, matchesLabels } from '../../../kube/selector.ts';
import type { Causes } from './scalars.ts';

export type Labels = Readonly<Record<string, string>>;

export interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: string[];
  }[];
}

export const labelKeyCauses = (key: string, path: FieldPath): Causes =>
  labelKeyErrors(key).map((text) => invalidValue(path, key, text));
export const labelValueCauses = (value: string, path: FieldPath): Causes =>
  labelValueErrors(value).map((text) => invalidValue(path, value, text));

export const labelCauses = (labels: Labels | undefined, path: FieldPath): Causes =>
  Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...labelKeyCauses(key, path),
    ...labelValueCauses(value, path),
  ]);

/** Annotation keys are compared without regard to case. */
export const annotationCauses = (annotations: Labels | undefined, path: FieldPath): Causes =>
  Object.keys(annotations ?? {}).flatMap((key) =>
    labelKeyErrors(key.toLowerCase()).map((text) => invalidValue(path, key, text)),
  );

export const selectorCauses = (selector: Selector | undefined, path: FieldPath): Causes => [
  ...labelCauses(selector?.matchLabels, child(path, 'matchLabels')),
  ...(selector?.matchExpressions ?? []).flatMap((expression, at) =>
    expressionCauses(expression, index(child(path, 'matchExpressions'), at)),
  ),
];

function expressionCauses(
  { key, operator, values = [] }: NonNullable<Selector['matchExpressions']>[number],
  path: FieldPath,
): Causes {
  const valuesPath = child(path, 'values');
  return [
    ...operatorCauses(operator, values, path),
    ...labelKeyCauses(key, child(path, 'key')),
    ...values.flatMap((value, at) => labelValueCauses(value, index(valuesPath, at))),
  ];
}

function operatorCauses(operator: string, values: readonly string[], path: FieldPath): Causes {
  const valuesPath = child(path, 'values');
  switch (operator) {
    case 'In':
    case 'NotIn':
      return values.length > 0
        ? []
        : [requiredValue(valuesPath, "must be specified when `operator` is 'In' or 'NotIn'")];
    case 'Exists':
    case 'DoesNotExist':
      return values.length === 0
        ? []
        : [forbiddenField(valuesPath, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")];
    default:
      return [invalidValue(child(path, 'operator'), operator, 'not a valid selector operator')];
  }
}

export const isEmptySelector = (selector: Selector): boolean =>
  Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length === 0;

/** `'invalid'` where the selector cannot be evaluated. An absent selector matches nothing. */
export function selects(selector: Selector | undefined, labels: Labels | undefined): boolean | 'invalid' {
  if (!selector) return false;
  try {
    return matchesLabels(fromLabelSelector(selector), labels);
  } catch {
    return 'invalid';
  }
}

export const immutable = (now: unknown, old: unknown, path: FieldPath): Causes =>
  isDeepStrictEqual(now, old) ? [] : [invalidValue(path, now, 'field is immutable')];

/** The same for fields that upstream declares immutable in the type: the value is not shown. */
export const declaredImmutable = (now: unknown, old: unknown, path: FieldPath): Causes =>
  isDeepStrictEqual(now, old) ? [] : [invalidValue(path, null, 'field is immutable')];
