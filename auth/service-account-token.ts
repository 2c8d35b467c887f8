/** Service-account tokens: made by TokenRequest, believed in the workspace that they name and nowhere else. */
import { createHash, randomUUID } from 'node:crypto';
import { importJWK, type JWTPayload, jwtVerify, SignJWT } from 'jose';
import { LRUCache } from 'lru-cache';
import { decodeBody } from '../src/hub/answer/body.ts';
import { valueResponse } from '../src/hub/answer/respond.ts';
import type { HubClient } from '../src/hub/client.ts';
import type { ApiHandler, UserInfo } from '../src/kube/api.ts';
import { invalid, notFound, unauthorized } from '../src/kube/status.ts';
import type { TokenAuthenticator } from './authenticator.ts';
import { serviceAccountGroups } from './impersonate.ts';
import type { SigningKey } from './service-account-keys.ts';

export const SERVICE_ACCOUNTS = { group: '', resource: 'serviceaccounts' };

export interface ServiceAccountTokens {
  /** Handler of `serviceaccounts/token`. */
  readonly request: ApiHandler;
  readonly authenticate: TokenAuthenticator;
}

export interface ServiceAccountOptions {
  readonly key: SigningKey;
  readonly hub: Pick<HubClient, 'get'>;
  /** What the issuer begins with; the workspace's path follows. */
  readonly issuerPrefix: string;
  readonly now?: () => number;
}

/** Bounds of kube-apiserver: at least ten minutes, an hour when not said, a year at most. */
const MIN_SECONDS = 600;
const DEFAULT_SECONDS = 3_600;
const MAX_SECONDS = 31_536_000;
const VERIFIED_KEPT = 10_000;

interface BoundReference {
  readonly kind: string;
  readonly apiVersion?: string;
  readonly name: string;
  readonly uid?: string;
}

interface Claims extends JWTPayload {
  'kubernetes.io': {
    namespace: string;
    serviceaccount: { name: string; uid: string };
    pod?: { name: string; uid: string };
    secret?: { name: string; uid: string };
  };
}

export function createServiceAccountTokens(options: ServiceAccountOptions): ServiceAccountTokens {
  const { hub, key, now = Date.now } = options;
  const issuerOf = (workspace: string) => `${options.issuerPrefix}${workspace}`;
  const publicKey = importJWK(key.publicJwk, 'ES256');
  /** Verified signatures by the token's hash: verifying costs more than all else in a request. */
  const verified = new LRUCache<string, Claims>({ max: VERIFIED_KEPT });

  async function verify(token: string): Promise<Claims> {
    const hash = createHash('sha256').update(token).digest('base64');
    const known = verified.get(hash);
    if (known !== undefined) return known;
    const { payload } = await jwtVerify<Claims>(token, await publicKey, {
      currentDate: new Date(now()),
      algorithms: ['ES256'],
    });
    const ttl = (payload.exp ?? 0) * 1000 - now();
    if (ttl > 0) verified.set(hash, payload, { ttl });
    return payload;
  }

  async function authenticate(
    token: string,
    workspace: string,
    audiences?: readonly string[],
  ): Promise<UserInfo | undefined> {
    if (!looksOurs(token, key.publicJwk.kid)) return undefined;
    const claims = await verify(token).catch(() => {
      throw unauthorized();
    });
    const issuer = issuerOf(workspace);
    const wanted = audiences ?? [issuer];
    const granted = typeof claims.aud === 'string' ? [claims.aud] : (claims.aud ?? []);
    if (claims.iss !== issuer || (claims.exp ?? 0) * 1000 <= now() || !wanted.some((one) => granted.includes(one))) {
      throw unauthorized();
    }
    await requireLive(hub, workspace, claims);
    return toUser(claims);
  }

  const request: ApiHandler = async (asked) => {
    const { workspace, info } = asked;
    const body = decodeBody(asked, { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' }) ?? {};
    const { spec = {} } = body as {
      spec?: { audiences?: string[]; expirationSeconds?: number; boundObjectRef?: BoundReference };
    };
    const account = await hub.get({ workspace, ...SERVICE_ACCOUNTS, namespace: info.namespace, name: info.name });
    if (account === undefined) throw notFound(SERVICE_ACCOUNTS, info.name);
    const seconds = checkedSeconds(spec.expirationSeconds);
    const bound = await boundClaim(hub, workspace, info.namespace, spec.boundObjectRef);
    const issued = Math.floor(now() / 1000);
    const audiences = spec.audiences?.length ? spec.audiences : [issuerOf(workspace)];
    const jti = randomUUID();
    const token = await new SignJWT({
      'kubernetes.io': {
        namespace: info.namespace,
        serviceaccount: { name: info.name, uid: account.metadata.uid ?? '' },
        ...bound,
      },
    })
      .setProtectedHeader({ alg: 'ES256', kid: key.publicJwk.kid })
      .setIssuer(issuerOf(workspace))
      .setSubject(userName(info.namespace, info.name))
      .setAudience(audiences)
      .setIssuedAt(issued)
      .setNotBefore(issued)
      .setExpirationTime(issued + seconds)
      .setJti(jti)
      .sign(key.privateKey);
    return valueResponse(201, {
      kind: 'TokenRequest',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: {
        name: info.name,
        namespace: info.namespace,
        creationTimestamp: new Date(now()).toISOString().replace(/\.\d+/, ''),
      },
      spec: { audiences, expirationSeconds: seconds, boundObjectRef: spec.boundObjectRef ?? null },
      status: { token, expirationTimestamp: new Date((issued + seconds) * 1000).toISOString().replace(/\.\d+/, '') },
    });
  };
  return { request, authenticate };
}

/** Read without trust, only to leave other issuers' tokens to other authenticators. */
function looksOurs(token: string, kid: string): boolean {
  try {
    const header = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString('utf8'));
    return token.split('.').length === 3 && header.kid === kid;
  } catch {
    return false;
  }
}

function checkedSeconds(wanted: number | undefined): number {
  if (wanted === undefined || wanted === null) return DEFAULT_SECONDS;
  const why =
    wanted < MIN_SECONDS
      ? 'may not specify a duration less than 10 minutes'
      : wanted > 2 ** 32
        ? 'may not specify a duration larger than 2^32 seconds'
        : undefined;
  if (why === undefined) return Math.min(wanted, MAX_SECONDS);
  throw invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, '', [
    { reason: 'FieldValueInvalid', message: `Invalid value: ${wanted}: ${why}`, field: 'spec.expirationSeconds' },
  ]);
}

