/** `--as`, `--as-group`, `--as-uid`, `--as-user-extra` (k8s.io/apiserver endpoints/filters/impersonation). */
import type { Impersonated, Located } from '../src/http/context.ts';
import { headerPairs, headerValue, headerValues, type RawHeaders } from '../src/http/headers.ts';
import type { UserInfo } from '../src/kube/api.ts';
import { badRequest } from '../src/kube/status.ts';
import { type Attributes, denial, resourceAttributes } from './attributes.ts';
import { AUTHENTICATED, UNAUTHENTICATED } from './authenticator.ts';
import { type Authorizer, MASTERS } from './authorize.ts';

const EXTRA_PREFIX = 'impersonate-extra-';
const AUTHENTICATION_GROUP = 'authentication.k8s.io';

/** The gate. Throws 400 for headers without a user, 403 when any of them is not allowed in the workspace. */
export function impersonateWith(authorizer: Pick<Authorizer, 'authorize'>) {
  return async (request: Located): Promise<Impersonated> => {
    const { rawHeaders } = request.incoming;
    const wanted = rawHeaders.some(isImpersonation) ? impersonated(rawHeaders) : undefined;
    if (wanted === undefined) return { ...request, impersonator: undefined };
    for (const attributes of required(request.user, wanted)) {
      const decision = await authorizer.authorize(request.workspace, attributes);
      if (!decision.allowed) throw denial(attributes, decision.reason);
    }
    // A workspace's administrator rules that workspace only; whoever is in this group is trusted beyond it.
    if (wanted.groups.includes(MASTERS) && !request.user.groups.includes(MASTERS)) {
      throw denial(resourceAttributes(request.user, 'impersonate', { resource: 'groups', name: MASTERS }));
    }
    return { ...request, user: toUser(wanted), impersonator: request.user };
  };
}

/** Of nearly every header it looks at one character; a value that begins so does no harm. */
const isImpersonation = (text: string): boolean => (text[0] === 'i' || text[0] === 'I') && /^impersonate-/i.test(text);

interface Wanted {
  readonly name: string;
  readonly uid: string | undefined;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** What the headers ask for; undefined when there are none. */
export function impersonated(raw: RawHeaders): Wanted | undefined {
  const name = headerValue(raw, 'impersonate-user') ?? '';
  const groups = headerValues(raw, 'impersonate-group');
  const uid = headerValue(raw, 'impersonate-uid') || undefined;
  const extra: Record<string, string[]> = Object.create(null);
  for (const [header, value] of headerPairs(raw)) {
    if (!header.startsWith(EXTRA_PREFIX)) continue;
    const key = unescapeKey(header.slice(EXTRA_PREFIX.length));
    extra[key] = [...(extra[key] ?? []), value];
  }
  if (name !== '') return { name, uid, groups, extra };
  if (groups.length > 0 || uid !== undefined || Object.keys(extra).length > 0) {
    throw badRequest('requested impersonation of groups, uid or extra without impersonating a user');
  }
  return undefined;
}

function unescapeKey(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

const serviceAccount = (name: string): { namespace: string; name: string } | undefined => {
  const match = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name);
  return match === null ? undefined : { namespace: match[1] as string, name: match[2] as string };
};

function* required(user: UserInfo, wanted: Wanted): Generator<Attributes> {
  const may = (of: Parameters<typeof resourceAttributes>[2]) => resourceAttributes(user, 'impersonate', of);
  const account = serviceAccount(wanted.name);
  yield account === undefined
    ? may({ resource: 'users', name: wanted.name })
    : may({ resource: 'serviceaccounts', ...account });
  for (const name of wanted.groups) yield may({ resource: 'groups', name });
  for (const [subresource, values] of Object.entries(wanted.extra)) {
    for (const name of values) yield may({ group: AUTHENTICATION_GROUP, resource: 'userextras', subresource, name });
  }
  if (wanted.uid !== undefined) yield may({ group: AUTHENTICATION_GROUP, resource: 'uids', name: wanted.uid });
}

function toUser({ name, uid, groups, extra }: Wanted): UserInfo {
  const account = serviceAccount(name);
  const base = groups.length === 0 && account !== undefined ? serviceAccountGroups(account.namespace) : groups;
  return { name, groups: withImplied(name, base), extra, ...(uid === undefined ? {} : { uid }) };
}

export const serviceAccountGroups = (namespace: string): string[] => [
  'system:serviceaccounts',
  `system:serviceaccounts:${namespace}`,
];

function withImplied(name: string, groups: readonly string[]): readonly string[] {
  if (name === 'system:anonymous') return groups.includes(UNAUTHENTICATED) ? groups : [...groups, UNAUTHENTICATED];
  return groups.includes(AUTHENTICATED) || groups.includes(UNAUTHENTICATED) ? groups : [...groups, AUTHENTICATED];
}
