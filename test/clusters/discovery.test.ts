import { afterEach, describe, expect, it } from 'vitest';
import { createDiscoveryCache, type DiscoveryCache } from '../../src/clusters/discovery.ts';
import { type FetchedAnswer, fetchRoot } from '../../src/clusters/discovery-fetch.ts';
import { type AggregatedDocument, groupsOfAggregated, resourcesOfLegacy } from '../../src/clusters/discovery-parse.ts';
import type { DownstreamResponse } from '../../src/clusters/downstream.ts';
import { waitFor } from '../support/wait-for.ts';

const never = new AbortController().signal;
const answer = (body: unknown, status = 200, headers: Record<string, string> = {}): FetchedAnswer => ({
  status,
  headers,
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
});
const widget = {
  resource: 'widgets',
  responseKind: { kind: 'Widget' },
  scope: 'Namespaced',
  singularResource: 'widget',
  verbs: ['list'],
};
type Versions = NonNullable<NonNullable<AggregatedDocument['items']>[number]['versions']>;
const aggregated = (...versions: Versions): AggregatedDocument => ({
  kind: 'APIGroupDiscoveryList',
  items: [{ metadata: { name: 'acme.com' }, versions }],
});

describe('parsing discovery', () => {
  it('reads kinds, scopes and subresources of the aggregated document', () => {
    const scale = {
      subresource: 'scale',
      responseKind: { group: 'autoscaling', version: 'v1', kind: 'Scale' },
      verbs: ['get'],
    };
    const status = {
      subresource: 'status',
      responseKind: { group: 'acme.com', version: 'v1', kind: 'Widget' },
      verbs: ['get'],
    };
    const [group] = groupsOfAggregated(
      aggregated({ version: 'v1', resources: [{ ...widget, subresources: [scale, status] }] }),
    );
    expect(group?.versions[0]?.resources[0]).toEqual({
      group: 'acme.com',
      version: 'v1',
      resource: 'widgets',
      kind: 'Widget',
      singular: 'widget',
      namespaced: true,
      verbs: ['list'],
      shortNames: [],
      categories: [],
      subresources: [
        { name: 'scale', kind: 'Scale', group: 'autoscaling', version: 'v1', verbs: ['get'] },
        { name: 'status', kind: 'Widget', verbs: ['get'] },
      ],
    });
  });

  it('reads the same from the legacy list', () => {
    const list = {
      groupVersion: 'acme.com/v1',
      resources: [
        { name: 'widgets', singularName: 'widget', namespaced: true, kind: 'Widget', verbs: ['list'] },
        { name: 'widgets/scale', namespaced: true, group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: ['get'] },
      ],
    };
    expect(resourcesOfLegacy(list)).toMatchObject([
      { resource: 'widgets', subresources: [{ name: 'scale', kind: 'Scale', group: 'autoscaling', version: 'v1' }] },
    ]);
  });
});

