/** A hub object as its copy in one cluster: what is sent with server-side apply. Pure; the input is not changed. */
import { createHash } from 'node:crypto';
import { applyPatch, type Operation } from 'rfc6902';
import {
  APPLIED_HASH_ANNOTATION,
  CLUSTER_STATUSES_ANNOTATION,
  COPY_LABEL,
  COPY_UID_ANNOTATION,
  DELETION_ANNOTATION_PREFIX,
  GIVEN_SPEC_ANNOTATION_PREFIX,
  MOVED_AT_ANNOTATION,
  RESOLVE_CONFLICT_ANNOTATION,
  SPEC_DIFF_ANNOTATION_PREFIX,
  STATE_LABEL_PREFIX,
  STATUS_ANNOTATION_PREFIX,
  SYNC_CONFLICT_ANNOTATION_PREFIX,
  SYNC_ERROR_ANNOTATION_PREFIX,
} from '../hub/kinds/workload.ts';
import { at, record } from '../kube/fields.ts';
import { locatorJson, NAMESPACE_LOCATOR_ANNOTATION } from '../kube/namespace-locator.ts';
import type { KubeObject } from '../kube/object.ts';
import { locatorFor, namespaceIn, type TargetIdentity } from './downstream-namespace.ts';

/** Fields whose values each cluster gives itself; a value that the author chose is kept where it can be told apart. */
const CLUSTER_OWNED: Readonly<Record<string, (spec: Record<string, unknown>) => void>> = {
  Service: (spec) => {
    if (spec.clusterIP !== 'None') {
      delete spec.clusterIP;
      delete spec.clusterIPs;
    }
    delete spec.healthCheckNodePort;
    delete spec.ipFamilies;
  },
  Pod: (spec) => {
    delete spec.nodeName;
    // Added to what runs there, by its subresource; nobody may create a pod with them.
    delete spec.ephemeralContainers;
  },
  PersistentVolumeClaim: (spec) => {
    delete spec.volumeName;
  },
};

const OURS = [
  STATE_LABEL_PREFIX,
  SPEC_DIFF_ANNOTATION_PREFIX,
  DELETION_ANNOTATION_PREFIX,
  STATUS_ANNOTATION_PREFIX,
  GIVEN_SPEC_ANNOTATION_PREFIX,
  SYNC_ERROR_ANNOTATION_PREFIX,
  SYNC_CONFLICT_ANNOTATION_PREFIX,
];
/** Written by kubectl and by the cluster's own controllers: not the author's wish. */
const LOCAL_ANNOTATIONS = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'deployment.kubernetes.io/revision',
  APPLIED_HASH_ANNOTATION,
  COPY_UID_ANNOTATION,
  MOVED_AT_ANNOTATION,
  RESOLVE_CONFLICT_ANNOTATION,
  CLUSTER_STATUSES_ANNOTATION,
]);

export interface DesiredCopy {
  readonly object: KubeObject;
  /** Digest of the copy without itself. */
  readonly hash: string;
}

/** What authors' ResourceTransforms do to the copy: changes the draft that it is given. */
export type TransformDraft = (draft: KubeObject) => void;

/**
 * The copy of `hubObject` for `target`: transformed, then with the spec difference that placement wrote, which has the last
 * word. Throws what `transform` throws, and Error when the target's spec-diff does not apply, with why.
 */
export function toDownstream(
  target: TargetIdentity,
  workspace: string,
  hubObject: KubeObject,
  transform?: TransformDraft,
): DesiredCopy {
  const { metadata, status: _status, ...content } = hubObject;
  const { namespace = '', name = '', uid = '' } = metadata;
  const own = { labels: authored(metadata.labels), annotations: authored(metadata.annotations) };
  const draft: KubeObject = structuredClone({ ...content, metadata: own }) as KubeObject;
  transform?.(draft);
  const { labels, annotations } = draft.metadata;
  const diff = metadata.annotations?.[SPEC_DIFF_ANNOTATION_PREFIX + target.key];
  if (diff !== undefined) draft.spec = patchedSpec(draft.spec, diff);
  const spec = record(draft.spec);
  if (spec !== undefined && Object.hasOwn(CLUSTER_OWNED, hubObject.kind)) CLUSTER_OWNED[hubObject.kind]?.(spec);
  if (Array.isArray(draft.subjects)) draft.subjects = subjectsIn(target, workspace, draft.subjects);
  const copyNamespace = namespaceIn(target, workspace, namespace);
  draft.metadata = {
    name,
    ...(copyNamespace === '' ? {} : { namespace: copyNamespace }),
    labels: { ...labels, [COPY_LABEL]: target.key },
    annotations: {
      ...annotations,
      [COPY_UID_ANNOTATION]: uid,
      // A copy without a namespace of ours says itself whose it is.
      ...(namespace === '' || target.namespaceMapping === 'Identity'
        ? { [NAMESPACE_LOCATOR_ANNOTATION]: locatorJson(locatorFor(target, workspace, namespace)) }
        : {}),
    },
  };
  const hash = createHash('sha256').update(JSON.stringify(draft)).digest('base64url').slice(0, 22);
  draft.metadata.annotations = { ...draft.metadata.annotations, [APPLIED_HASH_ANNOTATION]: hash };
  return { object: draft, hash };
}

function patchedSpec(spec: unknown, diff: string): unknown {
  const root = { spec: spec ?? {} };
  const operations = (JSON.parse(diff) as Operation[]).map((operation) => ({
    ...operation,
    path: `/spec${operation.path}`,
    ...('from' in operation ? { from: `/spec${operation.from}` } : {}),
  })) as Operation[];
  const failed = applyPatch(root, operations).find((error) => error !== null);
  if (failed) throw new Error(`its spec difference does not apply: ${failed.message}`);
  return root.spec;
}

const authored = (entries: Readonly<Record<string, string>> = {}): Record<string, string> =>
  Object.fromEntries(
    Object.entries(entries).filter(
      ([name]) => !LOCAL_ANNOTATIONS.has(name) && !OURS.some((prefix) => name.startsWith(prefix)),
    ),
  );

/** ServiceAccounts in RoleBinding subjects are named with their namespace. */
const subjectsIn = (target: TargetIdentity, workspace: string, subjects: readonly unknown[]): unknown[] =>
  subjects.map((subject) => {
    const namespace = at(subject, 'namespace');
    return typeof namespace === 'string'
      ? { ...record(subject), namespace: namespaceIn(target, workspace, namespace) }
      : subject;
  });
