/** ID tokens of OpenID Connect issuers. Keys are fetched on first need and kept by `jose`. */
import { createHash } from 'node:crypto';
import { createRemoteJWKSet, decodeJwt, type JWTPayload, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import type { UserInfo } from '../src/kube/api.ts';
import { unauthorized } from '../src/kube/status.ts';
import type { TokenAuthenticator } from './authenticator.ts';

export interface OidcIssuer {
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly usernameClaim: string;
  readonly usernamePrefix: string;
  readonly groupsClaim?: string | undefined;
  readonly groupsPrefix: string;
}

type Keys = ReturnType<typeof createRemoteJWKSet>;

const DISCOVERY_DEADLINE_MS = 10_000;
/** Asymmetric ones only: a shared secret would let a client sign for itself. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512'];

/** Throws 401 for a token of this issuer that does not hold; leaves other issuers' tokens alone. */
export function oidcTokens(config: OidcIssuer): TokenAuthenticator {
  let keys: Promise<Keys> | undefined;
  const verified = new LRUCache<string, UserInfo>({ max: 10_000 });
  const keySet = (): Promise<Keys> => {
    keys ??= discoverKeys(config.issuer).catch((error) => {
      keys = undefined;
      throw error;
    });
    return keys;
  };
  return async (token, _workspace, audiences) => {
    if (issuerOf(token) !== config.issuer) return undefined;
    const hash = createHash('sha256').update(token).digest('base64');
    const known = audiences === undefined ? verified.get(hash) : undefined;
    if (known !== undefined) return known;
    try {
      const { payload } = await jwtVerify(token, await keySet(), {
        issuer: config.issuer,
        audience: [...(audiences ?? config.audiences)],
        algorithms: ALGORITHMS,
        requiredClaims: ['exp'],
      });
      const user = toUser(config, payload);
      const ttl = (payload.exp ?? 0) * 1000 - Date.now();
      if (ttl > 0 && audiences === undefined) verified.set(hash, user, { ttl });
      return user;
    } catch {
      throw unauthorized();
    }
  };
}

async function discoverKeys(issuer: string): Promise<Keys> {
  const response = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, {
    signal: AbortSignal.timeout(DISCOVERY_DEADLINE_MS),
  });
  if (!response.ok) throw new Error(`discovery of ${issuer} answered ${response.status}`);
  const { jwks_uri: uri, issuer: named } = (await response.json()) as { jwks_uri: string; issuer: string };
  if (named !== issuer) throw new Error(`${issuer} names itself ${named}`);
  return createRemoteJWKSet(new URL(uri));
}

function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

function toUser(config: OidcIssuer, claims: JWTPayload): UserInfo {
  const name = claims[config.usernameClaim];
  if (typeof name !== 'string' || name === '') throw new Error(`the token has no claim "${config.usernameClaim}"`);
  // Kubernetes refuses e-mail addresses that the issuer has not verified.
  if (config.usernameClaim === 'email' && claims.email_verified === false)
    throw new Error('the address is not verified');
  const groups = config.groupsClaim === undefined ? [] : [claims[config.groupsClaim] ?? []].flat();
  return {
    name: `${config.usernamePrefix}${name}`,
    groups: groups.filter((one) => typeof one === 'string').map((group) => `${config.groupsPrefix}${group}`),
    extra: {},
  };
}
