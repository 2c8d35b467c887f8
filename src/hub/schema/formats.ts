/** String formats that kube-apiserver checks in custom resources (apiextensions `validation/formats.go`); others are ignored. */
import { isIPv4, isIPv6 } from 'node:net';
import { parseGoDuration } from '../../kube/duration.ts';
import { dnsLabelErrors, dnsSubdomainErrors } from '../../kube/label-syntax.ts';

const uuid = (version: string, variant: string): RegExp =>
  new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}[0-9a-f]{3}-?${variant}[0-9a-f]{3}-?[0-9a-f]{12}$`, 'i');
const UUID = uuid('[0-9a-f]', '[0-9a-f]');
const UUID3 = uuid('3', '[0-9a-f]');
const UUID4 = uuid('4', '[89ab]');
const UUID5 = uuid('5', '[89ab]');
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const CREDIT_CARD =
  /^(?:4\d{12}(?:\d{3})?|5[1-5]\d{14}|6(?:011|5\d\d)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:2131|1800|35\d{3})\d{11})$/;
const RGB = /^rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)$/;
const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const DATE_TIME = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?$/i;

function isDate(text: string): boolean {
  const [, year, month, day] = DATE.exec(text) ?? [];
  if (year === undefined) return false;
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
}

function isUri(text: string): boolean {
  // Go's ParseRequestURI: absolute, or a path.
  if (text.startsWith('/')) return !/[\s\x7f]/.test(text);
  return /^[A-Za-z][A-Za-z0-9+.-]*:/.test(text) && URL.canParse(text);
}

function isCidr(text: string): boolean {
  const [address = '', bits = ''] = text.split('/');
  if (text.split('/').length !== 2 || !/^\d{1,3}$/.test(bits)) return false;
  return (isIPv4(address) && Number(bits) <= 32) || (isIPv6(address) && Number(bits) <= 128);
}

function isHostname(text: string): boolean {
  return text.length <= 255 && /^(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*$/.test(text);
}

const isIsbn = (text: string, length: 10 | 13): boolean => {
  const digits = text.replace(/[\s-]/g, '');
  if (length === 13) {
    const sum = [...digits].reduce((total, digit, at) => total + Number(digit) * (at % 2 === 0 ? 1 : 3), 0);
    return /^\d{13}$/.test(digits) && sum % 10 === 0;
  }
  const sum = [...digits].reduce((total, digit, at) => total + (digit === 'X' ? 10 : Number(digit)) * (at + 1), 0);
  return /^\d{9}[\dX]$/.test(digits) && sum % 11 === 0;
};

const SCALA_DURATION =
  /^\s*\d+\s*(ns|nano|nanos|nanosecond|nanoseconds|us|µs|μs|micro|micros|microsecond|microseconds|ms|milli|millis|millisecond|milliseconds|s|sec|secs|second|seconds|m|min|mins|minute|minutes|h|hr|hour|hours|d|day|days|w|wk|week|weeks)\s*$/;

const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  bsonobjectid: (text) => /^[0-9a-f]{24}$/i.test(text),
  uri: isUri,
  email: (text) => /^(?:[^<>]*<)?[^\s<>@]+@[^\s<>@]+>?$/.test(text),
  hostname: isHostname,
  ipv4: isIPv4,
  ipv6: isIPv6,
  cidr: isCidr,
  mac: (text) =>
    /^([0-9a-f]{2}([:-])[0-9a-f]{2}(\2[0-9a-f]{2}){4}(?:(\2[0-9a-f]{2}){2})?|([0-9a-f]{4}\.){2}[0-9a-f]{4})$/i.test(
      text,
    ),
  uuid: (text) => UUID.test(text),
  uuid3: (text) => UUID3.test(text),
  uuid4: (text) => UUID4.test(text),
  uuid5: (text) => UUID5.test(text),
  isbn: (text) => isIsbn(text, 10) || isIsbn(text, 13),
  isbn10: (text) => isIsbn(text, 10),
  isbn13: (text) => isIsbn(text, 13),
  creditcard: (text) => CREDIT_CARD.test(text.replace(/\D+/g, '')),
  ssn: (text) => /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(text),
  hexcolor: (text) => /^#?([0-9a-f]{3}|[0-9a-f]{6})$/i.test(text),
  rgbcolor: (text) =>
    RGB.exec(text)
      ?.slice(1)
      .every((part) => Number(part) <= 255) === true,
  byte: (text) => BASE64.test(text),
  password: () => true,
  date: isDate,
  duration: (text) => parseGoDuration(text) !== undefined || SCALA_DURATION.test(text),
  datetime: (text) => {
    const date = DATE_TIME.exec(text)?.[1];
    return date !== undefined && isDate(date);
  },
  k8sshortname: (text) => dnsLabelErrors(text).length === 0,
  k8slongname: (text) => dnsSubdomainErrors(text).length === 0,
};

const checkOf = (format: string): ((text: string) => boolean) | undefined => {
  const name = format.replaceAll('-', '');
  return Object.hasOwn(FORMATS, name) ? FORMATS[name] : undefined;
};

export const isKnownFormat = (format: string): boolean => checkOf(format) !== undefined;

/** True for formats that are not checked. */
export const hasFormat = (format: string, text: string): boolean => checkOf(format)?.(text) ?? true;
