import { expect, test } from 'vitest';
import type { KubeObject } from '../../src/kube/object.ts';
import { statusReport } from '../../src/sync/status-report.ts';

const object = (namespace: string, status: object): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace, generation: 1 },
  status,
});

test('a condition that quotes the namespace of the cluster is reported with the workspace’s', () => {
  const message = (namespace: string): string =>
    `pods "web-1" is forbidden: error looking up service account ${namespace}/robot: serviceaccount "robot" not found`;
  const live = object('kcp-2db4loyxtt6j', {
    conditions: [{ type: 'ReplicaFailure', status: 'True', message: message('kcp-2db4loyxtt6j') }],
  });
  const report = statusReport(object('default', {}), live, true, undefined);
  expect(JSON.parse(report ?? '').conditions[0].message).toBe(message('default'));
});
