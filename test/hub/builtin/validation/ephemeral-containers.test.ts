import { afterEach, beforeEach, expect, test } from 'vitest';
import { type HubHarness, startHub } from '../../hub-harness.ts';

let hub: HubHarness;
const PODS = '/api/v1/namespaces/default/pods';
const STRATEGIC = { type: 'application/strategic-merge-patch+json' };
const containers = [{ name: 'main', image: 'nginx' }];

beforeEach(async () => {
  hub = await startHub();
  await hub.request('POST', PODS, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' }, spec: { containers } });
});
afterEach(() => hub.close());

const add = (...ephemeralContainers: object[]) =>
  hub.request('PATCH', `${PODS}/web/ephemeralcontainers`, { spec: { ephemeralContainers } }, STRATEGIC);
const debug = { name: 'debug', image: 'busybox', targetContainerName: 'main' };

test('are added through their subresource, which changes nothing else', async () => {
  const body = { metadata: { labels: { a: 'b' } }, spec: { ephemeralContainers: [debug], activeDeadlineSeconds: 5 } };
  const { status, json } = await hub.request('PATCH', `${PODS}/web/ephemeralcontainers`, body, STRATEGIC);
  expect(status).toBe(200);
  expect(json.spec.ephemeralContainers).toEqual([
    {
      ...debug,
      imagePullPolicy: 'Always',
      resources: {},
      terminationMessagePath: '/dev/termination-log',
      terminationMessagePolicy: 'File',
    },
  ]);
  expect(json.spec.activeDeadlineSeconds).toBeUndefined();
  expect(json.metadata.labels).toBeUndefined();
  expect(json.spec.containers).toMatchObject(containers);
});

test('are refused in a new pod and in an update of the pod itself', async () => {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'x' },
    spec: { containers, ephemeralContainers: [debug] },
  };
  expect((await hub.request('POST', PODS, pod)).json.message).toContain(
    'spec.ephemeralContainers: Forbidden: cannot be set on create',
  );
  const patched = await hub.request('PATCH', `${PODS}/web`, { spec: { ephemeralContainers: [debug] } }, STRATEGIC);
  expect(patched.json.message).toContain('pod updates may not change fields other than');
});

test('stay as they are once added', async () => {
  await add(debug);
  expect((await add({ name: 'debug', image: 'other' })).json.message).toContain(
    'existing ephemeral containers "debug" may not be changed',
  );
  const removed = await hub.request(
    'PATCH',
    `${PODS}/web/ephemeralcontainers`,
    { spec: { ephemeralContainers: null } },
    STRATEGIC,
  );
  expect(removed.json.message).toContain('existing ephemeral containers "debug" may not be removed');
});

test.each([
  ['no image', { name: 'debug' }, 'spec.ephemeralContainers[0].image: Required value'],
  ['a name that is taken', { ...debug, name: 'main' }, 'spec.ephemeralContainers[0].name: Duplicate value: "main"'],
  ['an unknown target', { ...debug, targetContainerName: 'no' }, 'targetContainerName: Not found: "no"'],
  ['ports', { ...debug, ports: [{ containerPort: 80 }] }, 'ports: Forbidden: cannot be set for an Ephemeral Container'],
])('are refused with %s', async (_, container, message) => {
  const { status, json } = await add(container);
  expect([status, json.message]).toEqual([422, expect.stringContaining(message)]);
});
