/** Ownership recorded under an older schema, in the words of the present one (typed/reconcile_schema.go). */
import { type AtomRef, fieldType, resolveAtom } from './apply-schema.ts';
import { FieldSet, type PathElement } from './field-set.ts';

/** Where a list or map has become atomic, its fields' owner owns the whole of it. The set itself where nothing changed. */
export function reconcileWithSchema(set: FieldSet, ref: AtomRef): FieldSet {
  const atomics = new FieldSet();
  walk(set, false, ref, [], atomics);
  return atomics.empty ? set : set.recursiveDifference(atomics).union(atomics);
}

function walk(set: FieldSet | undefined, whole: boolean, ref: AtomRef, path: PathElement[], atomics: FieldSet): void {
  const { map, scalar, list } = resolveAtom(ref);
  if (map) {
    if (map.deduced) return;
    if (map.atomic) {
      if (!whole && set !== undefined && !set.empty) atomics.insert(path);
      return;
    }
    descend(set, path, atomics, (element) =>
      element.startsWith('f:') ? fieldType(map, element.slice(2)) : map.elementType,
    );
  } else if (list && !scalar) {
    if (!list.atomic) descend(set, path, atomics, () => list.elementType);
    else if (!whole) atomics.insert(path);
  }
}

function descend(
  set: FieldSet | undefined,
  path: PathElement[],
  atomics: FieldSet,
  typeOf: (element: PathElement) => AtomRef | undefined,
): void {
  for (const [element, { member, children }] of set?.nodes ?? []) {
    const type = typeOf(element);
    if (type === undefined) continue;
    path.push(element);
    walk(children, member && children === undefined, type, path, atomics);
    path.pop();
  }
}
