import { describe, expect, it } from 'vitest';
import type { HubRef } from '../../src/hub/client.ts';
import { isWithin, isWorkspacePath, splitWorkspacePath } from '../../src/workspaces/path.ts';
import { createWorkspaceResolver, WORKSPACES } from '../../src/workspaces/resolver.ts';
import { MemoryHub } from '../support/memory-hub.ts';

describe('a workspace path', () => {
  it.each(['root', 'root:a', 'root:team-a:dev', `root:${'a'.repeat(63)}`, '1'])('%s is one', (path) => {
    expect(isWorkspacePath(path)).toBe(true);
  });
  it.each([
    '',
    'Root',
    'root:',
    ':a',
    'root::a',
    'root:-a',
    'root:a-',
    'root:a.b',
    'root/a',
    `root:${'a'.repeat(64)}`,
    '*',
    'a\n',
  ])('%j is none', (path) => {
    expect(isWorkspacePath(path)).toBe(false);
  });
  it('knows its parent and what is below it', () => {
    expect(splitWorkspacePath('root:a:b')).toEqual({ parent: 'root:a', name: 'b' });
    expect(splitWorkspacePath('root')).toBeUndefined();
    expect([isWithin('root:a:b', 'root:a'), isWithin('root:ab', 'root:a'), isWithin('root:a', 'root:a')]).toEqual([
      true,
      false,
      true,
    ]);
  });
});

describe('the resolver', () => {
  async function start() {
    const { client } = new MemoryHub();
    const counted = { gets: 0 };
    const stop = new AbortController();
    const hub = {
      ...client,
      get: (ref: HubRef) => {
        counted.gets++;
        return client.get(ref);
      },
    } as typeof client;
    const resolver = createWorkspaceResolver({ hub, signal: stop.signal });
    await resolver.whenReady();
    const make = async (parent: string, name: string, phase: string, finalizers: string[] = []) => {
      const object = {
        apiVersion: 'tenancy.kcp.io/v1alpha1',
        kind: 'Workspace',
        metadata: { name, finalizers },
        status: { phase },
      };
      await client.create(parent, WORKSPACES, object);
    };
    return { client, counted, make, stop, state: (path: string) => resolver.state(path) };
  }
  const until = { timeout: 2_000 };

  it('knows the root always, others by their objects and their ancestors', async () => {
    const { make, state, stop } = await start();
    await make('root', 'a', 'Ready');
    await make('root:a', 'b', 'Ready');
    await make('root:ghost', 'b', 'Ready');
    await make('root', 'new', 'Initializing');
    const states = await Promise.all(
      [
        'root',
        'root:a',
        'root:a:b',
        'root:ghost:b',
        'root:new',
        'root:none',
        'other',
        'root::x',
        `root${':a'.repeat(20)}`,
      ].map(state),
    );
    expect(states).toEqual([
      'ready',
      'ready',
      'ready',
      'unknown',
      'initializing',
      'unknown',
      'unknown',
      'malformed',
      'malformed',
    ]);
    stop.abort();
  });

  it('asks once, and follows changes, also those of an ancestor', async () => {
    const { client, counted, make, state, stop } = await start();
    await make('root', 'a', 'Ready', ['held']);
    await make('root:a', 'b', 'Ready');
    const askedFor = async () => {
      const before = counted.gets;
      await state('root:a:b');
      return counted.gets - before;
    };
    await expect.poll(askedFor, until).toBe(0);
    await client.delete({ workspace: 'root', ...WORKSPACES, name: 'a' });
    await expect.poll(() => state('root:a:b'), until).toBe('deleting');
    stop.abort();
  });
});
