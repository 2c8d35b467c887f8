/**
 * Admission: what people author is shown to a cluster that could take it, by a server-side dry-run, before the hub stores
 * it. The cluster knows rules that the hub does not (newer fields, webhooks of its own); the hub's own rules have been
 * asked by then, so where no cluster answers in time nothing is lost but the second look. What a cluster would add to the
 * object (sidecars, tokens) is its own affair and stays there.
 */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { LRUCache } from 'lru-cache';
import type { AdmissionRequest, AdmissionStep } from '../hub/core.ts';
import { STATE_LABEL_PREFIX } from '../hub/kinds/workload.ts';
import type { ResourceDefinition } from '../hub/resource-definition.ts';
import { downstreamNamespace } from '../kube/namespace-locator.ts';
import type { KubeObject } from '../kube/object.ts';
import { groupResourceName, resourcePath } from '../kube/resource.ts';
import { ApiError } from '../kube/status.ts';
import { within } from '../kube/within.ts';
import { ClusterError, type ClusterRegistry, type Downstream } from './downstream.ts';
import { dryRunVerdict, type Verdict } from './dry-run-verdict.ts';

export interface ClusterValidationOptions {
  /** Undefined until the registry is there. */
  readonly registry: () => Pick<ClusterRegistry, 'visibleTo'> | undefined;
  /** How long a write may wait for a cluster's word. */
  readonly deadlineMs: number;
  readonly now: () => number;
}

/** Says on the request's audit record who looked at the object. */
export const VALIDATED_BY = 'tmc.kcp.io/validated-by';

/** Built-in kinds of which a cluster has more to say than the hub's own tables; custom kinds are always asked about. */
const ASKED = new Set([
  'cronjobs.batch',
  'daemonsets.apps',
  'deployments.apps',
  'horizontalpodautoscalers.autoscaling',
  'ingresses.networking.k8s.io',
  'jobs.batch',
  'networkpolicies.networking.k8s.io',
  'persistentvolumeclaims',
  'poddisruptionbudgets.policy',
  'pods',
  'replicasets.apps',
  'replicationcontrollers',
  'services',
  'statefulsets.apps',
]);

/** A cluster that was of no use is not asked about the kind for so long. */
const REST_MS = { briefly: 10_000, lasting: 300_000 };
/** Questions to one cluster at a time: more would wait in line longer than they may. */
const MAX_ASKED = 16;
/** The same object again (apply loops, retries) is valid for so long. */
const VALID_MS = 60_000;
const KEPT = 5_000;

export function clusterValidation(options: ClusterValidationOptions): AdmissionStep {
  const inquiry = new Inquiry(options);
  return {
    name: 'ClusterValidation',
    validate(request) {
      const { operation, target, object, old } = request;
      if (request.options.user === undefined || operation === 'delete' || target.subresource !== '') return;
      if (!isAsked(target.definition)) return;
      const clusters = options.registry()?.visibleTo(target.workspace) ?? [];
      if (clusters.length === 0 || (old !== undefined && isDeepStrictEqual(desired(object), desired(old)))) return;
      return inquiry.ask(clusters, request);
    },
  };
}

const isAsked = ({ info, custom }: ResourceDefinition): boolean =>
  info.namespaced && (custom || ASKED.has(groupResourceName(info)));

/** What a cluster is asked about. */
function desired({ metadata: _m, status: _s, ...rest }: KubeObject): object {
  return rest;
}

class Inquiry {
  private readonly options: ClusterValidationOptions;
  private readonly resting: LRUCache<string, number>;
  private readonly valid: LRUCache<string, number>;
  private readonly asking = new WeakMap<Downstream, number>();

  constructor(options: ClusterValidationOptions) {
    this.options = options;
    this.resting = new LRUCache({ max: KEPT });
    this.valid = new LRUCache({ max: KEPT });
  }

