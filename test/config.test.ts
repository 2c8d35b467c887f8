import { describe, expect, it } from 'vitest';
import { parseServerConfig, withEnvironment } from '../src/config.ts';

describe('the configuration', () => {
  it('has a default for everything', () => {
    expect(parseServerConfig({})).toMatchObject({
      host: '127.0.0.1',
      port: 6443,
      dataDir: '.tmc',
      authentication: { oidc: [] },
    });
  });
  it('says which field is wrong', () => {
    expect(() => parseServerConfig({ port: 'x', prot: 1 })).toThrow(/port[\s\S]*prot|prot[\s\S]*port/);
  });
  it('is overlaid by the environment, nested names included', () => {
    const file = { port: 1, authentication: { tokenFile: 'a' } };
    const env = { TMC_PORT: '7443', TMC_AUTHENTICATION_TOKEN_FILE: 'b', TMC_NAMES: 'x, y', TMC_OTHER: '?' };
    expect(parseServerConfig(withEnvironment(file, env))).toMatchObject({
      port: 7443,
      names: ['x', 'y'],
      authentication: { tokenFile: 'b' },
    });
    expect(file).toEqual({ port: 1, authentication: { tokenFile: 'a' } });
  });
});
