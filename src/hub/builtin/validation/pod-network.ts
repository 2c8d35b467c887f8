/** How a pod resolves names, and the host's namespaces that it shares (pkg/apis/core/validation). */
import { isIP } from 'node:net';
import {
  child,
  type FieldPath,
  forbiddenField,
  index,
  invalidValue,
  requiredValue,
} from '../../../kube/field-error.ts';
import { type Causes, dnsSubdomain } from './scalars.ts';

export interface DnsConfig {
  readonly nameservers?: readonly string[];
  readonly searches?: readonly string[];
  readonly options?: readonly { readonly name?: string }[];
}

export interface HostAlias {
  readonly ip?: string;
  readonly hostnames?: readonly string[];
}

const ADDRESS = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';
const MAX_NAMESERVERS = 3;
const MAX_SEARCHES = 32;
const MAX_SEARCH_CHARACTERS = 2_048;
const SEARCH = /^_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*$/;
const SEARCH_TEXT =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')";

export function dnsCauses(policy: string | undefined, config: DnsConfig | undefined, path: FieldPath): Causes {
  const none = policy === 'None';
  if (config === undefined)
    return none ? [requiredValue(path, 'must provide `dnsConfig` when `dnsPolicy` is None')] : [];
  const { nameservers = [], searches = [], options = [] } = config;
  const servers = child(path, 'nameservers');
  const own = child(path, 'searches');
  return [
    ...(none && nameservers.length === 0
      ? [requiredValue(servers, 'must provide at least one DNS nameserver when `dnsPolicy` is None')]
      : []),
    ...(nameservers.length > MAX_NAMESERVERS
      ? [invalidValue(servers, nameservers, `must not have more than ${MAX_NAMESERVERS} nameservers`)]
      : []),
    ...nameservers.flatMap((server, at) => address(server, index(servers, at))),
    ...(searches.length > MAX_SEARCHES
      ? [invalidValue(own, searches, `must not have more than ${MAX_SEARCHES} search paths`)]
      : []),
    ...(searches.join(' ').length > MAX_SEARCH_CHARACTERS
      ? [
          invalidValue(
            own,
            searches,
            `must not have more than ${MAX_SEARCH_CHARACTERS} characters (including spaces) in the search list`,
          ),
        ]
      : []),
    ...searches.flatMap((search, at) => searchCauses(search, index(own, at))),
    ...options.flatMap(({ name = '' }, at) =>
      name === '' ? [requiredValue(index(child(path, 'options'), at), 'must not be empty')] : [],
    ),
  ];
}

/** A single dot searches nothing; one at the end makes a name absolute. */
function searchCauses(search: string, path: FieldPath): Causes {
  if (search === '.' || SEARCH.test(search.replace(/\.$/, ''))) return [];
  return [invalidValue(path, search.replace(/\.$/, ''), SEARCH_TEXT)];
}

const address = (value: string, path: FieldPath): Causes =>
  isIP(value) === 0 || value.includes('%') ? [invalidValue(path, value, ADDRESS)] : [];

export const hostAliasCauses = (aliases: readonly HostAlias[], path: FieldPath): Causes =>
  aliases.flatMap(({ ip = '', hostnames = [] }, at) => [
    ...address(ip, child(index(path, at), 'ip')),
    ...hostnames.flatMap((name, nameAt) => dnsSubdomain(name, index(child(index(path, at), 'hostnames'), nameAt))),
  ]);

export interface HostSpec {
  readonly hostNetwork?: boolean;
  readonly hostPID?: boolean;
  readonly hostIPC?: boolean;
  readonly hostUsers?: boolean;
  readonly shareProcessNamespace?: boolean;
}

export const shareCauses = (spec: HostSpec, path: FieldPath): Causes =>
  spec.shareProcessNamespace === true && spec.hostPID === true
    ? [
        invalidValue(
          child(path, 'shareProcessNamespace'),
          true,
          'ShareProcessNamespace and HostPID cannot both be enabled',
        ),
      ]
    : [];

/** Upstream writes two of the names so. */
const HOST_FIELDS = [
  ['hostNetwork', 'hostNetwork'],
  ['hostPID', 'HostPID'],
  ['hostIPC', 'HostIPC'],
] as const;

/** A user namespace of its own goes with no other of the host's. */
export const hostUserCauses = (spec: HostSpec, path: FieldPath): Causes =>
  HOST_FIELDS.filter(([field]) => spec.hostUsers === false && spec[field] === true).map(([, name]) =>
    forbiddenField(child(path, name), 'when `hostUsers` is false'),
  );
