import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bearerToken } from '../../auth/authenticator.ts';
import { oidcTokens } from '../../auth/oidc.ts';
import { parseTokenFile, staticTokens } from '../../auth/static-token.ts';
import type { Incoming } from '../../src/http/context.ts';

describe('a token file', () => {
  it('has token, user, uid and groups per line', () => {
    expect(parseTokenFile('t1,ann,7,"devs,ops"\n\nt2,"b, c",8\r\n,nobody,9\n').map(({ user }) => user)).toEqual([
      { name: 'ann', uid: '7', groups: ['devs', 'ops'], extra: {} },
      { name: 'b, c', uid: '8', groups: [], extra: {} },
    ]);
  });

  it('with too few columns is refused without quoting the line', () => {
    expect(() => parseTokenFile('a,b,c\ns3cret,ann')).toThrow(
      'token file line 2 must have at least 3 columns (token, user name, user uid), found 2',
    );
  });

  it('knows its own tokens only', async () => {
    const authenticate = staticTokens(parseTokenFile('t1,ann,7'));
    expect((await authenticate('t1', 'root'))?.name).toBe('ann');
    expect(await authenticate('t2', 'root')).toBeUndefined();
    expect(await authenticate('', 'root')).toBeUndefined();
  });
});

describe('a bearer token', () => {
  const read = (rawHeaders: string[], upgrade = false) => bearerToken({ rawHeaders, upgrade } as unknown as Incoming);

  it('comes in Authorization, or in a WebSocket protocol', () => {
    expect(read(['Authorization', 'Bearer abc'])).toBe('abc');
    expect(read(['authorization', 'Basic abc'])).toBeUndefined();
    const protocol = `base64url.bearer.authorization.k8s.io.${Buffer.from('abc').toString('base64url')}`;
    expect(read(['Sec-WebSocket-Protocol', `v5.channel.k8s.io, ${protocol}`], true)).toBe('abc');
    expect(read(['Sec-WebSocket-Protocol', protocol])).toBeUndefined();
  });
});

describe('an OIDC token', () => {
  let server: Server;
  let issuer: string;
  let sign: (
    claims: Record<string, unknown>,
    options?: { audience?: string; expires?: string; foreign?: boolean },
  ) => Promise<string>;
  beforeAll(async () => {
    const own = await generateKeyPair('RS256');
    const foreign = await generateKeyPair('RS256');
    const jwk = { ...(await exportJWK(own.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' };
    server = createServer((request, response) => {
      const body = request.url === '/keys' ? { keys: [jwk] } : { issuer, jwks_uri: `${issuer}/keys` };
      response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    sign = (claims, options = {}) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', kid: 'k1' })
        .setIssuer(issuer)
        .setAudience(options.audience ?? 'tmc')
        .setExpirationTime(options.expires ?? '5m')
        .sign(options.foreign ? foreign.privateKey : own.privateKey);
  });
  afterAll(() => server.close());

  const authenticator = () =>
    oidcTokens({
      issuer,
      audiences: ['tmc'],
      usernameClaim: 'email',
      usernamePrefix: 'corp:',
      groupsClaim: 'groups',
      groupsPrefix: 'corp:',
    });

  it('of the issuer gives its user, prefixed', async () => {
    const authenticate = authenticator();
    const token = await sign({ email: 'a@b.c', email_verified: true, groups: ['x', 'system:masters'] });
    const user = { name: 'corp:a@b.c', groups: ['corp:x', 'corp:system:masters'], extra: {} };
    expect(await authenticate(token, 'root')).toEqual(user);
    expect(await authenticate(token, 'root')).toEqual(user);
  });

  it.each<[string, () => Promise<string>]>([
    ['for another audience', () => sign({ email: 'a' }, { audience: 'other' })],
    ['that has run out', () => sign({ email: 'a' }, { expires: '-1m' })],
    ['with another key', () => sign({ email: 'a' }, { foreign: true })],
    ['without the name', () => sign({ sub: 'a' })],
    ['with an address nobody verified', () => sign({ email: 'a', email_verified: false })],
  ])('%s is 401', async (_what, make) => {
    await expect(authenticator()(await make(), 'root')).rejects.toMatchObject({ code: 401 });
  });

  it('of another issuer is left to others', async () => {
    const authenticate = oidcTokens({
      issuer: 'https://other',
      audiences: ['tmc'],
      usernameClaim: 'sub',
      usernamePrefix: '',
      groupsPrefix: '',
    });
    expect(await authenticate(await sign({ sub: 'a' }), 'root')).toBeUndefined();
    expect(await authenticate('not.a.jwt', 'root')).toBeUndefined();
  });
});
