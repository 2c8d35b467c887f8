/**
 * Makes a body what its kind says it is: unknown fields go (and are told of), types are checked, defaults are set.
 * Built-in kinds by kube-apiserver's Go types, custom ones by their structural schema.
 */
import type { Json, KubeObject } from '../../kube/object.ts';
import { badRequest } from '../../kube/status.ts';
import { builtinDefinitionName } from '../builtin/tables.ts';
import type { WriteOptions } from '../core.ts';
import type { JsonMap } from '../patch/json-value.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import { applyDefaults } from '../schema/defaults.ts';
import { cannotBeHandled, settleStrictErrors, strictErrors } from '../schema/field-validation.ts';
import { decodeGo } from '../schema/go-decode.ts';
import { prune } from '../schema/prune.ts';

/** Answers a new object; the input stays as it was. Throws ApiError 400. */
export function shape(
  definition: ResourceDefinition,
  given: KubeObject,
  options: WriteOptions,
  warn: (text: string) => void,
): KubeObject {
  const { value, unknown } = definition.custom ? shapeCustom(definition, given) : shapeBuiltin(definition, given);
  const errors = strictErrors(options.duplicates ?? [], unknown);
  for (const warning of settleStrictErrors(errors, options.fieldValidation, definition.info)) warn(warning);
  const object = { ...value, apiVersion: given.apiVersion, kind: given.kind } as unknown as KubeObject;
  object.metadata ??= {};
  definition.defaults?.(object);
  return object;
}

interface Shaped {
  readonly value: JsonMap;
  readonly unknown: readonly string[];
}

function shapeBuiltin({ info }: ResourceDefinition, given: KubeObject): Shaped {
  const name = builtinDefinitionName(info);
  if (name === undefined) return { value: structuredClone(given) as unknown as JsonMap, unknown: [] };
  const { value, unknown, typeError } = decodeGo(given as unknown as Json, name);
  if (typeError !== undefined) throw cannotBeHandled(info.version, info.kind, typeError);
  return { value, unknown };
}

function shapeCustom({ schema }: ResourceDefinition, given: KubeObject): Shaped {
  const { value, unknown, metadataError } = prune(given as unknown as JsonMap, schema);
  if (metadataError !== undefined) throw badRequest(metadataError);
  return { value: structuredClone(applyDefaults(value, schema)), unknown };
}
