import { afterEach, beforeEach, expect, test } from 'vitest';
import { CONFIG_MAPS, configMap, type HubHarness, startHub } from './hub-harness.ts';

let hub: HubHarness;
beforeEach(async () => {
  hub = await startHub();
});
afterEach(() => hub.close());

const QUOTAS = '/api/v1/namespaces/default/resourcequotas';

test('a quota on object counts refuses the one too many, and tells what is used', async () => {
  const quota = {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'few' },
    spec: { hard: { 'count/configmaps': '2' } },
  };
  expect((await hub.request('POST', QUOTAS, quota)).status).toBe(201);
  for (const name of ['a', 'b']) expect((await hub.request('POST', CONFIG_MAPS, configMap(name))).status).toBe(201);
  expect((await hub.request('POST', CONFIG_MAPS, configMap('c'))).json).toMatchObject({
    code: 403,
    message:
      'configmaps "c" is forbidden: exceeded quota: few, requested: count/configmaps=1, used: count/configmaps=2, limited: count/configmaps=2',
  });
  await expect
    .poll(async () => (await hub.request('GET', `${QUOTAS}/few`)).json.status)
    .toEqual({ hard: { 'count/configmaps': '2' }, used: { 'count/configmaps': '2' } });
  await hub.request('DELETE', `${CONFIG_MAPS}/a`);
  expect((await hub.request('POST', CONFIG_MAPS, configMap('c'))).status).toBe(201);
});
