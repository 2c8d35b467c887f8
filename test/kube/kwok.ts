/** kwok plays the kubelets: nodes are Ready, pods run, and logs, exec, attach and port-forward answer. */
import { appendFileSync } from 'node:fs';
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

export interface PodBehaviour {
  readonly clusterName: string;
  /** What `kubectl logs` shows for every container, in the format of container runtimes; see `logLine`. */
  readonly logFile: string;
  /** Where commands of `kubectl exec` start. */
  readonly workFolder: string;
  /** Loopback port that port-forward leads to. */
  readonly podPort: number;
}

/** kwok's configuration for what clients ask of pods; commands run on this machine, as this user. */
export function podBehaviour(behaviour: PodBehaviour): object[] {
  const { clusterName, logFile, workFolder, podPort } = behaviour;
  const document = (kind: string, spec: object) => ({
    apiVersion: 'kwok.x-k8s.io/v1alpha1',
    kind,
    metadata: { name: 'all-pods' },
    spec,
  });
  return [
    document('ClusterLogs', { logs: [{ logsFile: logFile, follow: true }] }),
    document('ClusterAttach', { attaches: [{ logsFile: logFile }] }),
    document('ClusterExec', {
      execs: [{ local: { workDir: workFolder, envs: [{ name: 'CLUSTER', value: clusterName }] } }],
    }),
    document('ClusterPortForward', { forwards: [{ target: { address: '127.0.0.1', port: podPort } }] }),
  ];
}

/** Adds lines to a log file as a container runtime does. */
export function appendLog(file: string, text: string, stream: 'stdout' | 'stderr' = 'stdout'): void {
  const lines = text.replace(/\n$/, '').split('\n');
  appendFileSync(file, lines.map((line) => `${new Date().toISOString()} ${stream} F ${line}\n`).join(''));
}
