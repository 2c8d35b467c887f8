/** Where containers mount the pod's volumes. */
import { child, type FieldPath, index, invalidValue, notFoundValue, requiredValue } from '../../../kube/field-error.ts';
import { type Causes, present } from './scalars.ts';

export interface Mount {
  readonly name?: string;
  readonly mountPath?: string;
  readonly subPath?: string;
  readonly subPathExpr?: string;
}

export function mountCauses(mounts: readonly Mount[], volumes: ReadonlySet<string>, path: FieldPath): Causes {
  const places = new Set<string>();
  return mounts.flatMap((mount, at) => {
    const own = index(path, at);
    const place = mount.mountPath ?? '';
    const causes = [
      ...present(mount.name, child(own, 'name')),
      ...(volumes.has(mount.name ?? '') ? [] : [notFoundValue(child(own, 'name'), mount.name ?? '')]),
      ...present(mount.mountPath, child(own, 'mountPath')),
      ...(places.has(place) ? [invalidValue(child(own, 'mountPath'), place, 'must be unique')] : []),
      ...descendingPath(mount.subPath, child(path, 'subPath')),
      ...(mount.subPath && mount.subPathExpr
        ? [invalidValue(child(own, 'subPathExpr'), mount.subPathExpr, 'subPathExpr and subPath are mutually exclusive')]
        : []),
      ...descendingPath(mount.subPathExpr, child(path, 'subPathExpr')),
    ];
    places.add(place);
    return causes;
  });
}

function descendingPath(value: string | undefined, path: FieldPath): Causes {
  if (!value) return [];
  if (value.startsWith('/')) return [invalidValue(path, value, 'must be a relative path')];
  return value.split('/').includes('..') ? [invalidValue(path, value, "must not contain '..'")] : [];
}

export interface Device {
  readonly name?: string;
  readonly devicePath?: string;
}

/** Volumes that are passed as block devices. */
export function deviceCauses(devices: readonly Device[], volumes: ReadonlySet<string>, path: FieldPath): Causes {
  return devices.flatMap(({ name = '', devicePath = '' }, at) => {
    const own = index(path, at);
    const place = child(own, 'devicePath');
    return [
      ...present(name, child(own, 'name')),
      ...(volumes.has(name) ? [] : [notFoundValue(child(own, 'name'), name)]),
      ...(devicePath === '' ? [requiredValue(place)] : []),
      ...(devicePath.split('/').includes('..')
        ? [invalidValue(place, devicePath, "can not contain backsteps ('..')")]
        : []),
    ];
  });
}
