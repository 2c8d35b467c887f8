/**
 * Where webhooks may lead. Who may write a webhook configuration chooses where the gateway connects to, so addresses that
 * only the gateway can reach are refused unless the operator allows them: a name's addresses are looked at when they are
 * resolved for the very connection, so that no name can be of a harmless address first and of another one then.
 */
import { BlockList, isIP, isIPv6 } from 'node:net';

export interface AddressPolicy {
  /** Host names (`hooks.example.com`, `*.example.com`), addresses and CIDRs that may be called wherever they lead. */
  readonly allowedHosts: readonly string[];
  /** True: nothing else may be called. */
  readonly onlyAllowedHosts: boolean;
}

/** What `allowedHosts` may hold. */
export function isHostPattern(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const family = isIP(address);
  if (family === 0) return bits === undefined && /^(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(text);
  return (
    more.length === 0 && (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)))
  );
}

/** A name that is not allowed itself may be of addresses that are. */
export interface AddressCheck {
  /** Takes the URL's host name, an address without brackets where it is one. */
  host(hostname: string): 'allowed' | 'by address' | 'refused';
  address(address: string): boolean;
}

/** Loopback, this network, private, shared, link-local (cloud metadata), multicast, reserved: IANA's special-purpose registries. */
const INTERNAL = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/128',
  '::1/128',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '2002::/16',
  'fc00::/7',
  'fe80::/10',
  'ff00::/8',
];

const internal = blockList(INTERNAL);

export function addressCheck({ allowedHosts, onlyAllowedHosts }: AddressPolicy): AddressCheck {
  const isRange = (host: string): boolean => isIP(host.split('/')[0] ?? '') !== 0;
  const ranges = blockList(allowedHosts.filter(isRange));
  const names = allowedHosts.filter((host) => !isRange(host)).map((host) => host.toLowerCase());
  const address = (one: string): boolean => {
    const plain = unmapped(one);
    return contains(ranges, plain) || (!onlyAllowedHosts && !contains(internal, plain));
  };
  const named = (hostname: string): boolean =>
    names.some((name) => (name.startsWith('*.') ? hostname.endsWith(name.slice(1)) : hostname === name));
  return {
    address,
    host(hostname) {
      const lower = hostname.toLowerCase().replace(/\.$/, '');
      if (isIP(lower) !== 0) return address(lower) ? 'allowed' : 'refused';
      return named(lower) ? 'allowed' : 'by address';
    },
  };
}

/** `::ffff:127.0.0.1` and `::ffff:7f00:1` are 127.0.0.1. */
function unmapped(address: string): string {
  const mapped = /^::ffff:(?:(\d+\.\d+\.\d+\.\d+)|([0-9a-f]{1,4}):([0-9a-f]{1,4}))$/i.exec(address);
  if (mapped === null) return address;
  if (mapped[1] !== undefined) return mapped[1];
  const [high, low] = [Number.parseInt(mapped[2] as string, 16), Number.parseInt(mapped[3] as string, 16)];
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

/** Throws where an entry is no address and no CIDR. */
function blockList(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

const contains = (list: BlockList, address: string): boolean => list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
