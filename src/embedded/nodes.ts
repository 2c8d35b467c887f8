/** Nodes with capacity, always ready: what a kubelet would register. */
import { createHash } from 'node:crypto';
import { rfc3339 } from '../reconcile/clock.ts';
import type { EmbeddedContext } from './context.ts';
import { CLUSTER_WORKSPACE, NODES, type Node } from './types.ts';
import { ignoreStale } from './workload-controller.ts';

export const KUBELET_VERSION = 'v1.36.3';
const CAPACITY = { cpu: '8', memory: '32Gi', pods: '110', 'ephemeral-storage': '100Gi' };

/** Names are `<cluster>-node-1…n`; present nodes stay as they are. */
export async function ensureNodes(
  context: EmbeddedContext,
  count: number,
  labels: Record<string, string>,
): Promise<void> {
  for (let index = 1; index <= count; index++) {
    const node = newNode(context.clusterName, index, labels, rfc3339(context.clock.now()));
    const { status, ...spec } = node;
    const created = await ignoreStale(context.cluster.create(CLUSTER_WORKSPACE, NODES, spec as Node));
    if (created)
      await context.cluster.update(CLUSTER_WORKSPACE, NODES, { ...created, status }, { subresource: 'status' });
  }
}

function newNode(clusterName: string, index: number, labels: Record<string, string>, now: string): Node {
  const name = `${clusterName}-node-${index}`;
  const condition = (type: string, status: 'True' | 'False', reason: string, message: string) => ({
    type,
    status,
    reason,
    message,
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  });
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'node-role.kubernetes.io/worker': '',
        ...labels,
      },
    },
    spec: { podCIDR: `10.${octet(clusterName)}.${index}.0/24` },
    status: {
      capacity: CAPACITY,
      allocatable: CAPACITY,
      conditions: [
        condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
        condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
        condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
        condition('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'),
      ],
      addresses: [
        { type: 'InternalIP', address: nodeAddress(name) },
        { type: 'Hostname', address: name },
      ],
      nodeInfo: {
        architecture: 'amd64',
        operatingSystem: 'linux',
        kubeletVersion: KUBELET_VERSION,
        kubeProxyVersion: KUBELET_VERSION,
        containerRuntimeVersion: 'simulated://1.0',
        osImage: 'Simulated Linux',
        kernelVersion: '6.1.0',
        machineID: name,
        systemUUID: name,
        bootID: name,
      },
    },
  };
}

/** A stable byte from text, so that addresses survive a restart without being stored. */
const octet = (text: string, at = 0): number => createHash('sha256').update(text).digest()[at] ?? 0;

export const nodeAddress = (nodeName: string): string =>
  `172.${16 + (octet(nodeName) % 16)}.${octet(nodeName, 1)}.${1 + (octet(nodeName, 2) % 254)}`;

/** Unique enough for a simulation: 22 bits of the uid below the cluster's own 10/8 prefix. */
export const podAddress = (uid: string): string => `10.${octet(uid)}.${octet(uid, 1)}.${1 + (octet(uid, 2) % 254)}`;