describe('fetching discovery', () => {
  it('is one small question when nothing changed', async () => {
    const asked: Record<string, string>[] = [];
    const fetch = async (_path: string, headers: Record<string, string>) => {
      asked.push(headers);
      return headers['if-none-match'] === '"1"'
        ? answer('', 304)
        : answer(aggregated({ version: 'v1', resources: [widget] }), 200, { etag: '"1"' });
    };
    const first = await fetchRoot('east', '/apis', fetch, undefined, never);
    expect(await fetchRoot('east', '/apis', fetch, first, never)).toBe(first);
    expect(asked[0]?.accept).toContain('v=v2;as=APIGroupDiscoveryList');
    expect(asked[1]?.['if-none-match']).toBe('"1"');
  });

  it('falls back to the documents of older servers, and to what was known where one of them is away', async () => {
    let away = false;
    const fetch = async (path: string) => {
      const documents: Record<string, unknown> = {
        '/apis': {
          kind: 'APIGroupList',
          groups: [{ name: 'acme.com', versions: [{ groupVersion: 'acme.com/v1', version: 'v1' }] }],
        },
        '/apis/acme.com/v1': {
          kind: 'APIResourceList',
          groupVersion: 'acme.com/v1',
          resources: [{ name: 'widgets', kind: 'Widget', namespaced: true }],
        },
      };
      return away && path !== '/apis' ? answer('no endpoints', 503) : answer(documents[path]);
    };
    const first = await fetchRoot('east', '/apis', fetch, undefined, never);
    expect(first.groups).toMatchObject([
      { name: 'acme.com', versions: [{ version: 'v1', stale: false, resources: [{ resource: 'widgets' }] }] },
    ]);
    away = true;
    const second = await fetchRoot('east', '/apis', fetch, first, never);
    expect(second.groups).toMatchObject([{ versions: [{ stale: true, resources: [{ resource: 'widgets' }] }] }]);
  });

  it('keeps the kinds of an aggregated API that has a hiccup', async () => {
    const known = { etag: undefined, groups: groupsOfAggregated(aggregated({ version: 'v1', resources: [widget] })) };
    const fetch = async () => answer(aggregated({ version: 'v1', freshness: 'Stale' }));
    expect((await fetchRoot('east', '/apis', fetch, known, never)).groups).toMatchObject([
      { versions: [{ resources: [{ resource: 'widgets' }] }] },
    ]);
  });

  it.each([
    ['401', answer('', 401), 'authentication'],
    ['500', answer('', 500), 'garbage'],
    ['broken JSON', answer('{"kind"'), 'garbage'],
    ['a list', answer([]), 'garbage'],
    ['null', answer('null'), 'garbage'],
    ['another kind', answer({ kind: 'Frob', apiVersion: 'v1' }), 'garbage'],
    ['groups of another kind', answer({ kind: 'Frob', groups: [] }), 'garbage'],
    ['a list of groups without groups', answer({ kind: 'APIGroupList' }), 'garbage'],
    ['aggregated discovery without items', answer({ kind: 'APIGroupDiscoveryList' }), 'garbage'],
  ] as const)('is an error on %s', async (_what, given, kind) => {
    await expect(fetchRoot('east', '/apis', async () => given, undefined, never)).rejects.toMatchObject({ kind });
  });
});

describe('a discovery cache', () => {
  let cache: DiscoveryCache | undefined;
  afterEach(() => cache?.stop());

  function setUp() {
    const state = { resources: [widget], down: false, changes: 0, roundTrips: 0 };
    let event = (): void => undefined;
    let cut = (): void => undefined;
    cache = createDiscoveryCache({
      clusterName: 'east',
      intervalMs: 60_000,
      now: Date.now,
      onChange: () => (state.changes += 1),
      onDefinitions: () => undefined,
      async fetch(path) {
        if (state.down) throw new Error('down');
        if (path.includes('limit=1')) return answer({ metadata: { resourceVersion: '7' } });
        if (path === '/version') return answer({ gitVersion: 'v1.37.1' });
        state.roundTrips += path === '/apis' ? 1 : 0;
        return answer(
          path === '/api'
            ? { kind: 'APIGroupDiscoveryList', items: [] }
            : aggregated({ version: 'v1', resources: state.resources }),
        );
      },
      async watch(path): Promise<DownstreamResponse> {
        expect(path).toContain('resourceVersion=7');
        async function* events() {
          for (;;) {
            const go = await new Promise<boolean>((resolve) => {
              event = () => resolve(true);
              cut = () => resolve(false);
            });
            if (!go) return;
            yield Buffer.from('{"type":"ADDED"}\n');
          }
        }
        return { status: 200, headers: {}, body: Object.assign(events(), { destroy: () => undefined }) };
      },
    });
    return { state, cache, sendEvent: () => event(), cutWatch: () => cut() };
  }

  it('asks again soon after a definition changed, and tells once', async () => {
    const { state, cache: made, sendEvent } = setUp();
    const first = await made.whenKnown();
    expect(first.groups).toEqual([{ name: 'acme.com', versions: ['v1'] }]);
    state.resources = [widget, { ...widget, resource: 'gadgets', responseKind: { kind: 'Gadget' } }];
    sendEvent();
    await waitFor('the new kind', () => made.current()?.resources.length === 2, { timeoutMs: 2_000, intervalMs: 10 });
    expect(made.current()?.hash).not.toBe(first.hash);
    expect(state.changes).toBe(2);
  });

  it('keeps what it knew while the cluster is down, with its age', async () => {
    const { state, cache: made } = setUp();
    const first = await made.whenKnown();
    state.down = true;
    made.refresh();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(made.current()).toEqual(first);
  });

  it('gives up waiting with the caller, and when it is stopped', async () => {
    const { state, cache: made } = setUp();
    state.down = true;
    const reason = new Error('client gone');
    const caller = new AbortController();
    const waiting = made.whenKnown(caller.signal);
    caller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    const forever = made.whenKnown();
    made.stop();
    await expect(forever).rejects.toThrow();
  });
});