  /** Throws ApiError where a cluster finds the object invalid. */
  async ask(clusters: readonly Downstream[], request: AdmissionRequest): Promise<void> {
    const { options, target, warn } = request;
    const cluster =
      this.choose(standsIn(clusters, request), target.definition) ?? this.choose(clusters, target.definition);
    const verdict: Verdict =
      cluster === undefined
        ? { kind: 'unable', reason: 'no cluster at hand', lasting: false }
        : await this.verdict(cluster, request);
    if (cluster !== undefined && verdict.kind !== 'unable' && verdict.kind !== 'no namespace') {
      options.annotate?.(VALIDATED_BY, cluster.clusterName);
      if (verdict.kind === 'invalid') {
        const { code = 422, reason = 'Invalid', message = '', details } = verdict.status;
        throw new ApiError(code, reason, message, details);
      }
      if (verdict.kind === 'objection') warn(`cluster "${cluster.clusterName}" would refuse this: ${verdict.message}`);
      return;
    }
    options.annotate?.(VALIDATED_BY, `hub (${verdict.kind === 'unable' ? verdict.reason : verdict.kind})`);
    if (target.definition.validate === undefined && !target.definition.custom)
      warn(`no cluster could be asked about this ${target.definition.info.kind}: only its type was checked`);
  }

  /** The newest that serves the kind and is of use just now: an older one may not know what a newer one takes. */
  private choose(clusters: readonly Downstream[], { info }: ResourceDefinition): Downstream | undefined {
    const now = this.options.now();
    return clusters
      .filter((cluster) => {
        const { state } = cluster.health();
        if (state !== 'Healthy' && state !== 'Degraded') return false;
        if ((this.resting.get(restKey(cluster, info)) ?? 0) > now) return false;
        if ((this.asking.get(cluster) ?? 0) >= MAX_ASKED) return false;
        return cluster
          .discovery()
          ?.resources.some(
            ({ group, version, resource }) =>
              group === info.group && version === info.version && resource === info.resource,
          );
      })
      .sort((a, b) => compareVersions(versionOf(b), versionOf(a)) || (a.clusterName < b.clusterName ? -1 : 1))[0];
  }

  private async verdict(cluster: Downstream, request: AdmissionRequest): Promise<Verdict> {
    const { workspace, namespace, definition } = request.target;
    const own =
      cluster.namespaceMapping === 'Identity'
        ? namespace
        : downstreamNamespace({
            syncTarget: { workspace: cluster.workspace, name: cluster.clusterName, uid: cluster.uid },
            workspace,
            namespace,
          });
    const { object, operation } = request;
    const until = this.options.now() + this.options.deadlineMs;
    const ask = (verb: Verb, namespace: string): Promise<Verdict> =>
      this.dryRun(cluster, definition, object, { verb, namespace, own: namespace === own }, until);
    const first = await ask(operation === 'update' ? 'apply' : 'create', own);
    // Any namespace will do to learn whether the object is valid; its policies are nothing to it.
    if (first.kind === 'no namespace') return ask('create', 'default');
    if (operation !== 'update' || first.kind !== 'invalid') return first;
    // No cluster could hold it; or what stands in this one cannot become it, and another one's may.
    const anew = await ask('create', own);
    return anew.kind === 'invalid' ? anew : { kind: 'objection', message: first.status.message ?? '' };
  }

