/**
 * What a URL below a workspace prefix asks for: kube-apiserver's RequestInfo
 * (k8s.io/apiserver/pkg/endpoints/request/requestinfo.go).
 */

export interface RequestInfo {
  readonly isResource: boolean;
  /** get list watch create update patch delete deletecollection; for non-resources the lower-case method. */
  readonly verb: string;
  /** Path below the workspace prefix, decoded never: as it came. */
  readonly path: string;
  /** `api` or `apis` for resources, else ''. */
  readonly prefix: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string;
  readonly resource: string;
  readonly subresource: string;
  readonly name: string;
  /** Path segments behind the subresource (`proxy/a/b` → ['a', 'b']). */
  readonly rest: readonly string[];
}

const VERBS: Readonly<Record<string, string>> = {
  POST: 'create',
  GET: 'get',
  HEAD: 'get',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** Subresources of a namespace itself; anything else behind /namespaces/<ns>/ is a resource within it. */
const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize']);

const nonResource = (method: string, path: string): RequestInfo => ({
  isResource: false,
  verb: method.toLowerCase(),
  path,
  prefix: '',
  group: '',
  version: '',
  namespace: '',
  resource: '',
  subresource: '',
  name: '',
  rest: [],
});

/**
 * Takes the method, the path below the prefix (percent-encoded as it came, no query) and the query.
 * Throws URIError where a segment's percent-encoding is malformed: the caller answers 400.
 */
export function parseRequestInfo(method: string, path: string, query: URLSearchParams): RequestInfo {
  const segments = path
    .split('/')
    .filter((segment) => segment !== '')
    .map(decodeURIComponent);
  const prefix = segments[0] ?? '';
  const grouped = prefix === 'apis';
  if ((prefix !== 'api' && !grouped) || segments.length < (grouped ? 4 : 3)) return nonResource(method, path);

  const group = grouped ? (segments[1] as string) : '';
  const version = segments[grouped ? 2 : 1] as string;
  let rest = segments.slice(grouped ? 3 : 2);
  let verb = VERBS[method] ?? '';
  // The deprecated /watch/ and /proxy/ prefixes name the verb in the path.
  if (rest[0] === 'watch' && rest.length > 1) {
    verb = 'watch';
    rest = rest.slice(1);
  }
  let namespace = '';
  if (rest[0] === 'namespaces' && rest.length > 1) {
    namespace = rest[1] as string;
    if (rest.length > 2 && !NAMESPACE_SUBRESOURCES.has(rest[2] as string)) rest = rest.slice(2);
  }
  const resource = rest[0] ?? '';
  const name = rest[1] ?? '';
  const subresource = rest[2] ?? '';
  const info = {
    isResource: true,
    verb,
    path,
    prefix,
    group,
    version,
    namespace,
    resource,
    subresource,
    name,
    rest: rest.slice(3),
  };
  // A GET of a name is a get, whatever its query says; only the deprecated prefix watches one object.
  if (name !== '' || verb === 'watch') return info;
  if (verb === 'get') return { ...info, verb: isTrue(query.get('watch')) ? 'watch' : 'list', name: nameOf(query) };
  if (verb === 'delete') return { ...info, verb: 'deletecollection' };
  return { ...info, verb };
}

const isTrue = (value: string | null): boolean => value !== null && value !== '0' && value.toLowerCase() !== 'false';

/** `fieldSelector=metadata.name=x` on list and watch authorizes as that name (requestinfo.go). */
function nameOf(query: URLSearchParams): string {
  const match = /^metadata\.name==?([^,]+)$/.exec(query.get('fieldSelector') ?? '');
  return match?.[1] ?? '';
}
