import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCertificates } from '../../src/http/certificates.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tmc-pki-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const DAY = 86_400_000;

describe('the certificate authority', () => {
  it('is made once and kept, its keys for the owner only', async () => {
    const first = await openCertificates({ directory });
    const leaf = await first.server();
    const second = await openCertificates({ directory });
    expect(second.ca).toBe(first.ca);
    expect(await second.server()).toEqual(leaf);
    for (const name of ['ca.key', 'server.key']) expect((await stat(join(directory, name))).mode & 0o777).toBe(0o600);
  });

  it('vouches for a server of the names it is given', async () => {
    const { ca, server } = await openCertificates({ directory, names: ['tmc.example', '10.0.0.7'] });
    const leaf = new X509Certificate((await server()).cert);
    expect(leaf.verify(new X509Certificate(ca).publicKey)).toBe(true);
    for (const name of ['localhost', 'tmc.example']) expect(leaf.checkHost(name)).toBe(name);
    for (const address of ['127.0.0.1', '::1', '10.0.0.7']) expect(leaf.checkIP(address)).toBe(address);
    expect(leaf.checkHost('other.example')).toBeUndefined();
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  });

  it('reissues the leaf when a name is new, and when its end is near', async () => {
    const before = await (await openCertificates({ directory })).server();
    const named = await openCertificates({ directory, names: ['new.example'] });
    const after = await named.server();
    expect(after.cert).not.toBe(before.cert);
    const soon = await openCertificates({ directory, names: ['new.example'], now: () => Date.now() + 300 * DAY });
    expect((await soon.server()).cert).toBe(after.cert);
    const late = await openCertificates({ directory, names: ['new.example'], now: () => Date.now() + 340 * DAY });
    expect((await late.server()).cert).not.toBe(after.cert);
  });

  it('issues client certificates with name and groups, whatever characters they have', async () => {
    const { issueClient, ca } = await openCertificates({ directory });
    const commonName = '#a, O=system:masters+c="d"\\';
    const { cert } = await issueClient({ commonName, organizations: ['devs', 'x,y'] });
    const parsed = new X509Certificate(cert);
    expect(parsed.verify(new X509Certificate(ca).publicKey)).toBe(true);
    const { subject } = parsed.toLegacyObject();
    expect({ ...subject }).toEqual({ CN: commonName, O: ['devs', 'x,y'] });
    expect(parsed.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  });
});
