/**
 * What a cluster gives an object, not its author: a Pod's node, a claim's volume. An object that lives in exactly one
 * cluster is shown with it; a Service that lives in several, with the address that the first gave it: that it has one is
 * what clients take for its being ready (Helm's --wait). The syncer reports it as an annotation, as it does the status; the hub's spec stays the author's.
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

/** Members that one cluster's word stands for when there are several. */
const ANY_CLUSTERS: Readonly<Record<string, readonly string[]>> = {
  'v1/Service': ['clusterIP', 'clusterIPs'],
};

export interface GivenSpec {
  /** Undefined: it lives in several. */
  readonly clusterName: string | undefined;
  readonly spec: Readonly<Record<string, unknown>>;
}

/** Empty for kinds of which clusters decide nothing. */
export const givenFields = (kind: GroupVersionKind): readonly string[] => fieldsOf(GIVEN_FIELDS, kind);

function fieldsOf(table: typeof GIVEN_FIELDS, kind: GroupVersionKind): readonly string[] {
  const key = `${apiVersionOf(kind)}/${kind.kind}`;
  return Object.hasOwn(table, key) ? (table[key] as readonly string[]) : [];
}

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

/**
 * What the clusters of an object reported; undefined where nothing was (yet), by each of them, or where it is in several and
 * what they say differs.
 */
export function givenSpec(
  kind: GroupVersionKind,
  placedOn: readonly string[],
  annotations: Readonly<Record<string, unknown>>,
): GivenSpec | undefined {
  const reports = placedOn.map((key) => reportIn(annotations[GIVEN_SPEC_ANNOTATION_PREFIX + key]));
  const [first] = reports;
  if (first === undefined || reports.includes(undefined)) return undefined;
  if (reports.length === 1) return first;
  const shared = fieldsOf(ANY_CLUSTERS, kind).filter((field) => Object.hasOwn(first.spec, field));
  if (shared.length === 0) return undefined;
  return { clusterName: undefined, spec: Object.fromEntries(shared.map((field) => [field, first.spec[field]])) };
}

function reportIn(annotation: unknown): GivenSpec | undefined {
  if (annotation === undefined) return undefined;
  try {
    const report = record(JSON.parse(String(annotation)));
    const spec = record(report?.spec);
    return typeof report?.cluster === 'string' && spec !== undefined
      ? { clusterName: report.cluster, spec }
      : undefined;
  } catch {
    return undefined;
  }
}
