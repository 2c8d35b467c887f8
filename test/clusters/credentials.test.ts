import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { credentialsFromKubeconfig, credentialsFromSecret } from '../../src/clusters/credentials.ts';

const folder = mkdtempSync(join(tmpdir(), 'tmc-credentials-'));
afterAll(() => rmSync(folder, { recursive: true }));

const base64 = (text: string) => Buffer.from(text).toString('base64');
const kubeconfig = (user: object, cluster: object = {}) =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: 'https://10.0.0.1', ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [
      { name: 'x', context: { cluster: 'c', user: 'u' } },
      { name: 'other', context: { cluster: 'c', user: 'nobody' } },
    ],
    'current-context': 'x',
  });
const untrusted = { trustKubeconfig: false, now: Date.now };
const trusted = { trustKubeconfig: true, now: Date.now };
const data = (values: Record<string, string>) =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Buffer.from(value)]));

describe('credentials of a Secret', () => {
  it('are a token, a certificate, or both', async () => {
    const token = await credentialsFromSecret(data({ token: ' abc\n', 'ca.crt': 'CA' }), untrusted);
    expect(await token.current()).toEqual({ authorization: 'Bearer abc' });
    expect(token.ca).toBe('CA');
    const cert = await credentialsFromSecret(data({ 'tls.crt': 'C', 'tls.key': 'K' }), untrusted);
    expect(await cert.current()).toEqual({ cert: 'C', key: 'K' });
  });

  it('say what is missing', async () => {
    await expect(credentialsFromSecret(data({ 'tls.crt': 'C' }), untrusted)).rejects.toThrow('no kubeconfig, no token');
  });

  it('are those of a kubeconfig with inline data', async () => {
    const text = kubeconfig({ token: 'abc' }, { 'certificate-authority-data': base64('CA') });
    const source = await credentialsFromSecret(data({ kubeconfig: text }), untrusted);
    expect(await source.current()).toEqual({ authorization: 'Bearer abc' });
    expect(source.ca).toBe('CA');
    const cert = kubeconfig({ 'client-certificate-data': base64('C'), 'client-key-data': base64('K') });
    expect(await (await credentialsFromKubeconfig(cert, untrusted)).current()).toEqual({ cert: 'C', key: 'K' });
  });

  it.each([
    [
      'run commands here',
      { exec: { command: 'touch', args: ['/tmp/owned'], apiVersion: 'client.authentication.k8s.io/v1' } },
      {},
    ],
    ['use other plug-ins', { 'auth-provider': { name: 'gcp', config: { 'cmd-path': 'touch' } } }, {}],
    ['read a token file here', { tokenFile: '/etc/passwd' }, {}],
    ['read one by the older name', { 'token-file': '/etc/passwd' }, {}],
    ['read a certificate here', { 'client-certificate': '/etc/passwd' }, {}],
    ['read a key here', { 'client-key': '/etc/shadow' }, {}],
    ['read an authority here', { token: 'x' }, { 'certificate-authority': '/etc/passwd' }],
    ['connect through a proxy of its choice', { token: 'x' }, { 'proxy-url': 'http://evil:3128' }],
  ])('may not %s', async (_what, user, cluster) => {
    await expect(credentialsFromKubeconfig(kubeconfig(user, cluster), untrusted)).rejects.toThrow(
      /^the kubeconfig uses /,
    );
  });

  it('may stand beside contexts that are not its own business', async () => {
    const config = JSON.parse(kubeconfig({ token: 'mine' }));
    config.users.push({ name: 'somebody', user: { 'token-file': '/nonexistent', exec: { command: 'touch' } } });
    expect(await (await credentialsFromKubeconfig(JSON.stringify(config), untrusted)).current()).toEqual({
      authorization: 'Bearer mine',
    });
  });

  it.each(['', '[]', '"text"', '{"users": 5, "contexts": {}}', '{"users": [null]}', 'a: &a [*a]'])(
    'are refused when the kubeconfig is %j',
    async (text) => {
      await expect(credentialsFromKubeconfig(text, untrusted)).rejects.toThrow(
        /^the kubeconfig (cannot be parsed|has no current context)$/,
      );
    },
  );

  it('are not quoted in errors', async () => {
    const broken = 'users:\n- name: u\n  user: {token: s3cret\n  x: [';
    const error = await credentialsFromKubeconfig(broken, untrusted).catch((thrown: Error) => thrown);
    expect(String((error as Error).stack)).not.toContain('s3cret');
    expect((error as Error).message).toBe('the kubeconfig cannot be parsed');
  });

  it('name a context that is not there', async () => {
    await expect(credentialsFromKubeconfig(kubeconfig({}), { ...untrusted, context: 'nope' })).rejects.toThrow(
      'no context "nope"',
    );
  });
});

describe('credentials of a trusted kubeconfig', () => {
  const countFile = join(folder, 'count');
  const plugin = join(folder, 'plugin.sh');
  writeFileSync(countFile, '');
  writeFileSync(
    plugin,
    `#!/bin/sh\nprintf x >> ${countFile}\necho '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t'$(wc -c < ${countFile})'"}}'\n`,
  );
  chmodSync(plugin, 0o755);
  const exec = (command: string) => kubeconfig({ exec: { command, apiVersion: 'client.authentication.k8s.io/v1' } });

  it('come from its plug-in, which is not run for every request', async () => {
    let now = 0;
    const source = await credentialsFromKubeconfig(exec(plugin), { trustKubeconfig: true, now: () => now });
    expect(readFileSync(countFile, 'utf8')).toBe('');
    const states = await Promise.all(Array.from({ length: 10 }, () => source.current()));
    expect(new Set(states.map(({ authorization }) => authorization))).toEqual(new Set(['Bearer t1']));
    expect(source.invalidate()).toBe(false);
    now += 2_000;
    expect(source.invalidate()).toBe(true);
    expect((await source.current()).authorization).toBe('Bearer t2');
  });

  it('fail without showing what the plug-in said, and are tried again', async () => {
    const failing = join(folder, 'failing.sh');
    writeFileSync(failing, '#!/bin/sh\necho s3cret >&2\nexit 1\n');
    chmodSync(failing, 0o755);
    const source = await credentialsFromKubeconfig(exec(failing), trusted);
    const error = await source.current().catch((thrown: Error) => thrown);
    expect((error as Error).message).toBe('the kubeconfig credentials cannot be read or their plug-in failed');
    expect(String((error as Error).cause)).not.toContain('s3cret');
    writeFileSync(failing, `#!/bin/sh\nexec ${plugin}\n`);
    expect((await source.current()).authorization).toMatch(/^Bearer t/);
  });

  it('may stand in files beside it', async () => {
    writeFileSync(join(folder, 'ca.pem'), 'CA');
    writeFileSync(join(folder, 'c.pem'), 'C');
    writeFileSync(join(folder, 'k.pem'), 'K');
    const text = kubeconfig(
      { 'client-certificate': 'c.pem', 'client-key': 'k.pem' },
      { 'certificate-authority': 'ca.pem' },
    );
    const source = await credentialsFromKubeconfig(text, { ...trusted, baseDirectory: folder });
    expect(await source.current()).toEqual({ cert: 'C', key: 'K' });
    expect(source.ca).toBe('CA');

    writeFileSync(join(folder, 'token'), 'from-file');
    const byFile = await credentialsFromKubeconfig(kubeconfig({ tokenFile: join(folder, 'token') }), trusted);
    expect(await byFile.current()).toEqual({ authorization: 'Bearer from-file' });
  });
});
