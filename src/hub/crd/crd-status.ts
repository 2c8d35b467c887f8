/** Names and establishment of a CRD, decided from it and its neighbours (apiextensions `controller/status`, `establish`). Pure. */
import {
  type CrdCondition,
  type CrdNames,
  type CustomResourceDefinition,
  conditionOf,
  withCondition,
} from './custom-resource-definition.ts';

/** Names that other kinds of the same group have taken. */
export interface TakenNames {
  /** Plurals, singulars and short names. */
  readonly resources: ReadonlySet<string>;
  /** Kinds and list kinds. */
  readonly kinds: ReadonlySet<string>;
}

export function takenNames(others: readonly CrdNames[]): TakenNames {
  const resources = new Set<string>();
  const kinds = new Set<string>();
  for (const { plural, singular, shortNames = [], kind, listKind } of others) {
    for (const name of [plural, singular, ...shortNames]) if (name) resources.add(name);
    for (const name of [kind, listKind]) if (name) kinds.add(name);
  }
  return { resources, kinds };
}

/** The status that the CRD should have. `now` is RFC 3339. */
export function decideCrdStatus(
  crd: CustomResourceDefinition,
  taken: TakenNames,
  now: string,
): NonNullable<CustomResourceDefinition['status']> {
  const { acceptedNames, conflict } = acceptNames(crd.spec.names, crd.status?.acceptedNames ?? {}, taken);
  const condition = (type: string, ok: boolean, reason: string, message: string): CrdCondition => ({
    type,
    status: ok ? 'True' : 'False',
    lastTransitionTime: now,
    reason,
    message,
  });
  let conditions = withCondition(
    crd.status?.conditions ?? [],
    conflict === undefined
      ? condition('NamesAccepted', true, 'NoConflicts', 'no conflicts found')
      : condition('NamesAccepted', false, conflict.reason, conflict.message),
  );
  if (conditionOf(crd, 'Established')?.status !== 'True')
    conditions = withCondition(
      conditions,
      conflict === undefined
        ? condition('Established', true, 'InitialNamesAccepted', 'the initial names have been accepted')
        : condition('Established', false, 'NotAccepted', 'not all names are accepted'),
    );
  const storage = crd.spec.versions.find((one) => one.storage)?.name;
  const stored = crd.status?.storedVersions ?? [];
  return {
    acceptedNames,
    conditions,
    storedVersions: storage === undefined || stored.includes(storage) ? stored : [...stored, storage],
  };
}

interface Conflict {
  readonly reason: string;
  readonly message: string;
}

/** Names that were accepted stay so; a new one must be free. */
function acceptNames(
  wanted: CrdNames,
  accepted: CrdNames,
  taken: TakenNames,
): { acceptedNames: CrdNames; conflict: Conflict | undefined } {
  const acceptedNames: CrdNames = { ...accepted, ...(wanted.categories ? { categories: wanted.categories } : {}) };
  let conflict: Conflict | undefined;
  for (const [field, reason, names] of [
    ['plural', 'PluralConflict', taken.resources],
    ['singular', 'SingularConflict', taken.resources],
    ['kind', 'KindConflict', taken.kinds],
    ['listKind', 'ListKindConflict', taken.kinds],
  ] as const) {
    const name = wanted[field];
    if (name === undefined || name === accepted[field]) continue;
    if (names.has(name)) conflict = { reason, message: inUse(name) };
    else acceptedNames[field] = name;
  }
  const clashes = (wanted.shortNames ?? []).filter(
    (name) => !accepted.shortNames?.includes(name) && taken.resources.has(name),
  );
  if (clashes.length > 0) conflict = { reason: 'ShortNamesConflict', message: clashes.map(inUse).join(', ') };
  else if (wanted.shortNames !== undefined) acceptedNames.shortNames = wanted.shortNames;
  return { acceptedNames, conflict };
}

const inUse = (name: string): string => `${JSON.stringify(name)} is already in use`;
