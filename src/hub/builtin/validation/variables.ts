/** Environment variables of containers and the objects that they come from. */
import { child, type FieldPath, index, invalidValue, requiredValue } from '../../../kube/field-error.ts';
import type { StatusCause } from '../../../kube/status.ts';
import { type Causes, configKey, dnsSubdomain, environmentName, present } from './scalars.ts';

interface KeyReference {
  readonly name?: string;
  readonly key?: string;
}

export interface Variable {
  readonly name?: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly fieldRef?: { readonly apiVersion?: string; readonly fieldPath?: string };
    readonly resourceFieldRef?: { readonly resource?: string };
    readonly configMapKeyRef?: KeyReference;
    readonly secretKeyRef?: KeyReference;
    readonly fileKeyRef?: object;
  };
}

export interface VariableSource {
  readonly prefix?: string;
  readonly configMapRef?: { readonly name?: string };
  readonly secretRef?: { readonly name?: string };
}

export const variableCauses = (variables: readonly Variable[], path: FieldPath): Causes =>
  variables.flatMap((variable, at) => {
    const own = index(path, at);
    return [
      ...(variable.name ? environmentName(variable.name, child(own, 'name')) : [requiredValue(child(own, 'name'))]),
      ...valueFromCauses(variable, child(own, 'valueFrom')),
    ];
  });

function valueFromCauses({ value, valueFrom }: Variable, path: FieldPath): Causes {
  if (!valueFrom) return [];
  const sources = (['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef'] as const).filter(
    (source) => valueFrom[source] !== undefined,
  );
  const causes: StatusCause[] = [
    ...(valueFrom.fieldRef ? present(valueFrom.fieldRef.fieldPath, child(child(path, 'fieldRef'), 'fieldPath')) : []),
    ...(valueFrom.resourceFieldRef
      ? present(valueFrom.resourceFieldRef.resource, child(child(path, 'resourceFieldRef'), 'resource'))
      : []),
    ...(valueFrom.configMapKeyRef ? keyCauses(valueFrom.configMapKeyRef, child(path, 'configMapKeyRef')) : []),
    ...(valueFrom.secretKeyRef ? keyCauses(valueFrom.secretKeyRef, child(path, 'secretKeyRef')) : []),
  ];
  if (sources.length === 0) {
    causes.push(
      invalidValue(
        path,
        '',
        'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
      ),
    );
  } else if (value) causes.push(invalidValue(path, '', 'may not be specified when `value` is not empty'));
  else if (sources.length > 1) {
    causes.push(invalidValue(path, '', 'may not have more than one field specified at a time'));
  }
  return causes;
}

const keyCauses = ({ name, key }: KeyReference, path: FieldPath): Causes => [
  ...dnsSubdomain(name ?? '', child(path, 'name')),
  ...(key ? configKey(key, child(path, 'key')) : [requiredValue(child(path, 'key'))]),
];

export const variableSourceCauses = (sources: readonly VariableSource[], path: FieldPath): Causes =>
  sources.flatMap(({ prefix, configMapRef, secretRef }, at) => {
    const own = index(path, at);
    const count = [configMapRef, secretRef].filter((source) => source !== undefined).length;
    return [
      ...(prefix ? environmentName(prefix, child(own, 'prefix')) : []),
      ...(configMapRef ? sourceName(configMapRef.name, child(own, 'configMapRef')) : []),
      ...(secretRef ? sourceName(secretRef.name, child(own, 'secretRef')) : []),
      ...(count === 0 ? [invalidValue(path, '', 'must specify one of: `configMapRef` or `secretRef`')] : []),
      ...(count > 1 ? [invalidValue(path, '', 'may not have more than one field specified at a time')] : []),
    ];
  });

const sourceName = (name: string | undefined, path: FieldPath): Causes =>
  name ? dnsSubdomain(name, child(path, 'name')) : [requiredValue(child(path, 'name'))];
