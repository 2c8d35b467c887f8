import type { ClusterFacts, PlacementPolicy, Workload } from '../../src/placement/model.ts';

/** A healthy, empty cluster that serves everything the tests place. */
export const cluster = (name: string, facts: Partial<ClusterFacts> = {}): ClusterFacts => ({
  key: `key-${name}`,
  name,
  labels: {},
  health: 'Healthy',
  healthReason: '',
  unhealthySince: undefined,
  unschedulable: false,
  evictAt: undefined,
  taints: [],
  location: {},
  serves: new Set(['deployments.apps', 'pods']),
  allocatable: undefined,
  used: { cpu: 0, memory: 0, pods: 0 },
  placed: 0,
  neighbours: 0,
  ...facts,
});

export const policy = (over: Partial<PlacementPolicy> = {}): PlacementPolicy => ({
  name: 'default placement',
  strategy: 'Spread',
  tolerations: [],
  ...over,
});

export const workload = (over: Partial<Workload> = {}): Workload => ({
  id: 'deployments.apps|root|default|web',
  name: 'web',
  resource: { group: 'apps', resource: 'deployments' },
  mode: 'divide',
  replicas: 4,
  requests: { cpu: 0, memory: 0, pods: 1 },
  ...over,
});

export const NOW = 1_700_000_000_000;
export const calm = { now: NOW, turn: 0, random: () => 0.5, matching: () => 0 };

/** Allocatable CPU, and what is used of it. */
export const room = (cpu: number, used: number) => ({
  allocatable: { cpu, memory: 1e12, pods: 1_000 },
  used: { cpu: used, memory: 0, pods: 0 },
});
