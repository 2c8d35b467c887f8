/**
 * The gateway's own small certificate authority, in `<data dir>/pki`: made on first start, the server's leaf reissued when
 * it nears its end or when names change. It also vouches for clients (kubeconfigs).
 */
import 'reflect-metadata';
import { X509Certificate as NodeCertificate, randomBytes, webcrypto } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';

const DAY = 86_400_000;
const CA_DAYS = 3650;
const SERVER_DAYS = 365;
/** A leaf with less than this left is replaced at once. */
const RENEW_BEFORE = 30 * DAY;
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';

type CryptoKey = webcrypto.CryptoKey;
type CryptoKeyPair = webcrypto.CryptoKeyPair;

x509.cryptoProvider.set(webcrypto as never);

export interface KeyPair {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
}

export interface Certificates {
  /** PEM of the authority. */
  readonly ca: string;
  /** The current leaf; reissues it first when it is about to end. */
  server(): Promise<KeyPair>;
  /** A certificate that the gateway accepts as user `commonName` in `organizations`. */
  issueClient(identity: { commonName: string; organizations?: readonly string[] }, days?: number): Promise<KeyPair>;
}

export interface CertificateOptions {
  readonly directory: string;
  /** Beside localhost, the loopback addresses and this machine's name. */
  readonly names?: readonly string[];
  readonly now?: () => number;
}

/** Opens or makes the authority. Throws when its files are unreadable or do not belong together. */
export async function openCertificates(options: CertificateOptions): Promise<Certificates> {
  const { directory, now = Date.now } = options;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const file = (name: string) => ({ cert: join(directory, `${name}.crt`), key: join(directory, `${name}.key`) });
  const authority = (await readPair(file('ca'))) ?? (await store(file('ca'), await makeAuthority(now())));
  const issuer = await loadIssuer(authority);
  const names = [...new Set(['localhost', '127.0.0.1', '::1', hostname(), ...(options.names ?? [])])];
  const serves = (pair: KeyPair | undefined): pair is KeyPair =>
    pair !== undefined && isCurrent(pair.cert, authority.cert, names, now());

  let leaf = await readPair(file('server'));
  return {
    ca: authority.cert,
    async server() {
      if (!serves(leaf)) leaf = await store(file('server'), await makeServerLeaf(issuer, names, now()));
      return leaf;
    },
    issueClient: (identity, days = 365) => makeClientLeaf(issuer, identity, now(), days),
  };
}

interface Issuer {
  readonly certificate: x509.X509Certificate;
  readonly signingKey: CryptoKey;
}

async function loadIssuer(pair: KeyPair): Promise<Issuer> {
  const der = x509.PemConverter.decodeFirst(pair.key);
  const signingKey = await webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign']);
  return { certificate: new x509.X509Certificate(pair.cert), signingKey: signingKey as CryptoKey };
}

async function makeAuthority(now: number): Promise<KeyPair> {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [`tmc-ca-${randomBytes(4).toString('hex')}`] }],
    ...validity(now, CA_DAYS),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return toPair(certificate, keys);
}

const makeServerLeaf = (issuer: Issuer, names: readonly string[], now: number): Promise<KeyPair> =>
  makeLeaf(issuer, [{ CN: [utf8('tmc-gateway')] }], SERVER_AUTH, now, SERVER_DAYS, [
    new x509.SubjectAlternativeNameExtension(
      names.map((name) => ({ type: isIP(name) === 0 ? 'dns' : 'ip', value: name }) as const),
    ),
  ]);

const makeClientLeaf = (
  issuer: Issuer,
  identity: { commonName: string; organizations?: readonly string[] },
  now: number,
  days: number,
): Promise<KeyPair> =>
  makeLeaf(
    issuer,
    [...(identity.organizations ?? []).map((name) => ({ O: [utf8(name)] })), { CN: [utf8(identity.commonName)] }],
    CLIENT_AUTH,
    now,
    days,
    [],
  );

/** Given so, a value is taken as it stands, whatever it begins with. */
const utf8 = (utf8String: string) => ({ utf8String });

async function makeLeaf(
  issuer: Issuer,
  subject: readonly x509.JsonAttributeAndObjectValue[],
  usage: string,
  now: number,
  days: number,
  extensions: readonly x509.Extension[],
): Promise<KeyPair> {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: randomBytes(16).toString('hex'),
    // Never as text: a name with a comma in it must not become another group.
    subject: new x509.Name([...subject]),
    issuer: issuer.certificate.subject,
    ...validity(now, days),
    publicKey: keys.publicKey,
    signingKey: issuer.signingKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([usage]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.certificate),
      ...extensions,
    ],
  });
  return toPair(certificate, keys);
}

const generateKeys = (): Promise<CryptoKeyPair> =>
  webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']) as Promise<CryptoKeyPair>;

/** Begins a little in the past: clients' clocks differ. */
const validity = (now: number, days: number) => ({
  notBefore: new Date(now - 300_000),
  notAfter: new Date(now + days * DAY),
});

async function toPair(certificate: x509.X509Certificate, keys: CryptoKeyPair): Promise<KeyPair> {
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { cert: `${certificate.toString('pem')}\n`, key: `${x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n` };
}

function isCurrent(leaf: string, ca: string, names: readonly string[], now: number): boolean {
  const certificate = new NodeCertificate(leaf);
  const covers = (name: string) =>
    isIP(name) === 0 ? certificate.checkHost(name) !== undefined : certificate.checkIP(name) !== undefined;
  return (
    certificate.verify(new NodeCertificate(ca).publicKey) &&
    new Date(certificate.validTo).getTime() - now > RENEW_BEFORE &&
    names.every(covers)
  );
}

async function readPair(files: { cert: string; key: string }): Promise<KeyPair | undefined> {
  try {
    return { cert: await readFile(files.cert, 'utf8'), key: await readFile(files.key, 'utf8') };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The certificate is written last: a key without one is an unfinished attempt, made anew. */
async function store(files: { cert: string; key: string }, pair: KeyPair): Promise<KeyPair> {
  await writeAtomically(files.key, pair.key, 0o600);
  await writeAtomically(files.cert, pair.cert, 0o644);
  return pair;
}

async function writeAtomically(path: string, text: string, mode: number): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, text, { mode });
  await chmod(temporary, mode);
  await rename(temporary, path);
}
