import { expect, it, describe as suite } from 'vitest';
import type { Incoming } from '../../src/http/context.ts';
import { describe, type Grammar, workspaceOfHost } from '../../src/http/describe.ts';

const incoming = (url: string, more: Partial<Incoming> = {}): Incoming => ({
  method: 'GET',
  url,
  rawHeaders: [],
  host: 'gateway:6443',
  remoteAddress: '',
  peer: undefined,
  upgrade: false,
  receivedAt: 0,
  ...more,
});
const GRAMMAR: Grammar = { rootWorkspace: 'root', aliasDomain: 'tmc.example' };
const read = (url: string, more: Partial<Incoming> = {}, grammar = GRAMMAR) =>
  describe(incoming(url, more), grammar, 'id');

suite('a URL', () => {
  it.each([
    [
      '/services/tmc/clusters/root:a/api/v1/pods',
      'view',
      'root:a',
      undefined,
      '/services/tmc/clusters/root:a',
      '/api/v1/pods',
    ],
    ['/services/tmc/clusters/root%3Aa/api', 'view', 'root:a', undefined, '/services/tmc/clusters/root%3Aa', '/api'],
    [
      '/services/tmc/synctargets/east/clusters/root/apis',
      'view',
      'root',
      'east',
      '/services/tmc/synctargets/east/clusters/root',
      '/apis',
    ],
    ['/clusters/root:a:b', 'hub', 'root:a:b', undefined, '/clusters/root:a:b', '/'],
    ['/clusters/*/api/v1/pods?watch=1', 'hub', '*', undefined, '/clusters/*', '/api/v1/pods'],
    ['/readyz?verbose', 'process', 'root', undefined, '', '/readyz'],
    ['/metrics', 'process', 'root', undefined, '', '/metrics'],
  ])('%s is read', (url, door, workspace, onlyCluster, urlPrefix, path) => {
    const described = read(url);
    expect(described).toMatchObject({ door, workspace, urlPrefix });
    expect(described.onlyCluster).toBe(onlyCluster);
    expect(described.info.path).toBe(path);
  });

  it('with a Host alias is a view at the root path', () => {
    const described = read('/api/v1/pods', { host: 'root.team-a.TMC.example:6443' });
    expect(described).toMatchObject({ door: 'view', workspace: 'root:team-a', urlPrefix: '' });
    expect(() => read('/api/v1/pods', { host: 'evil-tmc.example' })).toThrow('could not find');
    expect(workspaceOfHost('root.a.tmc.example', undefined)).toBeUndefined();
  });

  it('at the root is what the grammar says', () => {
    expect(read('/api', {}, { rootWorkspace: 'root', rootDoor: 'hub' })).toMatchObject({ door: 'hub', urlPrefix: '' });
    expect(() => read('/api')).toThrow('the server could not find the requested resource');
  });

  it.each([
    '/clusters/a%zz/api',
    '/clusters/root/api/../x',
    '/clusters/root/api/%2e%2e/x',
    '/clusters/root/a%00b',
    '/x\\..\\y',
    'x',
  ])('%s is refused', (url) => {
    expect(() => read(url)).toThrow(expect.objectContaining({ code: 400 }));
  });

  it('that has passed too many gateways is refused', () => {
    expect(read('/metrics', { rawHeaders: ['X-TMC-Hops', '3'] }).door).toBe('process');
    expect(() => read('/metrics', { rawHeaders: ['X-TMC-Hops', '4'] })).toThrow(expect.objectContaining({ code: 508 }));
  });
});
