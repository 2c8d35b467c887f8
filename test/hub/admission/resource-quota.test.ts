import { afterEach, beforeEach, expect, test } from 'vitest';
import { CONFIG_MAPS, configMap, type HubHarness, startHub } from '../hub-harness.ts';

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

const quota = (hard: object, name = 'q') => ({
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name },
  spec: { hard },
});
const pod = (name: string, cpu: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'nginx', resources: { requests: { cpu } } }] },
});
const PODS = '/api/v1/namespaces/default/pods';
const statusOf = async (name = 'q') => (await hub.request('GET', `${QUOTAS}/${name}`)).json.status;

test('no number of creates at once exceeds a quota, and all that it has room for are made', async () => {
  await hub.request('POST', QUOTAS, quota({ configmaps: '20', pods: '5', 'requests.cpu': '1' }));
  const maps = Array.from({ length: 60 }, (_, at) => hub.request('POST', CONFIG_MAPS, configMap(`m${at}`)));
  const pods = Array.from({ length: 30 }, (_, at) => hub.request('POST', PODS, pod(`p${at}`, '300m')));
  const made = async (answers: Promise<{ status: number }>[]) =>
    (await Promise.all(answers)).filter(({ status }) => status === 201).length;
  expect(await made(maps)).toBe(20);
  expect(await made(pods)).toBe(3);
  expect((await statusOf()).used).toEqual({ configmaps: '20', pods: '3', 'requests.cpu': '900m' });
});

test('what is deleted may be used again at once, and what is used is told', async () => {
  await hub.request('POST', QUOTAS, quota({ configmaps: '1' }));
  expect((await hub.request('POST', CONFIG_MAPS, configMap('a'))).status).toBe(201);
  expect((await hub.request('POST', CONFIG_MAPS, configMap('b'))).status).toBe(403);
  expect((await hub.request('DELETE', `${CONFIG_MAPS}/a`)).status).toBe(200);
  expect((await hub.request('POST', CONFIG_MAPS, configMap('b'))).status).toBe(201);
  expect((await hub.request('DELETE', `${CONFIG_MAPS}/b`)).status).toBe(200);
  await expect.poll(async () => (await statusOf()).used).toEqual({ configmaps: '0' });
});

test('what is not stored uses nothing', async () => {
  await hub.request('POST', QUOTAS, quota({ configmaps: '2' }));
  expect((await hub.request('POST', CONFIG_MAPS, configMap('a'))).status).toBe(201);
  expect((await hub.request('POST', CONFIG_MAPS, configMap('a'))).status).toBe(409);
  expect((await hub.request('POST', `${CONFIG_MAPS}?dryRun=All`, configMap('b'))).status).toBe(201);
  expect((await statusOf()).used).toEqual({ configmaps: '1' });
  expect((await hub.request('POST', CONFIG_MAPS, configMap('b'))).status).toBe(201);
});

test('a quota of one namespace is nothing to another', async () => {
  await hub.request('POST', QUOTAS, quota({ configmaps: '0' }));
  await hub.request('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'other' } });
  const url = '/api/v1/namespaces/other/configmaps';
  expect((await hub.request('POST', url, configMap('a'))).status).toBe(201);
});
