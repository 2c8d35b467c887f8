/** Who calls: several authenticators, asked in turn (k8s.io/apiserver authentication/request/union). */
import type { Authenticated, Described, Incoming } from '../src/http/context.ts';
import { headerValue } from '../src/http/headers.ts';
import type { UserInfo } from '../src/kube/api.ts';
import { unauthorized } from '../src/kube/status.ts';

export const AUTHENTICATED = 'system:authenticated';
export const UNAUTHENTICATED = 'system:unauthenticated';
export const ANONYMOUS: UserInfo = { name: 'system:anonymous', groups: [UNAUTHENTICATED], extra: {} };

/**
 * Gives the user when it recognizes the caller, undefined when that is not its kind of credential.
 * Throws 401 for a credential of its kind that is wrong.
 */
export type Authenticator = (incoming: Incoming, workspace: string) => Promise<UserInfo | undefined>;

/** The same for a bearer token alone; audiences undefined: this server's own. */
export type TokenAuthenticator = (
  token: string,
  workspace: string,
  audiences?: readonly string[],
) => Promise<UserInfo | undefined>;

/** Probes must answer kubelets and load balancers, which have no credentials. */
const OPEN_TO_ALL = /^\/(livez|readyz|healthz|version)(\/|$)/;

/** The gate: 401 for a wrong credential, and for none except on probes. */
export function authenticateWith(authenticators: readonly Authenticator[]) {
  return async (request: Described): Promise<Authenticated> => {
    for (const authenticator of authenticators) {
      const user = await authenticator(request.incoming, request.workspace);
      if (user !== undefined) return { ...request, user: withGroup(user, AUTHENTICATED) };
    }
    const hasCredential = headerValue(request.incoming.rawHeaders, 'authorization') !== undefined;
    if (hasCredential || request.door !== 'process' || !OPEN_TO_ALL.test(request.info.path)) throw unauthorized();
    return { ...request, user: ANONYMOUS };
  };
}

export const withGroup = (user: UserInfo, group: string): UserInfo =>
  user.groups.includes(group) ? user : { ...user, groups: [...user.groups, group] };

/** Reads `Authorization: Bearer` and, for browsers' WebSockets, the `base64url.bearer.authorization.k8s.io.` protocol. */
export function bearerToken(incoming: Incoming): string | undefined {
  const authorization = headerValue(incoming.rawHeaders, 'authorization');
  const match = /^bearer +(\S+)\s*$/i.exec(authorization ?? '');
  if (match !== null) return match[1];
  if (!incoming.upgrade) return undefined;
  const protocols = (headerValue(incoming.rawHeaders, 'sec-websocket-protocol') ?? '').split(',');
  const carrier = protocols.map((text) => text.trim()).find((text) => text.startsWith(WEBSOCKET_BEARER));
  return carrier === undefined
    ? undefined
    : Buffer.from(carrier.slice(WEBSOCKET_BEARER.length), 'base64url').toString('utf8');
}

const WEBSOCKET_BEARER = 'base64url.bearer.authorization.k8s.io.';

/** Asks token authenticators in turn; a token that none of them knows is a 401. */
export const tokens =
  (authenticators: readonly TokenAuthenticator[]): Authenticator =>
  async (incoming, workspace) => {
    const token = bearerToken(incoming);
    if (token === undefined) return undefined;
    for (const authenticator of authenticators) {
      const user = await authenticator(token, workspace);
      if (user !== undefined) return user;
    }
    throw unauthorized();
  };
