/**
 * Makes a body what its kind says it is: unknown fields go (and are told of), types are checked, defaults are set.
 * Built-in kinds by kube-apiserver's Go types, custom ones by their structural schema.
 */
import type { Json, KubeObject } from '../../kube/object.ts';
import { builtinDefinitionName } from '../builtin/tables.ts';
import type { WriteOptions } from '../core.ts';
import { isMap, type JsonMap } from '../patch/json-value.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import { applyDefaults } from '../schema/defaults.ts';
import { settleStrictErrors, strictErrors } from '../schema/field-validation.ts';
import { decodeGo } from '../schema/go-decode.ts';
import { prune } from '../schema/prune.ts';
import { type Refuse, refuseBody } from './refusal.ts';

export interface ShapeOptions extends Pick<WriteOptions, 'fieldValidation' | 'duplicates'> {
  readonly warn: (text: string) => void;
  /** Default: as a body. */
  readonly refuse?: Refuse;
  /** What type errors are worded for: text that was decoded, or the map that a strategic merge made. */
  readonly decodedFrom?: 'text' | 'map';
}

/** Answers a new object; the input stays as it was. Throws what `refuse` makes. */
export function shape(definition: ResourceDefinition, given: KubeObject, options: ShapeOptions): KubeObject {
  const refuse = options.refuse ?? refuseBody(definition.info);
  const { value, unknown, fault } = definition.custom
    ? shapeCustom(definition, given, options.decodedFrom === 'map')
    : shapeBuiltin(definition, given, options.decodedFrom ?? 'text');
  if (fault !== undefined) throw refuse(fault);
  const errors = strictErrors(options.duplicates ?? [], unknown);
  for (const warning of settleStrictErrors(errors, options.fieldValidation, refuse)) options.warn(warning);
  const object = { ...value, apiVersion: given.apiVersion, kind: given.kind } as unknown as KubeObject;
  object.metadata ??= {};
  definition.defaults?.(object);
  return object;
}

interface Shaped {
  readonly value: JsonMap;
  readonly unknown: readonly string[];
  /** Why it is none of its kind. */
  readonly fault?: string | undefined;
}

function shapeBuiltin({ info }: ResourceDefinition, given: KubeObject, from: 'text' | 'map'): Shaped {
  const name = builtinDefinitionName(info);
  if (name === undefined) return { value: structuredClone(given) as unknown as JsonMap, unknown: [] };
  const { value, unknown, typeError } = decodeGo(given as unknown as Json, name, from);
  keepReset(value, given);
  return { value, unknown, fault: typeError };
}

/** An empty list of managers is none, but says that who owned what is to be forgotten. */
function keepReset({ metadata }: JsonMap, { metadata: { managedFields } = {} }: KubeObject): void {
  if (isMap(metadata) && managedFields?.length === 0) metadata.managedFields = [];
}

/** What an apply merged is not decoded: nulls that the schema refuses are still there. */
function shapeCustom({ schema }: ResourceDefinition, given: KubeObject, keepNulls: boolean): Shaped {
  const { value, unknown, metadataError } = prune(given as unknown as JsonMap, schema);
  if (metadataError !== undefined) return { value, unknown, fault: metadataError };
  return { value: structuredClone(applyDefaults(value, schema, keepNulls)), unknown };
}
