/** Makes an object what its type says: defaults, pruning, types. Mutates a private copy. */
import type { KubeObject } from '../../kube/object.ts';
import type { WriteOptions } from '../core.ts';
import type { ResourceDefinition } from '../resource-definition.ts';

export function shape(
  definition: ResourceDefinition,
  object: KubeObject,
  _old: KubeObject | undefined,
  _options: WriteOptions,
  _warnings: string[],
): void {
  definition.defaults?.(object);
}
