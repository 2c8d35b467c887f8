/** Whether the certificate and the key of a TLS Secret belong together, in the words of Go's crypto/tls `X509KeyPair`. */
import { createPrivateKey, X509Certificate } from 'node:crypto';

const BLOCK = /-----BEGIN ([^-\n]+)-----[\s\S]*?-----END \1-----/g;

interface Block {
  readonly type: string;
  readonly text: string;
}

const blocksOf = (pem: string): Block[] => [...pem.matchAll(BLOCK)].map(([text, type = '']) => ({ text, type }));

const isKey = ({ type }: Block): boolean => type === 'PRIVATE KEY' || type.endsWith(' PRIVATE KEY');

/** Takes the Secret's data, Base64. Undefined where nothing is wrong. */
export function keyPairFault(data: Readonly<Record<string, string>>): string | undefined {
  const text = (key: string): string => Buffer.from(data[key] ?? '', 'base64').toString('latin1');
  const [certificates, keys] = [blocksOf(text('tls.crt')), blocksOf(text('tls.key'))];
  const certificate = certificates.find(({ type }) => type === 'CERTIFICATE');
  if (certificate === undefined) return noCertificate(certificates);
  const key = keys.find(isKey);
  if (key === undefined) return noKey(keys);
  const parsed = attempt(() => new X509Certificate(certificate.text));
  if (parsed === undefined) return 'x509: malformed certificate';
  const privateKey = attempt(() => createPrivateKey(key.text));
  if (privateKey === undefined) return 'tls: failed to parse private key';
  return parsed.checkPrivateKey(privateKey) ? undefined : 'tls: private key does not match public key';
}

function attempt<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

const listed = (blocks: readonly Block[]): string => `[${blocks.map(({ type }) => type).join(' ')}]`;

function noCertificate(found: readonly Block[]): string {
  const [first] = found;
  if (first === undefined) return 'tls: failed to find any PEM data in certificate input';
  if (found.length === 1 && isKey(first))
    return 'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched';
  return `tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: ${listed(found)}`;
}

function noKey(found: readonly Block[]): string {
  const [first] = found;
  if (first === undefined) return 'tls: failed to find any PEM data in key input';
  if (found.length === 1 && first.type === 'CERTIFICATE')
    return 'tls: found a certificate rather than a key in the PEM for the private key';
  return `tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: ${listed(found)}`;
}
