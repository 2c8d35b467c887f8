import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHub, type Hub } from '../../src/hub/hub.ts';
import { recordEvent } from '../../src/hub/record-event.ts';
import { openSqliteStore } from '../../src/hub/store/sqlite.ts';

const EVENTS = { group: '', resource: 'events' };
const about = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'default', uid: 'u1' } };
const event = { type: 'Warning', reason: 'FailedPlacement', message: 'no', component: 'placement' } as const;
let hub: Hub;
beforeEach(async () => {
  hub = await createHub({ store: openSqliteStore(':memory:'), profile: 'hub' });
});
afterEach(() => hub.close());
const events = async () => (await hub.client.list('root', EVENTS)).items.map(({ object }) => object);

describe('recordEvent', () => {
  it('counts repeats of the same event and keeps others apart', async () => {
    await recordEvent(hub.client, 'root', about, event, '2026-01-01T00:00:00Z');
    await recordEvent(hub.client, 'root', about, event, '2026-01-02T00:00:00Z');
    await recordEvent(hub.client, 'root', about, { ...event, message: 'other' }, '2026-01-03T00:00:00Z');
    const found = (await events()).sort((a, b) => String(a.message).localeCompare(String(b.message)));
    expect(found).toMatchObject([
      {
        count: 2,
        firstTimestamp: '2026-01-01T00:00:00Z',
        lastTimestamp: '2026-01-02T00:00:00Z',
        involvedObject: { kind: 'Deployment', name: 'web', uid: 'u1' },
        reason: 'FailedPlacement',
      },
      { count: 1, message: 'other' },
    ]);
  });

  it('puts events about cluster-scoped objects into default', async () => {
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n', uid: 'u2' } };
    await recordEvent(hub.client, 'root', node, event, '2026-01-01T00:00:00Z');
    expect((await events())[0]?.metadata.namespace).toBe('default');
  });
});
