/**
 * Tokens that a cluster gives for its service account and that expire, for clusters that fill in no long-lived one.
 * The registration's annotation says from when to when the present one holds; it is renewed with itself in good time.
 */
import type { HubClient } from '../hub/client.ts';
import type { ClusterRegistration } from '../hub/kinds/workload.ts';
import type { KubeObject } from '../kube/object.ts';
import { clusterError } from './classify-error.ts';
import type { Downstream } from './downstream.ts';
import { JOIN_ACCOUNT, JOIN_NAMESPACE } from './join-manifests.ts';
import { CLUSTER_REGISTRATIONS, SECRETS } from './kinds.ts';

/** `<issued>/<expires>`, RFC 3339. */
export const TOKEN_ANNOTATION = 'tmc.kcp.io/token-validity';
export const TOKEN_PATH = `/api/v1/namespaces/${JOIN_NAMESPACE}/serviceaccounts/${JOIN_ACCOUNT}/token`;
const YEAR_SECONDS = 365 * 24 * 3600;
/** Share of its life after which a token is renewed: many tries are left then. */
const RENEW_AFTER = 0.7;

export const tokenRequest = (): object => ({
  apiVersion: 'authentication.k8s.io/v1',
  kind: 'TokenRequest',
  spec: { expirationSeconds: YEAR_SECONDS },
});

export interface IssuedToken {
  readonly token: string;
  /** RFC 3339. */
  readonly expires: string;
}

/** Undefined where the answer holds no token. */
export function issuedToken(answer: unknown): IssuedToken | undefined {
  const { token, expirationTimestamp } =
    (answer as { status?: { token?: string; expirationTimestamp?: string } } | undefined)?.status ?? {};
  return token && expirationTimestamp ? { token, expires: expirationTimestamp } : undefined;
}

export const validityOf = (now: number, expires: string): string => `${new Date(now).toISOString()}/${expires}`;

/** Pure. False for tokens that do not expire. */
export function isRenewalDue(annotation: string | undefined, now: number): boolean {
  const [issued, expires] = (annotation ?? '').split('/').map((time) => Date.parse(time));
  if (issued === undefined || expires === undefined || Number.isNaN(issued + expires)) return false;
  return now >= issued + (expires - issued) * RENEW_AFTER;
}

/** Writes a new token into the Secret, where the registry takes it from. Throws ClusterError or ApiError. */
export async function renewToken(
  hub: Pick<HubClient, 'patch'>,
  downstream: Downstream,
  registration: ClusterRegistration,
  now: number,
): Promise<void> {
  const { workspace, clusterName } = downstream;
  const { status, body } = await downstream.fetch({
    method: 'POST',
    path: TOKEN_PATH,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(tokenRequest()),
  });
  const issued = status === 201 ? issuedToken(JSON.parse(body.toString('utf8'))) : undefined;
  if (issued === undefined)
    throw clusterError(clusterName, 'authentication', `a new token was answered with ${status}`);
  const data = { token: Buffer.from(issued.token).toString('base64') };
  await hub.patch<KubeObject>(
    { ...SECRETS, workspace, ...registration.spec.credentials.secretRef },
    { type: 'merge', body: { data } },
  );
  const annotations = { [TOKEN_ANNOTATION]: validityOf(now, issued.expires) };
  await hub.patch(
    { ...CLUSTER_REGISTRATIONS, workspace, name: clusterName },
    { type: 'merge', body: { metadata: { annotations } } },
  );
}
