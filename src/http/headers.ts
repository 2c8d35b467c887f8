/** Pure functions over raw header lists: a repeated header stays repeated until someone asks for it joined. */

/** Headers by which a front proxy asserts who calls. No client of ours may, so they are dropped before anything else. */
const IDENTITY = /^(x-remote-(user|uid|group|extra-.*)|x-forwarded-client-cert|x-ssl-client-.*)$/;

/** RFC 9110 §7.6.1, and those that HTTP/2 forbids. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** Meant for this server alone: never handed on. */
const OURS = new Set(['authorization', 'host', 'cookie', 'expect']);

export type RawHeaders = readonly string[];

/** Name and value pairs, names lower-case. */
export function* headerPairs(raw: RawHeaders): Generator<readonly [string, string]> {
  for (let i = 0; i + 1 < raw.length; i += 2) yield [(raw[i] as string).toLowerCase(), raw[i + 1] as string];
}

/** Asked several times per request: names of another length are not even brought to lower case. */
const isNamed = (given: string, name: string): boolean =>
  given.length === name.length && (given === name || given.toLowerCase() === name);

export function headerValues(raw: RawHeaders, name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) if (isNamed(raw[i] as string, name)) values.push(raw[i + 1] as string);
  return values;
}

export function headerValue(raw: RawHeaders, name: string): string | undefined {
  for (let i = 0; i + 1 < raw.length; i += 2) if (isNamed(raw[i] as string, name)) return raw[i + 1];
  return undefined;
}

/** Asked of every header of every request: the expression sees only those that begin alike. */
const isIdentity = (name: string): boolean => (name[0] === 'x' || name[0] === 'X') && IDENTITY.test(name.toLowerCase());

/** Drops HTTP/2 pseudo-headers and inbound identity headers. */
export function withoutIdentity(raw: RawHeaders): string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] as string;
    if (!name.startsWith(':') && !isIdentity(name)) kept.push(name, raw[i + 1] as string);
  }
  return kept;
}

/** Names that a Connection header lists are hop-by-hop too. */
export function hopByHopNames(raw: RawHeaders): ReadonlySet<string> {
  const listed = headerValues(raw, 'connection').filter((value) => value !== 'keep-alive' && value !== 'close');
  if (listed.length === 0) return HOP_BY_HOP;
  const names = new Set(HOP_BY_HOP);
  for (const value of listed) {
    for (const name of value.split(',')) names.add(name.trim().toLowerCase());
  }
  return names;
}

const isForwardable = (name: string, hops: ReadonlySet<string>): boolean =>
  !hops.has(name) && !OURS.has(name) && !name.startsWith('impersonate-');

/** What may be handed on to a cluster, raw: no hop-by-hop, no credentials, no impersonation. */
export function forwardable(raw: RawHeaders): string[] {
  const hops = hopByHopNames(raw);
  const kept: string[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    if (isForwardable((raw[i] as string).toLowerCase(), hops)) kept.push(raw[i] as string, raw[i + 1] as string);
  }
  return kept;
}

/** The same, as handlers see them: lower-case names, repeated ones joined by `, `. Private to the caller. */
export function handlerHeaders(raw: RawHeaders): Record<string, string> {
  const joined: Record<string, string> = Object.create(null);
  const hops = hopByHopNames(raw);
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase();
    if (!isForwardable(name, hops)) continue;
    joined[name] = joined[name] === undefined ? (raw[i + 1] as string) : `${joined[name]}, ${raw[i + 1]}`;
  }
  return joined;
}
