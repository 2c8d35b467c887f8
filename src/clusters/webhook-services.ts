/**
 * Webhooks that name a Service: it runs in the workspace's clusters, where its copies were placed, and is reached through
 * the service proxy of one of them. The cluster's API server vouches for who answers there: it does not verify the
 * webhook's certificate, and the `caBundle` is not needed.
 */
import { type ServiceCaller, type WebhookAnswer, WebhookCallError } from '../hub/admission/webhook-client.ts';
import type { WebhookService } from '../hub/admission/webhook-configuration.ts';
import { downstreamNamespace } from '../kube/namespace-locator.ts';
import type { Status } from '../kube/status.ts';
import { ClusterError, type ClusterRegistry, type Downstream } from './downstream.ts';

const MAX_ANSWER_BYTES = 8 * 1024 * 1024;
const DEFAULT_PORT = 443;

/** `registry` answers undefined until it is there. */
export function webhookServices(registry: () => Pick<ClusterRegistry, 'visibleTo'> | undefined): ServiceCaller {
  return async ({ workspace, service, body, timeoutSeconds, signal }) => {
    const url = `https://${service.name}.${service.namespace}.svc:${service.port ?? DEFAULT_PORT}${service.path ?? ''}`;
    const why = (reason: string): WebhookCallError =>
      new WebhookCallError(`Post "${url}?timeout=${timeoutSeconds}s": ${reason}`);
    const clusters = (registry()?.visibleTo(workspace) ?? []).filter((cluster) => isUp(cluster));
    let reason = clusters.length === 0 ? 'the workspace has no cluster that it could run in' : '';
    for (const cluster of clusters) {
      const outcome = await ask(cluster, workspace, service, { body, timeoutSeconds, signal });
      if (typeof outcome !== 'string') return outcome;
      if (signal.aborted) throw why('context deadline exceeded');
      reason = outcome;
    }
    throw why(reason);
  };
}

const isUp = (cluster: Downstream): boolean => ['Healthy', 'Degraded'].includes(cluster.health().state);

interface Question {
  readonly body: string;
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
}

/** The webhook's answer, or why this cluster has none: another one may. */
async function ask(
  cluster: Downstream,
  workspace: string,
  { name, namespace, path = '', port = DEFAULT_PORT }: WebhookService,
  { body, timeoutSeconds, signal }: Question,
): Promise<WebhookAnswer | string> {
  const syncTarget = { workspace: cluster.workspace, name: cluster.clusterName, uid: cluster.uid };
  const there =
    cluster.namespaceMapping === 'Identity' ? namespace : downstreamNamespace({ syncTarget, workspace, namespace });
  const proxied = `/api/v1/namespaces/${encodeURIComponent(there)}/services/https:${encodeURIComponent(name)}:${port}/proxy${path}`;
  const headers = { 'content-type': 'application/json', accept: 'application/json, */*' };
  try {
    const answer = await cluster.fetch(
      { method: 'POST', path: `${proxied}?timeout=${timeoutSeconds}s`, headers, body, signal },
      MAX_ANSWER_BYTES,
    );
    const absent = absence(answer.status, answer.body);
    if (absent) return `service ${JSON.stringify(name)} not found`;
    if (absent === undefined) return `no endpoints available for service ${JSON.stringify(name)}`;
    return { status: answer.status, contentType: answer.headers['content-type'] ?? '', body: answer.body };
  } catch (error) {
    if (error instanceof ClusterError || signal.aborted) return `cluster ${cluster.clusterName} does not answer`;
    throw error;
  }
}

/** True: the API server knows no such Service or namespace. Undefined: nothing stands behind it. False: the webhook spoke. */
function absence(status: number, body: Buffer): boolean | undefined {
  if (status !== 404 && status !== 503) return false;
  try {
    const { kind, reason, details } = JSON.parse(body.toString('utf8')) as Partial<Status>;
    if (kind !== 'Status') return false;
    if (status === 404) return details?.kind === 'services' || details?.kind === 'namespaces';
    return reason === 'ServiceUnavailable' ? undefined : false;
  } catch {
    return false;
  }
}
