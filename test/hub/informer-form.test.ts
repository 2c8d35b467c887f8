import { describe, expect, it } from 'vitest';
import { informerForm } from '../../src/hub/informer-form.ts';
import type { KubeObject } from '../../src/kube/object.ts';

const CONFIG_MAPS = { group: '', resource: 'configmaps' };
const SECRETS = { group: '', resource: 'secrets' };
const object = (kind: string, metadata: object, contents: object): KubeObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name: 'a', ...metadata },
  ...contents,
});

describe('what informers keep', () => {
  it('is no contents of a ConfigMap or Secret that nobody places', () => {
    const map = object(
      'ConfigMap',
      { labels: { app: 'x' } },
      { data: { a: 'b' }, binaryData: { c: 'ZA==' }, immutable: true },
    );
    expect(informerForm(CONFIG_MAPS, map)).toEqual(object('ConfigMap', { labels: { app: 'x' } }, { immutable: true }));
    const secret = object('Secret', {}, { type: 'Opaque', data: { a: 'Yg==' } });
    expect(informerForm(SECRETS, secret)).toEqual(object('Secret', {}, { type: 'Opaque' }));
    expect(map.data).toEqual({ a: 'b' });
  });

  it.each([
    ['a label', { labels: { 'state.workload.kcp.io/K': 'Sync' } }],
    ['a finalizer', { finalizers: ['workload.kcp.io/syncer-K'] }],
  ])('is all of one that a target holds by %s', (_by, metadata) => {
    const secret = object('Secret', metadata, { data: { a: 'Yg==' } });
    expect(informerForm(SECRETS, secret)).toEqual(secret);
  });

  it('is all of other kinds, and nobody’s managedFields', () => {
    const custom = object('Thing', { managedFields: [{ manager: 'x' }] }, { data: { a: 'b' } });
    expect(informerForm({ group: 'example.com', resource: 'configmaps' }, custom)).toEqual(
      object('Thing', {}, { data: { a: 'b' } }),
    );
  });
});
