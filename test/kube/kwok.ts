/** kwok says what kubelets say: nodes are Ready, and pods run. */
import { fileURLToPath } from 'node:url';
import type { KubeObject } from '../../src/kube/object.ts';

/** Of every node; nothing routes to it but the cluster's egress. */
export const nodeIP = '10.250.0.1';
export const podCidr = '10.244.0.0/16';
export const serviceCidr = '10.96.0.0/16';
export const stagesFile = fileURLToPath(new URL('./kwok-stages.yaml', import.meta.url));

export interface NodeOptions {
  /** Added to the labels that every node has (hostname, os, arch). */
  readonly labels?: Readonly<Record<string, string>>;
  /** Allocatable and capacity; default 32 CPUs, 256 GiB, 110 pods. */
  readonly resources?: Readonly<Record<string, string>>;
}

export function nodeObject(name: string, options: NodeOptions = {}): KubeObject {
  const resources = { cpu: '32', memory: '256Gi', 'ephemeral-storage': '1Ti', pods: '110', ...options.resources };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        type: 'kwok',
        ...options.labels,
      },
      annotations: { 'kwok.x-k8s.io/node': 'fake' },
    },
    status: {
      allocatable: resources,
      capacity: resources,
      nodeInfo: {
        architecture: 'amd64',
        bootID: '',
        containerRuntimeVersion: 'kwok',
        kernelVersion: 'kwok',
        kubeProxyVersion: '',
        kubeletVersion: 'kwok',
        machineID: '',
        operatingSystem: 'linux',
        osImage: 'kwok',
        systemUUID: '',
      },
    },
  };
}
