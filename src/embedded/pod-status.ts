/** What a kubelet reports of a pod: pure functions from the pod and the time. */
import { createHash } from 'node:crypto';
import { podQosClass } from '../kube/pod-qos.ts';
import { nodeAddress, podAddress } from './nodes.ts';
import type { Container, ContainerStatus, Pod, PodCondition } from './types.ts';

const CONDITIONS = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'] as const;

/** All containers started at `now` (RFC 3339), ready. */
export function runningStatus(pod: Pod, now: string): NonNullable<Pod['status']> {
  const ip = podAddress(pod.metadata.uid ?? '');
  return {
    ...pod.status,
    phase: 'Running',
    conditions: CONDITIONS.map((type) => condition(type, 'True', now)),
    hostIP: nodeAddress(pod.spec.nodeName ?? ''),
    podIP: ip,
    podIPs: [{ ip }],
    startTime: now,
    ...(pod.spec.initContainers
      ? {
          initContainerStatuses: pod.spec.initContainers.map((container) =>
            finishedContainer(pod, container, now, now, 0),
          ),
        }
      : {}),
    containerStatuses: pod.spec.containers.map((container) => runningContainer(pod, container, now)),
    qosClass: podQosClass(pod.spec),
  };
}

/** Every container ended; exit codes in the order of `spec.containers`. */
export function finishedStatus(pod: Pod, exitCodes: readonly number[], now: string): NonNullable<Pod['status']> {
  const failed = exitCodes.some((code) => code !== 0);
  const reason = failed ? 'PodFailed' : 'PodCompleted';
  const started = pod.status?.startTime ?? now;
  return {
    ...pod.status,
    phase: failed ? 'Failed' : 'Succeeded',
    conditions: CONDITIONS.map((type) =>
      type === 'Ready' || type === 'ContainersReady'
        ? { ...condition(type, 'False', now), reason }
        : condition(type, 'True', started),
    ),
    containerStatuses: pod.spec.containers.map((container, index) =>
      finishedContainer(pod, container, started, now, exitCodes[index] ?? 0),
    ),
  };
}

/** Ephemeral containers (kubectl debug) that the status does not know yet are running now. */
export function withEphemeralContainers(pod: Pod, now: string): NonNullable<Pod['status']> | undefined {
  const known = new Set(pod.status?.ephemeralContainerStatuses?.map(({ name }) => name));
  const added = (pod.spec.ephemeralContainers ?? []).filter(({ name }) => !known.has(name));
  if (added.length === 0) return undefined;
  const statuses = added.map((container) => ({ ...runningContainer(pod, container, now), ready: false }));
  return {
    ...pod.status,
    ephemeralContainerStatuses: [...(pod.status?.ephemeralContainerStatuses ?? []), ...statuses],
  };
}

const condition = (type: string, status: 'True' | 'False', now: string): PodCondition => ({
  type,
  status,
  lastTransitionTime: now,
});

function containerId(pod: Pod, container: Container): string {
  return `simulated://${createHash('sha256').update(`${pod.metadata.uid}/${container.name}`).digest('hex')}`;
}

const baseStatus = (pod: Pod, container: Container) => ({
  name: container.name,
  image: container.image ?? '',
  imageID: `simulated://${container.image ?? ''}`,
  containerID: containerId(pod, container),
  restartCount: 0,
  lastState: {},
});

const runningContainer = (pod: Pod, container: Container, now: string): ContainerStatus => ({
  ...baseStatus(pod, container),
  ready: true,
  started: true,
  state: { running: { startedAt: now } },
});

const finishedContainer = (
  pod: Pod,
  container: Container,
  startedAt: string,
  finishedAt: string,
  exitCode: number,
): ContainerStatus => ({
  ...baseStatus(pod, container),
  ready: exitCode === 0 && pod.spec.initContainers?.includes(container) === true,
  started: false,
  state: {
    terminated: {
      exitCode,
      reason: exitCode === 0 ? 'Completed' : 'Error',
      startedAt,
      finishedAt,
      containerID: containerId(pod, container),
    },
  },
});
