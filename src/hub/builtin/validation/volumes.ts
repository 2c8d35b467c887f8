/** Volumes of pods: one source each, unique names, and the fields that a source cannot do without. */
import {
  child,
  duplicateValue,
  type FieldPath,
  forbiddenField,
  index,
  requiredValue,
} from '../../../kube/field-error.ts';
import { type Claim, claimCauses } from './configuration.ts';
import { type Causes, dnsLabel } from './scalars.ts';
import { type Fields, SOURCE_RULES } from './volume-sources.ts';

export type Volume = { readonly name?: string } & { readonly [source: string]: unknown };

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
    ...(Object.hasOwn(SOURCE_RULES, first) ? (SOURCE_RULES[first] ?? []) : []).flatMap((rule) =>
      rule((volume[first] ?? {}) as Fields, child(path, first)),
    ),
    ...ephemeralCauses(volume, path),
    ...others.map((source) => forbiddenField(child(path, source), 'may not specify more than 1 volume type')),
  ];
}

/** A claim that lives as long as its pod. */
function ephemeralCauses({ ephemeral }: Volume, path: FieldPath): Causes {
  const { volumeClaimTemplate } = (ephemeral ?? {}) as { volumeClaimTemplate?: Claim };
  if (volumeClaimTemplate === undefined) return [];
  const own = child(child(path, 'ephemeral'), 'volumeClaimTemplate');
  return claimCauses(volumeClaimTemplate, undefined).map((cause) => ({
    ...cause,
    field: child(own, cause.field ?? ''),
  }));
}