const BINDABLE: Readonly<Record<string, { claim: string; resource: string }>> = {
  Pod: { claim: 'pod', resource: 'pods' },
  Secret: { claim: 'secret', resource: 'secrets' },
};

async function boundClaim(
  hub: Pick<HubClient, 'get'>,
  workspace: string,
  namespace: string,
  reference: BoundReference | undefined,
): Promise<object> {
  if (!reference) return {};
  const bindable = BINDABLE[reference.kind];
  if (bindable === undefined) {
    throw invalid({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, '', [
      {
        reason: 'FieldValueInvalid',
        message: `Invalid value: ${JSON.stringify(reference.kind)}: cannot bind token to this kind`,
        field: 'spec.boundObjectRef',
      },
    ]);
  }
  const resource = { group: '', resource: bindable.resource };
  const object = await hub.get({ workspace, ...resource, namespace, name: reference.name });
  if (object === undefined || (reference.uid && reference.uid !== object.metadata.uid)) {
    throw notFound(resource, reference.name);
  }
  return { [bindable.claim]: { name: reference.name, uid: object.metadata.uid } };
}

/** A token dies with its account, and with the object it is bound to. */
async function requireLive(hub: Pick<HubClient, 'get'>, workspace: string, claims: Claims): Promise<void> {
  const { namespace, serviceaccount, pod, secret } = claims['kubernetes.io'];
  const lives = async (resource: string, of: { name: string; uid: string } | undefined) => {
    if (of === undefined) return true;
    const object = await hub.get({ workspace, group: '', resource, namespace, name: of.name });
    return object?.metadata.uid === of.uid && object.metadata.deletionTimestamp === undefined;
  };
  const all = await Promise.all([
    lives('serviceaccounts', serviceaccount),
    lives('pods', pod),
    lives('secrets', secret),
  ]);
  if (all.includes(false)) throw unauthorized();
}

const userName = (namespace: string, name: string): string => `system:serviceaccount:${namespace}:${name}`;

function toUser(claims: Claims): UserInfo {
  const { namespace, serviceaccount, pod } = claims['kubernetes.io'];
  return {
    name: userName(namespace, serviceaccount.name),
    uid: serviceaccount.uid,
    groups: serviceAccountGroups(namespace),
    extra: {
      'authentication.kubernetes.io/credential-id': [`JTI=${claims.jti}`],
      ...(pod === undefined
        ? {}
        : { 'authentication.kubernetes.io/pod-name': [pod.name], 'authentication.kubernetes.io/pod-uid': [pod.uid] }),
    },
  };
}
