import { describe, expect, it } from 'vitest';
import { chooseRoute } from '../../routes/index.ts';
import { answerProbe, type HealthCheck } from '../../routes/probes.ts';
import type { ApiHandler } from '../../src/kube/api.ts';
import { parseRequestInfo } from '../../src/kube/request-info.ts';

const good: HealthCheck = { name: 'ping', check: () => undefined };
const bad: HealthCheck = {
  name: 'store',
  check: async () => {
    throw new Error('secret path');
  },
};
const ask = async (checks: HealthCheck[], path: string[] = [], query = '') => {
  const { status, body } = await answerProbe('readyz', checks, path, new URLSearchParams(query));
  return { status, text: Buffer.from(body as Uint8Array).toString() };
};

describe('a probe', () => {
  it('says ok, or every check when asked', async () => {
    expect(await ask([good])).toEqual({ status: 200, text: 'ok' });
    expect(await ask([good], [], 'verbose')).toEqual({ status: 200, text: '[+]ping ok\nreadyz check passed\n' });
  });
  it('names what failed but not why', async () => {
    expect(await ask([good, bad])).toEqual({
      status: 500,
      text: '[+]ping ok\n[-]store failed: reason withheld\nreadyz check failed\n',
    });
    expect(await ask([good, bad], [], 'exclude=store')).toEqual({ status: 200, text: 'ok' });
  });
  it('answers for one check', async () => {
    expect((await ask([good, bad], ['ping'])).text).toBe('ok');
    expect((await ask([good, bad], ['store'])).status).toBe(500);
    await expect(ask([good], ['none'])).rejects.toMatchObject({ code: 404 });
  });
});

describe('a route', () => {
  const named = (name: string): ApiHandler =>
    Object.assign(async () => ({ status: 200, headers: {}, body: Buffer.from(name) }), { door: name });
  const doors = { hub: named('hub'), view: named('view'), process: named('process') };
  const route = (door: 'hub' | 'view' | 'process', path: string) =>
    (
      chooseRoute(doors)({ door, info: parseRequestInfo('GET', path, new URLSearchParams()) }) as unknown as {
        door: string;
      }
    ).door;

  it("follows the door; probes below a workspace are the process's", () => {
    expect([route('hub', '/api'), route('view', '/api'), route('process', '/metrics')]).toEqual([
      'hub',
      'view',
      'process',
    ]);
    expect([route('view', '/livez'), route('hub', '/readyz/ping')]).toEqual(['process', 'process']);
    expect(route('hub', '/metrics')).toBe('hub');
  });
});
