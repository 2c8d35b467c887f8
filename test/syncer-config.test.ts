import { describe, expect, it } from 'vitest';
import { selection, toHubRoot } from '../src/syncer.ts';
import { syncerConfig } from '../src/syncer-config.ts';

const ONE = { syncTargetName: 'edge', kubeconfig: 'hub.kubeconfig' };

describe('syncerConfig', () => {
  it('needs a target and a kubeconfig, and has a default for all else', () => {
    expect(syncerConfig(ONE, {}, {})).toEqual({
      kubeconfig: 'hub.kubeconfig',
      logLevel: 2,
      bindAddress: '0.0.0.0',
      metricsPort: 8080,
      healthPort: 8081,
      targets: [
        {
          name: 'edge',
          workspace: 'root',
          concurrency: 5,
          resyncPeriod: 300,
          namespaces: [],
          resourceTypes: [],
          qps: 0,
          burst: 0,
          heartbeatPeriod: 10,
        },
      ],
    });
  });

  it('takes flags over the environment, and that over the file', () => {
    const env = { SYNCER_QPS: '20', SYNCER_BURST: '40', SYNCER_METRICS_PORT: '9090' };
    const file = { qps: 1, burst: 1, concurrency: 7, metricsPort: 1, healthPort: 2 };
    const config = syncerConfig({ ...ONE, qps: '50' }, env, file);
    expect(config.targets[0]).toMatchObject({ qps: 50, burst: 40, concurrency: 7 });
    expect(config).toMatchObject({ metricsPort: 9090, healthPort: 2 });
  });

  it('reads every flag from its variable', () => {
    const env = {
      SYNCER_SYNC_TARGET_NAME: 'edge',
      SYNCER_SYNC_TARGET_WORKSPACE: 'root:team-a',
      SYNCER_KUBECONFIG: 'hub',
      SYNCER_DOWNSTREAM_KUBECONFIG: 'cluster',
      SYNCER_LOG_LEVEL: '3',
      SYNCER_BIND_ADDRESS: '::',
      SYNCER_METRICS_PORT: '1',
      SYNCER_HEALTH_PORT: '2',
      SYNCER_CONCURRENCY: '9',
      SYNCER_RESYNC_PERIOD: '0',
      SYNCER_NAMESPACES: 'a, b,',
      SYNCER_RESOURCE_TYPES: 'deployments.apps,configmaps',
      SYNCER_QPS: '2.5',
      SYNCER_BURST: '4',
      SYNCER_HEARTBEAT_PERIOD: '5',
    };
    expect(syncerConfig({}, env, {})).toEqual({
      kubeconfig: 'hub',
      logLevel: 3,
      bindAddress: '::',
      metricsPort: 1,
      healthPort: 2,
      targets: [
        {
          name: 'edge',
          workspace: 'root:team-a',
          downstreamKubeconfig: 'cluster',
          concurrency: 9,
          resyncPeriod: 0,
          namespaces: ['a', 'b'],
          resourceTypes: ['deployments.apps', 'configmaps'],
          qps: 2.5,
          burst: 4,
          heartbeatPeriod: 5,
        },
      ],
    });
  });

  const MANY = {
    kubeconfig: 'hub',
    concurrency: 8,
    targets: [
      { name: 'a', downstreamKubeconfig: 'a.kubeconfig' },
      { name: 'b', downstreamKubeconfig: 'b.kubeconfig', workspace: 'root:b', concurrency: 2 },
    ],
  };

  it('takes many targets from the file, each with settings of its own', () => {
    const { targets } = syncerConfig({}, {}, MANY);
    expect(targets.map(({ name, workspace, concurrency }) => [name, workspace, concurrency])).toEqual([
      ['a', 'root', 8],
      ['b', 'root:b', 2],
    ]);
  });

  it('serves only the target that a flag names, with what the file says of it', () => {
    const { targets } = syncerConfig({ syncTargetName: 'b' }, {}, MANY);
    expect(targets).toMatchObject([{ name: 'b', downstreamKubeconfig: 'b.kubeconfig', concurrency: 2 }]);
  });

  it.each([
    ['no target', { kubeconfig: 'hub' }, {}, /name a target/],
    ['no kubeconfig', { syncTargetName: 'edge' }, {}, /--kubeconfig/],
    ['a port that is no number', { ...ONE, metricsPort: 'http' }, {}, /metricsPort/],
    ['an empty number', { ...ONE, concurrency: '' }, {}, /concurrency/],
    ['no work at the same time', { ...ONE, concurrency: '0' }, {}, /concurrency/],
    ['a heartbeat too slow for the gateway', { ...ONE, heartbeatPeriod: '60' }, {}, /heartbeatPeriod/],
    ['a field that there is not', ONE, { metricPort: 1 }, /metricPort/],
    ['a field that a target has not', { kubeconfig: 'hub' }, { targets: [{ name: 'a', port: 1 }] }, /port/],
    ['targets that are no list', { kubeconfig: 'hub' }, { targets: 'edge' }, /targets/],
  ])('refuses %s', (_what, flags, file, message) => {
    expect(() => syncerConfig(flags, {}, file)).toThrow(message);
  });
});

describe('selection', () => {
  const deployments = { group: 'apps', resource: 'deployments' };
  it('takes everything unless told otherwise', () => {
    expect(selection({ namespaces: [], resourceTypes: [] })(deployments, 'any')).toBe(true);
  });
  it.each([
    [{ namespaces: ['a'], resourceTypes: [] }, 'a', true],
    [{ namespaces: ['a'], resourceTypes: [] }, 'b', false],
    [{ namespaces: ['a'], resourceTypes: [] }, '', true],
    [{ namespaces: [], resourceTypes: ['deployments.apps'] }, 'b', true],
    [{ namespaces: [], resourceTypes: ['deployments'] }, 'b', true],
    [{ namespaces: [], resourceTypes: ['services'] }, 'b', false],
  ])('%j and namespace "%s": %s', (filter, namespace, expected) => {
    expect(selection(filter)(deployments, namespace)).toBe(expected);
  });
});

describe('toHubRoot', () => {
  it.each([
    ['https://tmc:6443/services/tmc/clusters/root:dev', 'https://tmc:6443'],
    ['https://tmc:6443/clusters/root/', 'https://tmc:6443'],
    ['https://tmc:6443', 'https://tmc:6443'],
    ['https://proxy/tmc/clusters/root', 'https://proxy/tmc'],
  ])('%s → %s', (server, root) => {
    expect(toHubRoot(server)).toBe(root);
  });
});
