/** What is to be allowed or denied, and upstream's words for a denial (k8s.io/apiserver authorizer.Attributes). */
import type { UserInfo } from '../src/kube/api.ts';
import type { RequestInfo } from '../src/kube/request-info.ts';
import { type ApiError, forbidden } from '../src/kube/status.ts';

export interface Attributes {
  readonly user: UserInfo;
  readonly verb: string;
  readonly isResource: boolean;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** For non-resource requests. */
  readonly path: string;
}

export const attributesOf = (user: UserInfo, info: RequestInfo): Attributes => ({
  user,
  verb: info.verb,
  isResource: info.isResource,
  group: info.group,
  resource: info.resource,
  subresource: info.subresource,
  namespace: info.namespace,
  name: info.name,
  path: info.path,
});

/** For a check that no URL stands for, such as `impersonate` or `bind`. */
export const resourceAttributes = (
  user: UserInfo,
  verb: string,
  of: Partial<Omit<Attributes, 'user' | 'verb' | 'isResource' | 'path'>>,
): Attributes => ({
  user,
  verb,
  isResource: true,
  group: '',
  resource: '',
  subresource: '',
  namespace: '',
  name: '',
  path: '',
  ...of,
});

/** The 403 that kube-apiserver answers (endpoints/handlers/responsewriters ForbiddenStatusError). */
export function denial(attributes: Attributes, reason = ''): ApiError {
  const message = sanitized(denialMessage(attributes));
  const { group, resource, name } = attributes;
  const why = reason === '' ? message : `${message}: ${reason}`;
  return attributes.isResource
    ? forbidden({ group, resource }, name, why)
    : forbidden({ group: '', resource: '' }, '', why);
}

function denialMessage({ user, verb, isResource, group, resource, subresource, namespace, path }: Attributes): string {
  const who = `User ${quoted(user.name)} cannot ${verb}`;
  if (!isResource) return `${who} path ${quoted(path)}`;
  const what = quoted(subresource === '' ? resource : `${resource}/${subresource}`);
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${quoted(namespace)}`;
  return `${who} resource ${what} in API group ${quoted(group)} ${where}`;
}

const quoted = (text: string): string => JSON.stringify(text);

/** So that no browser takes it for HTML. */
const sanitized = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
