/**
 * What a cluster gives an object, not its author: a Pod's node, a claim's volume. An object that lives in exactly one
 * cluster is shown with it. The syncer reports it as an annotation, as it does the status; the hub's spec stays the author's.
 */
import { record } from '../../kube/fields.ts';
import type { KubeObject } from '../../kube/object.ts';
import { apiVersionOf, type GroupVersionKind } from '../../kube/resource.ts';
import { GIVEN_SPEC_ANNOTATION_PREFIX } from './workload.ts';

/** Members of `.spec` that clusters decide, by apiVersion and kind. */
const GIVEN_FIELDS: Readonly<Record<string, readonly string[]>> = {
  'v1/Pod': ['nodeName', 'ephemeralContainers'],
  'v1/PersistentVolumeClaim': ['volumeName'],
  'v1/Service': ['clusterIP', 'clusterIPs'],
  'batch/v1/Job': ['selector'],
};

export interface GivenSpec {
  readonly clusterName: string;
  readonly spec: Readonly<Record<string, unknown>>;
}

/** Empty for kinds of which clusters decide nothing. */
export const givenFields = (kind: GroupVersionKind): readonly string[] => {
  const key = `${apiVersionOf(kind)}/${kind.kind}`;
  return Object.hasOwn(GIVEN_FIELDS, key) ? (GIVEN_FIELDS[key] as readonly string[]) : [];
};

/** The annotation's text; undefined where the cluster has given nothing (yet). */
export function givenReport({ apiVersion, kind, spec }: KubeObject, clusterName: string): string | undefined {
  const key = `${apiVersion}/${kind}`;
  const given = record(spec);
  if (!Object.hasOwn(GIVEN_FIELDS, key) || given === undefined) return undefined;
  const present = (GIVEN_FIELDS[key] as readonly string[]).filter((field) => Object.hasOwn(given, field));
  if (present.length === 0) return undefined;
  return JSON.stringify({
    cluster: clusterName,
    spec: Object.fromEntries(present.map((field) => [field, given[field]])),
  });
}

/** What the only cluster of an object reported; undefined where it is in none or several, or nothing was reported. */
export function givenSpec(
  placedOn: readonly string[],
  annotations: Readonly<Record<string, unknown>>,
): GivenSpec | undefined {
  const name = GIVEN_SPEC_ANNOTATION_PREFIX + placedOn[0];
  if (placedOn.length !== 1 || !Object.hasOwn(annotations, name)) return undefined;
  try {
    const report = record(JSON.parse(String(annotations[name])));
    const spec = record(report?.spec);
    return typeof report?.cluster === 'string' && spec !== undefined
      ? { clusterName: report.cluster, spec }
      : undefined;
  } catch {
    return undefined;
  }
}
