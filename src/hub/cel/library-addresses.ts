/** `ip("10.0.0.1")` and `cidr("10.0.0.0/8")` (apiserver `cel/library/ip.go`, `cidr.go`). */
import { BlockList, isIP, isIPv4, SocketAddress } from 'node:net';
import type { Environment } from '@marcbachmann/cel-js';

class Ip {
  readonly text: string;
  readonly family: 4 | 6;
  constructor(text: string) {
    this.family = isIPv4(text) ? 4 : 6;
    this.text = canonical(text);
  }
  toString(): string {
    return this.text;
  }
}

class Cidr {
  readonly address: Ip;
  readonly bits: number;
  constructor(text: string) {
    const [address, bits] = text.split('/') as [string, string];
    this.address = new Ip(address);
    this.bits = Number(bits);
  }
  toString(): string {
    return `${this.address}/${this.bits}`;
  }
}

const familyName = (family: 4 | 6): 'ipv4' | 'ipv6' => (family === 4 ? 'ipv4' : 'ipv6');
const canonical = (text: string): string =>
  new SocketAddress({ address: text, family: familyName(isIPv4(text) ? 4 : 6) }).address;
/** No zones, and no IPv4 in IPv6: ambiguous addresses are not addresses here. */
const isAddress = (text: string): boolean => isIP(text) !== 0 && !text.includes('%') && !/^::ffff:/i.test(text);

function isCidr(text: string): boolean {
  const match = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text);
  return match !== null && isAddress(match[1] as string) && Number(match[2]) <= (isIPv4(match[1] as string) ? 32 : 128);
}

const parseIp = (text: string): Ip => {
  if (!isAddress(text))
    throw new Error(`IP Address ${JSON.stringify(text)} parse error during conversion from string: unable to parse IP`);
  return new Ip(text);
};
const parseCidr = (text: string): Cidr => {
  if (!isCidr(text))
    throw new Error(`network address parse error during conversion from string: ${JSON.stringify(text)}`);
  return new Cidr(text);
};

function within(ip: Ip, address: string, bits: number): boolean {
  const family = isIPv4(address) ? 4 : 6;
  if (ip.family !== family) return false;
  const list = new BlockList();
  list.addSubnet(address, bits, familyName(family));
  return list.check(ip.text, familyName(ip.family));
}

function masked({ address, bits }: Cidr): Cidr {
  const bytes = toBytes(address);
  for (let at = 0; at < bytes.length; at++) {
    const keep = Math.max(0, Math.min(8, bits - at * 8));
    bytes[at] = (bytes[at] as number) & (0xff << (8 - keep));
  }
  return new Cidr(`${fromBytes(bytes)}/${bits}`);
}

function toBytes({ text, family }: Ip): number[] {
  if (family === 4) return text.split('.').map(Number);
  const [head = '', tail] = text.split('::');
  const groups = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const [left, right] = [groups(head), groups(tail ?? '')];
  const middle = tail === undefined ? [] : Array<number>(8 - left.length - right.length).fill(0);
  return [...left, ...middle, ...right].flatMap((group) => [group >> 8, group & 0xff]);
}

function fromBytes(bytes: readonly number[]): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = Array.from({ length: 8 }, (_, at) =>
    (((bytes[at * 2] as number) << 8) | (bytes[at * 2 + 1] as number)).toString(16),
  );
  return canonical(groups.join(':'));
}

/** Unicast addresses that are not for one host or link. */
const isGlobalUnicast = (ip: Ip): boolean =>
  !isUnspecified(ip) && !isLoopback(ip) && !isMulticast(ip) && !isLinkLocalUnicast(ip) && ip.text !== '255.255.255.255';
const isUnspecified = (ip: Ip): boolean => ip.text === '0.0.0.0' || ip.text === '::';
const isLoopback = (ip: Ip): boolean => within(ip, '127.0.0.0', 8) || ip.text === '::1';
const isMulticast = (ip: Ip): boolean => within(ip, '224.0.0.0', 4) || within(ip, 'ff00::', 8);
const isLinkLocalUnicast = (ip: Ip): boolean => within(ip, '169.254.0.0', 16) || within(ip, 'fe80::', 10);
const isLinkLocalMulticast = (ip: Ip): boolean => within(ip, '224.0.0.0', 24) || within(ip, 'ff02::', 16);

class IpNamespace {}

export function registerAddresses(env: Environment): void {
  env.registerType('net.IP', Ip);
  env.registerType('net.CIDR', Cidr);
  const fn = (signature: string, handler: (...args: never[]) => unknown) =>
    env.registerFunction(signature, handler as (...args: unknown[]) => unknown);
  fn('ip(string): net.IP', parseIp);
  fn('isIP(string): bool', isAddress);
  env.registerType('IpNamespace', IpNamespace);
  env.registerConstant('ip', 'IpNamespace', new IpNamespace());
  fn('IpNamespace.isCanonical(string): bool', (_: unknown, text: string) => parseIp(text).text === text);
  fn('string(net.IP): string', String);
  fn('net.IP.family(): int', (ip: Ip) => BigInt(ip.family));
  fn('net.IP.isUnspecified(): bool', isUnspecified);
  fn('net.IP.isLoopback(): bool', isLoopback);
  fn('net.IP.isLinkLocalMulticast(): bool', isLinkLocalMulticast);
  fn('net.IP.isLinkLocalUnicast(): bool', isLinkLocalUnicast);
  fn('net.IP.isGlobalUnicast(): bool', isGlobalUnicast);
  fn('cidr(string): net.CIDR', parseCidr);
  fn('isCIDR(string): bool', isCidr);
  fn('string(net.CIDR): string', String);
  const containsIp = (net: Cidr, ip: Ip): boolean => within(ip, net.address.text, net.bits);
  const containsCidr = (net: Cidr, other: Cidr): boolean => other.bits >= net.bits && containsIp(net, other.address);
  fn('net.CIDR.containsIP(net.IP): bool', containsIp);
  fn('net.CIDR.containsIP(string): bool', (net: Cidr, ip: string) => containsIp(net, parseIp(ip)));
  fn('net.CIDR.containsCIDR(net.CIDR): bool', containsCidr);
  fn('net.CIDR.containsCIDR(string): bool', (net: Cidr, other: string) => containsCidr(net, parseCidr(other)));
  fn('net.CIDR.ip(): net.IP', (net: Cidr) => net.address);
  fn('net.CIDR.masked(): net.CIDR', masked);
  fn('net.CIDR.prefixLength(): int', (net: Cidr) => BigInt(net.bits));
  env.registerOperator('net.IP == net.IP', (a: Ip, b: Ip) => a.text === b.text);
  env.registerOperator('net.CIDR == net.CIDR', (a: Cidr, b: Cidr) => a.toString() === b.toString());
}
