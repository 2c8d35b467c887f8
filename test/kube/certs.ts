/** The certificates of one test cluster: a CA of its own, and what each component and the administrator hold. */
import 'reflect-metadata';
import { generateKeyPairSync, randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

export interface KeyAndCert {
  readonly keyPem: string;
  readonly certPem: string;
}

export interface CertificateRequest {
  readonly user: string;
  readonly groups?: readonly string[];
  /** Names and addresses, for a server. */
  readonly hosts?: readonly string[];
  /** Default: long enough for any test. */
  readonly notAfter?: Date;
}

export interface Authority extends KeyAndCert {
  /** A certificate usable as server (for `hosts`) and as client (as `user` in `groups`). */
  issue(request: CertificateRequest): Promise<KeyAndCert>;
}

const keyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' } as const;
const dayMs = 86_400_000;

export async function createAuthority(name: string): Promise<Authority> {
  const keys = await newKeys();
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity(),
    name: [{ CN: [name] }],
    keys,
    signingAlgorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    keyPem: await privatePem(keys),
    certPem: pem(cert),
    issue: async ({ user, groups = [], hosts = [], notAfter }) => {
      const leafKeys = await newKeys();
      const leaf = await x509.X509CertificateGenerator.create({
        ...validity(),
        ...(notAfter === undefined ? {} : { notAfter }),
        // Kubernetes reads the user from CN and the groups from O.
        subject: [...(groups.length > 0 ? [{ O: [...groups] }] : []), { CN: [user] }],
        issuer: cert.subjectName,
        publicKey: leafKeys.publicKey,
        signingKey: keys.privateKey,
        signingAlgorithm,
        extensions: [
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
          await x509.AuthorityKeyIdentifierExtension.create(keys.publicKey),
          ...(hosts.length > 0 ? [new x509.SubjectAlternativeNameExtension(hosts.map(alternativeName))] : []),
        ],
      });
      return { keyPem: await privatePem(leafKeys), certPem: pem(leaf) };
    },
  };
}

/** The pair that signs service-account tokens. RSA, as clusters have it: tokens say RS256. */
export function createServiceAccountKeys(): { privatePem: string; publicPem: string } {
  const pair = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return { privatePem: pair.privateKey, publicPem: pair.publicKey };
}

function newKeys() {
  return webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify']);
}

function validity() {
  const now = Date.now();
  return {
    serialNumber: `01${randomBytes(15).toString('hex')}`,
    notBefore: new Date(now - dayMs),
    notAfter: new Date(now + 30 * dayMs),
  };
}

function alternativeName(host: string): x509.JsonGeneralName {
  return { type: /^[\d.]+$|:/.test(host) ? 'ip' : 'dns', value: host };
}

async function privatePem(keys: { privateKey: webcrypto.CryptoKey }): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return x509.PemConverter.encode(der, 'PRIVATE KEY');
}

function pem(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}
