import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { reencrypt } from '../../src/hub/reencrypt.ts';
import { openSqliteStore } from '../../src/hub/store/sqlite.ts';
import { createValueCipher } from '../../src/hub/value-cipher.ts';
import { startHub } from './hub-harness.ts';

const SECRETS = '/api/v1/namespaces/default/secrets';
const secret = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  data: { k: 'aHVzaC1odXNo' },
});
const oldKey = { id: '2024', secret: randomBytes(32) };
const newKey = { id: '2025', secret: randomBytes(32) };

test('secrets are sealed at rest and read as if they were not', async () => {
  const hub = await startHub({ encryptionKeys: [oldKey] });
  const tap = await hub.watch(`${SECRETS}?watch=1`);
  expect((await hub.request('POST', SECRETS, secret('a'))).status).toBe(201);
  const { value } = (await hub.store.list('/root/-/secrets/')).entries[0]!;
  expect(Buffer.from(value).includes('aHVzaC1odXNo')).toBe(false);
  expect((await hub.request('GET', `${SECRETS}/a`)).json.data).toEqual({ k: 'aHVzaC1odXNo' });
  expect((await hub.request('GET', SECRETS)).json.items[0].data).toEqual({ k: 'aHVzaC1odXNo' });
  await tap.until(1);
  expect(tap.events[0].object.data).toEqual({ k: 'aHVzaC1odXNo' });
  tap.end();
  await hub.close();
});

test('rotation seals everything with the newest key', async () => {
  const store = openSqliteStore(':memory:');
  const before = await startHub({ store });
  await before.request('POST', SECRETS, secret('plain'));
  await before.hub.close();
  const during = await startHub({ store, encryptionKeys: [oldKey] });
  await during.request('POST', SECRETS, secret('old'));
  await during.hub.close();
  const cipher = createValueCipher([newKey, oldKey]);
  expect(await reencrypt(store, cipher)).toBe(2);
  expect(await reencrypt(store, cipher)).toBe(0);
  const after = await startHub({ store, encryptionKeys: [newKey] });
  const list = await after.request('GET', SECRETS);
  expect(list.json.items.map((one: { metadata: { name: string } }) => one.metadata.name)).toEqual(['old', 'plain']);
  await after.close();
});

test('a sealed value cannot be moved to another object', () => {
  const cipher = createValueCipher([oldKey]);
  const sealed = cipher.seal('/root/-/secrets/default/a', { group: '', resource: 'secrets' }, Buffer.from('{"x":1}'));
  expect(Buffer.from(cipher.open('/root/-/secrets/default/a', sealed)).toString()).toBe('{"x":1}');
  expect(() => cipher.open('/root/-/secrets/default/b', sealed)).toThrow();
  expect(() => createValueCipher([newKey]).open('/root/-/secrets/default/a', sealed)).toThrow(/"2024"/);
});
