/** Volumes of pods: one source each, unique names, and the fields that a source cannot do without. */
import {
  child,
  duplicateValue,
  type FieldPath,
  forbiddenField,
  index,
  requiredValue,
} from '../../../kube/field-error.ts';
import type { StatusCause } from '../../../kube/status.ts';
import { type Causes, dnsLabel, dnsSubdomain, present } from './scalars.ts';

export type Volume = { readonly name?: string } & { readonly [source: string]: unknown };

/** Fields that must be there, by source; where a name is meant, it must be one. */
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  hostPath: ['path'],
  secret: ['secretName'],
  nfs: ['server', 'path'],
  iscsi: ['targetPortal', 'iqn'],
  glusterfs: ['endpoints', 'path'],
  persistentVolumeClaim: ['claimName'],
  rbd: ['monitors', 'image'],
  cinder: ['volumeID'],
  cephfs: ['monitors'],
  configMap: ['name'],
  azureFile: ['secretName', 'shareName'],
  csi: ['driver'],
  ephemeral: ['volumeClaimTemplate'],
};

export function volumeCauses(
  volumes: readonly Volume[],
  path: FieldPath,
): { causes: Causes; names: ReadonlySet<string> } {
  const names = new Set<string>();
  const causes = volumes.flatMap((volume, at) => {
    const own = index(path, at);
    const name = volume.name ?? '';
    const found = [
      ...sourceCauses(volume, own),
      ...(name === '' ? [requiredValue(child(own, 'name'))] : dnsLabel(name, child(own, 'name'))),
      ...(names.has(name) ? [duplicateValue(child(own, 'name'), name)] : []),
    ];
    if (found.length === 0) names.add(name);
    return found;
  });
  return { causes, names };
}

function sourceCauses(volume: Volume, path: FieldPath): Causes {
  const sources = Object.keys(volume).filter((field) => field !== 'name');
  const [first, ...others] = sources;
  if (first === undefined) return [requiredValue(path, 'must specify a volume type')];
  return [
    ...requiredFields(first, volume[first], child(path, first)),
    ...others.map((source) => forbiddenField(child(path, source), 'may not specify more than 1 volume type')),
  ];
}

function requiredFields(source: string, value: unknown, path: FieldPath): StatusCause[] {
  const fields = (value ?? {}) as Readonly<Record<string, unknown>>;
  return (Object.hasOwn(REQUIRED, source) ? (REQUIRED[source] ?? []) : []).flatMap((field) => {
    const given = fields[field];
    const text = typeof given === 'string' ? given : Array.isArray(given) && given.length === 0 ? '' : 'set';
    const missing = present(given === undefined ? '' : text, child(path, field));
    if (missing.length > 0) return missing;
    return field === 'claimName' ? dnsSubdomain(text, child(path, field)) : [];
  });
}