  private async dryRun(
    cluster: Downstream,
    { info }: ResourceDefinition,
    object: KubeObject,
    { verb, namespace, own }: Question,
    until: number,
  ): Promise<Verdict> {
    const body = JSON.stringify(question(object, namespace));
    const known = `${cluster.key} ${verb} ${createHash('sha256').update(body).digest('base64')}`;
    const now = this.options.now();
    if ((this.valid.get(known) ?? 0) > now) return { kind: 'valid' };
    const deadlineMs = until - now;
    if (deadlineMs <= 0) return { kind: 'unable', reason: 'no answer in time', lasting: false };
    this.asking.set(cluster, (this.asking.get(cluster) ?? 0) + 1);
    const collection = resourcePath(info, namespace);
    const path = verb === 'create' ? collection : `${collection}/${encodeURIComponent(object.metadata.name ?? '')}`;
    const request = { ...REQUESTS[verb], path: `${path}?${REQUESTS[verb].query}`, body };
    const verdict = await this.send(cluster, request, deadlineMs, own);
    this.asking.set(cluster, (this.asking.get(cluster) ?? 1) - 1);
    if (verdict.kind === 'valid') this.valid.set(known, this.options.now() + VALID_MS);
    if (verdict.kind === 'unable' && own)
      this.resting.set(
        restKey(cluster, info),
        this.options.now() + (verdict.lasting ? REST_MS.lasting : REST_MS.briefly),
      );
    return verdict;
  }

  private async send(
    cluster: Downstream,
    {
      method,
      path,
      type,
      body,
    }: { readonly method: string; readonly path: string; readonly type: string; readonly body: string },
    deadlineMs: number,
    ownNamespace: boolean,
  ): Promise<Verdict> {
    // Giving up says nothing about the cluster: its breaker does not count it. And the whole answer must come in time.
    const headers = { 'content-type': type, accept: 'application/json' };
    try {
      const answer = await within(deadlineMs, cluster.signal, (signal) =>
        cluster.fetch({ method, path, headers, body, signal }, MAX_ANSWER_BYTES),
      );
      return dryRunVerdict(answer.status, answer.body.toString('utf8'), ownNamespace);
    } catch (error) {
      const reason = error instanceof ClusterError ? error.kind : 'no answer in time';
      return { kind: 'unable', reason, lasting: false };
    }
  }
}

const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

type Verb = 'create' | 'apply';

interface Question {
  readonly verb: Verb;
  readonly namespace: string;
  /** The namespace is the one in which the object would stand. */
  readonly own: boolean;
}

/** The hub has told of unknown fields. */
const QUERY = 'dryRun=All&fieldValidation=Ignore';

/**
 * A new object is created. A changed one is applied as the syncer will: what stands there becomes it, under the cluster's rules for
 * updates; fields that are left out go, as only their manager can make them; where nothing stands it is created.
 */
const REQUESTS: Readonly<Record<Verb, { readonly method: string; readonly type: string; readonly query: string }>> = {
  create: { method: 'POST', type: 'application/json', query: `${QUERY}&fieldManager=tmc-gateway` },
  apply: {
    method: 'PATCH',
    type: 'application/apply-patch+yaml',
    query: `${QUERY}&fieldManager=tmc-syncer&force=true`,
  },
};

/** Of an update: the clusters in which the object was placed; else none. */
const standsIn = (clusters: readonly Downstream[], { operation, object }: AdmissionRequest): readonly Downstream[] =>
  operation === 'update'
    ? clusters.filter(({ key }) => object.metadata.labels?.[`${STATE_LABEL_PREFIX}${key}`] !== undefined)
    : [];

const restKey = ({ key }: Downstream, { group, version, resource }: ResourceDefinition['info']): string =>
  `${key} ${group}/${version}/${resource}`;

/** As the cluster would be told to create it; what the hub gave it stays here. */
function question({ apiVersion, kind, metadata, status: _s, ...rest }: KubeObject, namespace: string): object {
  const { name, labels, annotations } = metadata;
  return { apiVersion, kind, metadata: { name, namespace, labels, annotations }, ...rest };
}

const versionOf = (cluster: Downstream): string => cluster.discovery()?.serverVersion.gitVersion ?? '';

/** `v1.37.1` by its numbers. */
function compareVersions(a: string, b: string): number {
  const numbers = (text: string): number[] => (text.match(/\d+/g) ?? []).slice(0, 3).map(Number);
  const [left, right] = [numbers(a), numbers(b)];
  for (const at of [0, 1, 2]) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
