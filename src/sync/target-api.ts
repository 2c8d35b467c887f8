/** The few calls that the syncer makes to one cluster, within its rate. HTTP answers become results, or SyncProblem. */

import type { Downstream } from '../clusters/downstream.ts';
import { SYNCER_FIELD_MANAGER } from '../hub/kinds/workload.ts';
import { parseJson, stringifyJson } from '../kube/exact-json.ts';
import { at, list, number, text } from '../kube/fields.ts';
import type { KubeObject } from '../kube/object.ts';
import { type ResourceInfo, resourcePath } from '../kube/resource.ts';
import type { TokenBucket } from './token-bucket.ts';

/** The cluster understood the request and refused it. Retrying helps only when something changes. */
export class SyncProblem extends Error {
  readonly code: number;
  /** For the Event: UpperCamelCase. */
  readonly reason: string;
  constructor(code: number, reason: string, message: string) {
    super(message);
    this.name = 'SyncProblem';
    this.code = code;
    this.reason = reason;
  }
}

/** Somebody else holds fields that the workspace authored, with other values, and nobody has decided whose stand. */
export class SyncConflict extends SyncProblem {}

export interface TargetApi {
  /**
   * Server-side apply by `tmc-syncer`. Answers the object as stored. `force: false`: throws SyncConflict where others hold
   * a field with another value, and writes nothing.
   */
  apply(resource: ResourceInfo, object: KubeObject, force?: boolean): Promise<KubeObject>;
  /** Undefined when it is not there. */
  get(resource: ResourceInfo, namespace: string, name: string): Promise<KubeObject | undefined>;
  /** `gone`: the cluster confirms that no such object is left. `uid` must still be the object's; default Background. */
  remove(
    resource: ResourceInfo,
    namespace: string,
    name: string,
    uid: string,
    propagation?: Propagation,
  ): Promise<'gone' | 'pending'>;
}

/** What becomes of an object's dependents when it is deleted. */
export type Propagation = 'Background' | 'Foreground' | 'Orphan';

export function targetApi(downstream: Downstream, bucket: TokenBucket, signal: AbortSignal): TargetApi {
  async function call(
    method: string,
    path: string,
    body?: object,
    contentType = 'application/json',
  ): Promise<{ status: number; body: unknown }> {
    await bucket.take();
    const answer = await downstream.fetch({
      method,
      path,
      signal,
      headers: { accept: 'application/json', ...(body === undefined ? {} : { 'content-type': contentType }) },
      ...(body === undefined ? {} : { body: stringifyJson(body) }),
    });
    return { status: answer.status, body: parseJson(answer.body.toString('utf8')) };
  }

  return {
    async apply(resource, object, force = true) {
      const { namespace, name } = object.metadata;
      const path = `${resourcePath(resource, namespace, name)}?fieldManager=${SYNCER_FIELD_MANAGER}&force=${force}`;
      const answer = await call('PATCH', path, object, 'application/apply-patch+yaml');
      if (answer.status === 409 && !force) throw conflict(downstream.clusterName, answer);
      if (answer.status >= 300) throw problem(downstream.clusterName, answer);
      return answer.body as KubeObject;
    },
    async get(resource, namespace, name) {
      const answer = await call('GET', resourcePath(resource, namespace, name));
      if (answer.status === 404) return undefined;
      if (answer.status >= 300) throw problem(downstream.clusterName, answer);
      return answer.body as KubeObject;
    },
    async remove(resource, namespace, name, uid, propagation = 'Background') {
      const answer = await call('DELETE', resourcePath(resource, namespace, name), {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        propagationPolicy: propagation,
        preconditions: { uid },
      });
      if (answer.status === 404) return 'gone';
      if (answer.status >= 300) throw problem(downstream.clusterName, answer);
      // A Status says that it was removed at once; the object itself, that finalizers or a grace period hold it.
      return at(answer.body, 'kind') === 'Status' ? 'gone' : 'pending';
    },
  };
}

function problem(clusterName: string, { status, body }: { status: number; body: unknown }): SyncProblem {
  const message = text(at(body, 'message')) ?? `HTTP ${status}`;
  const code = number(at(body, 'code')) ?? status;
  return new SyncProblem(code, text(at(body, 'reason')) ?? 'SyncFailed', `${clusterName}: ${message}`);
}

/** `east: .spec.replicas is held by "kubectl-scale"`, from the causes that kube-apiserver gives. */
function conflict(clusterName: string, answer: { status: number; body: unknown }): SyncProblem {
  const held = list(at(answer.body, 'details', 'causes')).flatMap((cause) => {
    const manager = /^conflict with ("[^"]*")/.exec(text(at(cause, 'message')) ?? '')?.[1];
    const field = text(at(cause, 'field'));
    return field === undefined || manager === undefined ? [] : [`${field} is held by ${manager}`];
  });
  return held.length === 0
    ? problem(clusterName, answer)
    : new SyncConflict(409, 'Conflict', `${clusterName}: ${held.join(', ')}`);
}
