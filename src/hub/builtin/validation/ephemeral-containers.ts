/** Containers that are added to a running pod (pkg/apis/core/validation validateEphemeralContainers, ValidatePodEphemeralContainersUpdate). */
import { isDeepStrictEqual } from 'node:util';
import {
  child,
  duplicateValue,
  type FieldPath,
  forbiddenField,
  index,
  notFoundValue,
} from '../../../kube/field-error.ts';
import { type Container, type ContainerPlace, commonCauses } from './containers.ts';
import type { Mount } from './mounts.ts';
import type { Causes } from './scalars.ts';

export interface EphemeralContainer extends Container {
  readonly targetContainerName?: string;
}

/** What a pod relies on is no ephemeral container's to give. */
const FORBIDDEN = ['ports', 'livenessProbe', 'readinessProbe', 'startupProbe', 'lifecycle', 'resources'] as const;

/** `others` are the names of the pod's other containers. */
export function ephemeralContainerCauses(
  containers: readonly EphemeralContainer[],
  others: readonly string[],
  place: ContainerPlace,
  path: FieldPath,
): Causes {
  const names = new Set(others);
  return containers.flatMap((container, at) => {
    const own = index(path, at);
    const { name = '', targetContainerName: target = '' } = container;
    const taken = names.has(name);
    names.add(name);
    return [
      ...commonCauses(container, place, own),
      ...(taken ? [duplicateValue(child(own, 'name'), name)] : []),
      ...(target === '' || others.includes(target) ? [] : [notFoundValue(child(own, 'targetContainerName'), target)]),
      ...FORBIDDEN.filter((field) => isSet(container[field])).map((field) => notAllowed(child(own, field))),
      ...subPathCauses(container.volumeMounts ?? [], child(own, 'volumeMounts')),
    ];
  });
}

const notAllowed = (field: FieldPath) => forbiddenField(field, 'cannot be set for an Ephemeral Container');

const isSet = (value: unknown): boolean =>
  value !== undefined && (typeof value !== 'object' || Object.keys(value as object).length > 0);

const subPathCauses = (mounts: readonly Mount[], path: FieldPath): Causes =>
  mounts.flatMap((mount, at) =>
    (['subPath', 'subPathExpr'] as const)
      .filter((field) => mount[field])
      .map((field) => notAllowed(child(index(path, at), field))),
  );

/** They are only ever added. */
export function ephemeralUpdateCauses(
  containers: readonly EphemeralContainer[],
  before: readonly EphemeralContainer[],
): Causes {
  const path = 'spec.ephemeralContainers';
  return before.flatMap((old) => {
    const now = containers.find(({ name }) => name === old.name);
    if (now === undefined)
      return [forbiddenField(path, `existing ephemeral containers ${JSON.stringify(old.name)} may not be removed\n`)];
    return isDeepStrictEqual(now, old)
      ? []
      : [forbiddenField(path, `existing ephemeral containers ${JSON.stringify(old.name)} may not be changed\n`)];
  });
}
