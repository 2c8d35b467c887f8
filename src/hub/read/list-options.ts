/** Query parameters of list and watch, checked as kube-apiserver does (meta/internalversion/validation). */
import { forbiddenField, notSupported } from '../../kube/field-error.ts';
import { parseFieldSelector, parseLabelSelector } from '../../kube/selector.ts';
import { ApiError, badRequest, invalid, type StatusCause } from '../../kube/status.ts';

export interface ListQuery {
  readonly labelSelector: string;
  readonly fieldSelector: string;
  /** '' when not given. */
  readonly resourceVersion: string;
  readonly resourceVersionMatch: '' | 'Exact' | 'NotOlderThan';
  /** 0: none. */
  readonly limit: number;
  readonly continue: string;
  readonly sendInitialEvents: boolean | undefined;
  readonly allowWatchBookmarks: boolean;
  readonly timeoutSeconds: number | undefined;
}

/** All of a collection, as new as it is. */
export const WHOLE_LIST: ListQuery = {
  labelSelector: '',
  fieldSelector: '',
  resourceVersion: '',
  resourceVersionMatch: '',
  limit: 0,
  continue: '',
  sendInitialEvents: undefined,
  allowWatchBookmarks: false,
  timeoutSeconds: undefined,
};

/** A watch's options. `name`: of the one object that the URL asks to watch (`/watch/…/<name>`), '' for a collection. Throws as below. */
export function parseWatchQuery(query: URLSearchParams, name: string): ListQuery {
  const parsed = parseListQuery(query, true);
  // Who may watch one object only must see no other.
  if (name === '') return parsed;
  const byName = `metadata.name=${name.replace(/[\\,=]/g, '\\$&')}`;
  return { ...parsed, fieldSelector: parsed.fieldSelector === '' ? byName : `${parsed.fieldSelector},${byName}` };
}

/** Throws ApiError 400 for what cannot be read, 422 for what contradicts itself. */
export function parseListQuery(query: URLSearchParams, watch: boolean): ListQuery {
  const timeoutSeconds = integer(query, 'timeoutSeconds');
  const parsed = {
    labelSelector: query.get('labelSelector') ?? '',
    fieldSelector: query.get('fieldSelector') ?? '',
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: (query.get('resourceVersionMatch') ?? '') as ListQuery['resourceVersionMatch'],
    limit: Math.max(0, integer(query, 'limit') ?? 0),
    continue: query.get('continue') ?? '',
    sendInitialEvents: query.has('sendInitialEvents') ? boolean(query, 'sendInitialEvents') : undefined,
    allowWatchBookmarks: boolean(query, 'allowWatchBookmarks'),
    timeoutSeconds,
  };
  const causes = watch ? watchCauses(parsed) : listCauses(parsed);
  if (causes.length === 0) return parsed;
  // Selectors are read before options are compared.
  parseLabelSelector(parsed.labelSelector);
  parseFieldSelector(parsed.fieldSelector);
  throw invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', causes);
}

const MATCH = 'resourceVersionMatch';
const WITH_CONTINUE = 'resourceVersionMatch is forbidden when continue is provided';

function listCauses(query: ListQuery): StatusCause[] {
  const causes: StatusCause[] = [];
  const match: string = query.resourceVersionMatch;
  if (match !== '') {
    if (query.resourceVersion === '')
      causes.push(forbiddenField(MATCH, 'resourceVersionMatch is forbidden unless resourceVersion is provided'));
    if (query.continue !== '') causes.push(forbiddenField(MATCH, WITH_CONTINUE));
    if (match !== 'Exact' && match !== 'NotOlderThan')
      causes.push(notSupported(MATCH, match, ['Exact', 'NotOlderThan', '']));
    if (match === 'Exact' && query.resourceVersion === '0')
      causes.push(forbiddenField(MATCH, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  }
  if (query.sendInitialEvents !== undefined)
    causes.push(forbiddenField('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  return causes;
}

function watchCauses(query: ListQuery): StatusCause[] {
  const causes: StatusCause[] = [];
  const match: string = query.resourceVersionMatch;
  if (query.sendInitialEvents !== undefined && match !== 'NotOlderThan')
    causes.push(forbiddenField(MATCH, 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan'));
  // Without a version a watch begins with what there is, as if it had asked for that.
  const fromNow = query.sendInitialEvents === undefined && ['', '0'].includes(query.resourceVersion);
  if (match === '') return fromNow && query.continue !== '' ? [forbiddenField(MATCH, WITH_CONTINUE)] : causes;
  if (query.sendInitialEvents === undefined)
    causes.push(
      forbiddenField(MATCH, 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided'),
    );
  if (match !== 'NotOlderThan') causes.push(notSupported(MATCH, match, ['NotOlderThan']));
  if (query.continue !== '') causes.push(forbiddenField(MATCH, WITH_CONTINUE));
  return causes;
}

/** Upstream's decoder of int64 query parameters. */
function integer(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (!/^[-+]?[0-9]+$/.test(text))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  const value = BigInt(text.replace(/^\+/, ''));
  if (value !== BigInt.asIntN(64, value))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`);
  return Number(value);
}

/** Present without a value is true (meta/v1 conversion). */
const boolean = (query: URLSearchParams, name: string): boolean => {
  const text = query.get(name);
  return text !== null && text !== '0' && text.toLowerCase() !== 'false';
};

/** A version that a client sent: undefined for none and for "0" (anything will do). Throws 400. */
export const parseVersion = (text: string): bigint | undefined =>
  readVersion(text, (fault) => badRequest(`invalid resource version: ${fault}`));

/** The same of a watch, whose version upstream reads elsewhere: throws 500. */
export const parseWatchVersion = (text: string): bigint | undefined =>
  readVersion(text, (fault) => new ApiError(500, '', fault));

function readVersion(text: string, refuse: (fault: string) => ApiError): bigint | undefined {
  if (text === '' || text === '0') return undefined;
  const quoted = JSON.stringify(text);
  const fault = `resourceVersion: Invalid value: ${quoted}: strconv.ParseUint: parsing ${quoted}:`;
  if (!/^[0-9]+$/.test(text)) throw refuse(`${fault} invalid syntax`);
  const version = BigInt(text);
  if (version !== BigInt.asUintN(64, version)) throw refuse(`${fault} value out of range`);
  return version;
}
