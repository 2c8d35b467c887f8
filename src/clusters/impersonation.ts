/** The caller's identity as kube-apiserver's impersonation headers (docs: "User impersonation"). Pure. */
import type { UserInfo } from '../kube/api.ts';

/**
 * Names under `system:` mean something else in the cluster than in a workspace: a tenant's `kube-system` service account,
 * or a gateway administrator in `system:masters`, must not become the cluster's. They are sent as `tmc:system:…`.
 */
const SHARED_GROUPS = new Set(['system:authenticated', 'system:unauthenticated']);
const foreign = (name: string): string => (name.startsWith('system:') ? `tmc:${name}` : name);

/** Lower-case header names; groups and extra values are repeated headers. */
export function impersonationHeaders(user: UserInfo): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = { 'impersonate-user': headerText(foreign(user.name)) };
  if (user.uid) headers['impersonate-uid'] = headerText(user.uid);
  const groups = user.groups.map((group) => (SHARED_GROUPS.has(group) ? group : foreign(group)));
  if (groups.length > 0) headers['impersonate-group'] = groups.map(headerText);
  for (const [key, values] of Object.entries(user.extra)) {
    if (values.length > 0) headers[`impersonate-extra-${extraKey(key)}`] = values.map(headerText);
  }
  return headers;
}

/** Header values travel as bytes: UTF-8, as kube-apiserver reads them. */
const headerText = (value: string): string => Buffer.from(value, 'utf8').toString('latin1');

/** Characters that a header name cannot hold, and `%`, are percent-encoded; kube-apiserver lower-cases and decodes. */
const extraKey = (key: string): string =>
  [...Buffer.from(key.toLowerCase(), 'utf8')]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      return /[a-z0-9!#$&'*+.^_`|~-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
    })
    .join('');
