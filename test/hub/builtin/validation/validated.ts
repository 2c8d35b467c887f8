/** A body as the hub validates it: decoded, defaulted, then checked by its kind's rules. */
import { defaultsFor } from '../../../../src/hub/builtin/defaults/defaults-for.ts';
import { builtinDefinitionName } from '../../../../src/hub/builtin/tables.ts';
import { validateFor } from '../../../../src/hub/builtin/validation/validate-for.ts';
import { decodeGo } from '../../../../src/hub/schema/go-decode.ts';
import type { Json, KubeObject } from '../../../../src/kube/object.ts';
import { parseApiVersion } from '../../../../src/kube/resource.ts';
import type { StatusCause } from '../../../../src/kube/status.ts';

export function validated(body: KubeObject, old?: KubeObject): readonly StatusCause[] {
  const gvk = { ...parseApiVersion(body.apiVersion), kind: body.kind };
  return validateFor(gvk)?.(completed(body), old && completed(old)) ?? [];
}

function completed(body: KubeObject): KubeObject {
  const gvk = { ...parseApiVersion(body.apiVersion), kind: body.kind };
  const { value } = decodeGo(structuredClone(body) as unknown as Json, builtinDefinitionName(gvk) as string);
  const object = value as unknown as KubeObject;
  defaultsFor(gvk)?.(object);
  // The namespace that samples name where they name another object's.
  object.metadata.namespace ??= 'NS';
  return object;
}

/** `field: message`, sorted. */
export const causeTexts = (causes: readonly StatusCause[]): string[] =>
  causes.map(({ field, message }) => `${field}: ${message}`).sort();
