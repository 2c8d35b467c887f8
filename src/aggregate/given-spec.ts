/**
 * An authored object that lives in clusters, as a view shows it: with what they gave it (a Pod's node, a Service's
 * address) and, where it is one, the cluster's label. Made of the stored object alone, so its version stands for what is shown.
 */
import type { Reference } from '../clusters/reflector.ts';
import { type Edit, encodeWith } from '../clusters/reflector-encode.ts';
import { type GivenSpec, givenFields, givenSpec } from '../hub/kinds/given-spec.ts';
import { placedOn } from '../hub/kinds/placed-object.ts';
import { GIVEN_SPEC_ANNOTATION_PREFIX } from '../hub/kinds/workload.ts';
import { record } from '../kube/fields.ts';
import { OPEN_BRACE } from '../kube/json-bytes.ts';
import { eachMember, parseRange, type ScannedObject, scanObject, valueAt } from '../kube/object-scan.ts';
import type { ResourceInfo } from '../kube/resource.ts';
import { labelEdit } from './encode-object.ts';
import { parseViewName } from './names.ts';
import { findReferences, referencePaths } from './reference-paths.ts';

export interface ShownGiven extends GivenSpec {
  /** What the author wrote in the same places. */
  readonly authored: Readonly<Record<string, unknown>>;
}

export interface WithGiven {
  readonly scanned: ScannedObject;
  readonly nameAt: number;
  /** Undefined: shown as it is stored. */
  readonly given: ShownGiven | undefined;
  readonly refs?: readonly Reference[];
}

/** Takes an object of the hub with its kind and apiVersion first. Throws JsonScanError. */
export function withGiven(bytes: Buffer, resource: ResourceInfo): WithGiven {
  const scanned = scanObject(bytes);
  const plain = { scanned, nameAt: (scanned.at.name?.start ?? 0) + 1, given: undefined };
  if (givenFields(resource).length === 0 || !bytes.includes(GIVEN_SPEC_ANNOTATION_PREFIX)) return plain;
  const annotations = scanned.at.annotations && record(parseRange(bytes, scanned.at.annotations));
  const given = givenSpec(resource, placedOn(scanned.labels, annotations ?? {}), annotations ?? {});
  const spec = valueAt(bytes, ['spec']);
  if (given === undefined || spec === undefined || bytes[spec.start] !== OPEN_BRACE) return plain;
  const { edits, authored } = specEdits(bytes, spec.start, given);
  const label = given.clusterName === undefined ? [] : [labelEdit(scanned, given.clusterName)];
  const all = [...edits, ...label].sort((a, b) => a.start - b.start);
  const encoded = encodeWith(scanned, resource, all);
  const shown = scanObject(encoded.bytes);
  return { scanned: shown, nameAt: encoded.nameAt, given: { ...given, authored }, refs: givenNames(shown, resource) };
}

/** What the cluster gave may name other objects of the cluster. Owners and claims are the author's: plain names of the hub. */
const givenNames = (shown: ScannedObject, resource: ResourceInfo): readonly Reference[] =>
  findReferences(
    { ...shown, at: { ...shown.at, ownerReferences: undefined } },
    referencePaths(resource).filter(({ path }) => path.length === 2),
    shown.namespace,
  );

function specEdits(
  bytes: Buffer,
  from: number,
  { spec }: GivenSpec,
): { edits: Edit[]; authored: Record<string, unknown> } {
  const edits: Edit[] = [];
  const authored: Record<string, unknown> = {};
  let empty = true;
  eachMember(bytes, from, (key, start, end) => {
    empty = false;
    if (!Object.hasOwn(spec, key)) return;
    authored[key] = parseRange(bytes, { start, end });
    edits.push({ start, end, text: JSON.stringify(spec[key]) });
  });
  const added = Object.entries(spec)
    .filter(([field]) => !Object.hasOwn(authored, field))
    .map(([field, value]) => `${JSON.stringify(field)}:${JSON.stringify(value)}`)
    .join();
  if (added !== '') edits.push({ start: from + 1, end: from + 1, text: empty ? added : `${added},` });
  return { edits, authored };
}

/** Takes what a client wrote back and leaves only what it wrote itself. Mutates `object`: a private copy. */
export function withoutGiven(object: unknown, given: ShownGiven): void {
  const fields = record(record(object)?.spec) as Record<string, unknown> | undefined;
  if (fields === undefined) return;
  for (const [field, value] of Object.entries(given.spec)) {
    if (JSON.stringify(plainIn(fields[field], given.clusterName)) !== JSON.stringify(value)) continue;
    if (Object.hasOwn(given.authored, field)) fields[field] = given.authored[field];
    else delete fields[field];
  }
}

/** A name without the cluster that it is shown with where it clashes. */
function plainIn(value: unknown, clusterName: string | undefined): unknown {
  if (typeof value !== 'string') return value;
  const parsed = parseViewName(value);
  return parsed.clusterName === clusterName ? parsed.name : value;
}
