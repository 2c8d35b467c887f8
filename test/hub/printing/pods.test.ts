import { expect, test } from 'vitest';
import { printerFor } from '../../../src/hub/printing/printer-for.ts';

const now = Date.parse('2026-03-01T12:00:00Z');
const printer = printerFor({ group: '', resource: 'pods', kind: 'Pod' });

type Fields = Record<string, unknown>;
const pod = (spec: Fields, status: Fields, metadata: Fields = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', creationTimestamp: '2026-03-01T11:00:00Z', ...metadata },
  spec: { containers: [{ name: 'a' }, { name: 'b' }], ...spec },
  status,
});
const running = (name: string, more: Fields = {}) => ({ name, ready: true, state: { running: {} }, ...more });
const ended = (name: string, terminated: Fields, more: Fields = {}) => ({ name, state: { terminated }, ...more });
const waiting = (name: string, reason: string) => ({ name, state: { waiting: { reason } } });
const sidecar = { name: 's', restartPolicy: 'Always' };
const earlier = (finishedAt: string) => ({ terminated: { exitCode: 1, finishedAt } });

test.each<[string, ReturnType<typeof pod>, ready: string, status: string, restarts: string]>([
  ['a phase alone', pod({}, { phase: 'Pending' }), '0/2', 'Pending', '0'],
  ['a reason', pod({}, { phase: 'Failed', reason: 'Evicted' }), '0/2', 'Evicted', '0'],
  [
    'scheduling gates',
    pod({}, { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] }),
    '0/2',
    'SchedulingGated',
    '0',
  ],
  [
    'running containers',
    pod({}, { phase: 'Running', containerStatuses: [running('a'), running('b')] }),
    '2/2',
    'Running',
    '0',
  ],
  [
    'a container that cannot start',
    pod({}, { phase: 'Pending', containerStatuses: [waiting('a', 'ImagePullBackOff'), running('b')] }),
    '1/2',
    'ImagePullBackOff',
    '0',
  ],
  [
    'restarts with the newest end',
    pod(
      {},
      {
        phase: 'Running',
        containerStatuses: [
          running('a', { restartCount: 2, lastState: earlier('2026-03-01T11:58:00Z') }),
          running('b', { restartCount: 1, lastState: earlier('2026-03-01T11:59:00Z') }),
        ],
      },
    ),
    '2/2',
    'Running',
    '3 (60s ago)',
  ],
  [
    'an exit code',
    pod({}, { phase: 'Failed', containerStatuses: [ended('a', { exitCode: 3 })] }),
    '0/2',
    'ExitCode:3',
    '0',
  ],
  [
    'a signal',
    pod({}, { phase: 'Failed', containerStatuses: [ended('a', { exitCode: 137, signal: 9 })] }),
    '0/2',
    'Signal:9',
    '0',
  ],
  [
    'one container done and one ready',
    pod(
      {},
      {
        phase: 'Running',
        conditions: [{ type: 'Ready', status: 'True' }],
        containerStatuses: [ended('a', { exitCode: 0, reason: 'Completed' }), running('b')],
      },
    ),
    '1/2',
    'Running',
    '0',
  ],
  [
    'one container done and one failed',
    pod(
      {},
      {
        phase: 'Running',
        containerStatuses: [
          ended('a', { exitCode: 0, reason: 'Completed' }),
          ended('b', { exitCode: 1, reason: 'Error' }),
        ],
      },
    ),
    '0/2',
    'Error',
    '0',
  ],
  [
    'an init container at work',
    pod(
      { initContainers: [{ name: 'i' }, { name: 'j' }] },
      {
        phase: 'Pending',
        initContainerStatuses: [ended('i', { exitCode: 0 }), { name: 'j', state: { running: {} } }],
        containerStatuses: [waiting('a', 'PodInitializing')],
      },
    ),
    '0/2',
    'Init:1/2',
    '0',
  ],
  [
    'an init container that failed',
    pod(
      { initContainers: [{ name: 'i' }] },
      { phase: 'Pending', initContainerStatuses: [ended('i', { exitCode: 2 }, { restartCount: 4 })] },
    ),
    '0/2',
    'Init:ExitCode:2',
    '4',
  ],
  [
    'a sidecar',
    pod(
      { initContainers: [sidecar] },
      {
        phase: 'Running',
        initContainerStatuses: [running('s', { started: true, restartCount: 1 })],
        containerStatuses: [running('a'), running('b')],
      },
    ),
    '3/3',
    'Running',
    '1',
  ],
  [
    'deletion in progress',
    pod({}, { phase: 'Running' }, { deletionTimestamp: '2026-03-01T11:59:00Z' }),
    '0/2',
    'Terminating',
    '0',
  ],
  [
    'deletion on a lost node',
    pod({}, { phase: 'Running', reason: 'NodeLost' }, { deletionTimestamp: '2026-03-01T11:59:00Z' }),
    '0/2',
    'Unknown',
    '0',
  ],
  [
    'deletion after success',
    pod({}, { phase: 'Succeeded' }, { deletionTimestamp: '2026-03-01T11:59:00Z' }),
    '0/2',
    'Succeeded',
    '0',
  ],
])('%s is shown', (_, object, ready, status, restarts) => {
  expect(printer.cells(object, now).slice(1, 5)).toEqual([ready, status, restarts, '60m']);
});

test('wide columns hold the address, the nodes and the readiness gates', () => {
  const object = pod(
    { nodeName: 'n', readinessGates: [{ conditionType: 'x' }, { conditionType: 'y' }] },
    { podIPs: [{ ip: '10.0.0.1' }], conditions: [{ type: 'x', status: 'True' }] },
  );
  expect(printer.cells(object, now).slice(5)).toEqual(['10.0.0.1', 'n', '<none>', '1/2']);
  expect(printer.cells(pod({}, {}), now).slice(5)).toEqual(['<none>', '<none>', '<none>', '<none>']);
});

test('a row says that its pod is done', () => {
  expect(printer.conditions?.(pod({}, { phase: 'Failed' }))).toMatchObject([{ type: 'Completed', reason: 'Failed' }]);
  expect(printer.conditions?.(pod({}, { phase: 'Running' }))).toBeUndefined();
});
