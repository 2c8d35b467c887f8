/** What each server of a cluster is started with: flags as data. */
import { join } from 'node:path';
import type { KubeAssets, KubeBinary } from './assets.ts';
import { nodeIP, podCidr, serviceCidr, stagesFile } from './kwok.ts';
import type { ServerSpec } from './processes.ts';

export type ComponentName = 'etcd' | 'apiserver' | 'controller-manager' | 'scheduler' | 'kubelet' | 'kwok';

/** In the order in which they start. */
export const componentNames: readonly ComponentName[] = [
  'etcd',
  'apiserver',
  'controller-manager',
  'scheduler',
  'kubelet',
  'kwok',
];

const binaries: Readonly<Record<ComponentName, KubeBinary>> = {
  etcd: 'etcd',
  apiserver: 'kube-apiserver',
  'controller-manager': 'kube-controller-manager',
  scheduler: 'kube-scheduler',
  kubelet: 'tmc-kubelet',
  kwok: 'kwok',
};

export interface ComponentOptions {
  readonly clusterName: string;
  readonly folder: string;
  readonly ports: Readonly<Record<'etcd' | 'etcdPeer' | 'apiserver' | 'kubelet' | 'kwok' | 'pods', number>>;
  readonly fsync: boolean;
  /** Pods need a service account; only kube-controller-manager makes those. */
  readonly serviceAccountAdmission: boolean;
  readonly runtimeConfig: Readonly<Record<string, string>>;
  readonly extraArgs: Readonly<Partial<Record<ComponentName, readonly string[]>>>;
}

export function hasBinary(assets: KubeAssets, name: ComponentName): boolean {
  return assets.binaries[binaries[name]] !== undefined;
}

/** The server to start for a component; its binary must be among the assets. */
export function serverSpec(name: ComponentName, assets: KubeAssets, options: ComponentOptions): ServerSpec {
  const binary = assets.binaries[binaries[name]];
  if (binary === undefined) throw new Error(`Cannot start ${name}: no ${binaries[name]} in ${assets.folder}`);
  return { name, binary, args: [...argsOf[name](options), ...(options.extraArgs[name] ?? [])] };
}

const argsOf: Readonly<Record<ComponentName, (options: ComponentOptions) => string[]>> = {
  etcd: ({ folder, ports, fsync }) => [
    `--data-dir=${join(folder, 'etcd')}`,
    `--listen-client-urls=http://127.0.0.1:${ports.etcd}`,
    `--advertise-client-urls=http://127.0.0.1:${ports.etcd}`,
    `--listen-peer-urls=http://127.0.0.1:${ports.etcdPeer}`,
    `--initial-advertise-peer-urls=http://127.0.0.1:${ports.etcdPeer}`,
    `--initial-cluster=default=http://127.0.0.1:${ports.etcdPeer}`,
    '--log-level=warn',
    ...(fsync ? [] : ['--unsafe-no-fsync']),
  ],

  apiserver: ({ folder, ports, serviceAccountAdmission, runtimeConfig }) => [
    `--etcd-servers=http://127.0.0.1:${ports.etcd}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${ports.apiserver}`,
    // kube-apiserver refuses to publish a loopback address; nobody follows this one (RFC 5737).
    '--advertise-address=192.0.2.1',
    `--tls-cert-file=${join(folder, 'apiserver.crt')}`,
    `--tls-private-key-file=${join(folder, 'apiserver.key')}`,
    `--client-ca-file=${join(folder, 'ca.crt')}`,
    `--token-auth-file=${join(folder, 'tokens.csv')}`,
    `--authentication-config=${join(folder, 'authentication.json')}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    ...(serviceAccountAdmission ? [] : ['--disable-admission-plugins=ServiceAccount']),
    '--allow-privileged=true',
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-signing-key-file=${join(folder, 'service-accounts.key')}`,
    `--service-account-key-file=${join(folder, 'service-accounts.pub')}`,
    `--service-cluster-ip-range=${serviceCidr}`,
    `--egress-selector-config-file=${join(folder, 'egress.json')}`,
    '--kubelet-preferred-address-types=InternalIP',
    `--kubelet-certificate-authority=${join(folder, 'ca.crt')}`,
    `--kubelet-client-certificate=${join(folder, 'admin.crt')}`,
    `--kubelet-client-key=${join(folder, 'admin.key')}`,
    `--proxy-client-cert-file=${join(folder, 'front-proxy.crt')}`,
    `--proxy-client-key-file=${join(folder, 'front-proxy.key')}`,
    `--requestheader-client-ca-file=${join(folder, 'front-proxy-ca.crt')}`,
    '--requestheader-allowed-names=front-proxy',
    '--requestheader-username-headers=X-Remote-User',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    ...Object.entries(runtimeConfig).map(([key, value]) => `--runtime-config=${key}=${value}`),
  ],

  'controller-manager': ({ folder }) => [
    `--kubeconfig=${join(folder, 'kubeconfig')}`,
    '--leader-elect=false',
    '--secure-port=0',
    `--root-ca-file=${join(folder, 'ca.crt')}`,
    `--service-account-private-key-file=${join(folder, 'service-accounts.key')}`,
    `--cluster-signing-cert-file=${join(folder, 'ca.crt')}`,
    `--cluster-signing-key-file=${join(folder, 'ca.key')}`,
    // The defaults of 20 and 30 make tests wait for the client's own limiter.
    '--kube-api-qps=500',
    '--kube-api-burst=1000',
  ],

  scheduler: ({ folder }) => [
    `--kubeconfig=${join(folder, 'kubeconfig')}`,
    '--leader-elect=false',
    '--secure-port=0',
    '--kube-api-qps=500',
    '--kube-api-burst=1000',
  ],

  kubelet: ({ clusterName, folder, ports }) => [
    `--address=127.0.0.1:${ports.kubelet}`,
    `--tls-cert-file=${join(folder, 'kubelet.crt')}`,
    `--tls-private-key-file=${join(folder, 'kubelet.key')}`,
    `--client-ca-file=${join(folder, 'ca.crt')}`,
    `--cluster=${clusterName}`,
    `--logs=${join(folder, 'pod-logs')}`,
    `--work=${join(folder, 'work')}`,
    `--pod-address=127.0.0.1:${ports.pods}`,
  ],

  kwok: ({ folder, ports }) => [
    `--kubeconfig=${join(folder, 'kubeconfig')}`,
    `--config=${stagesFile}`,
    '--manage-all-nodes=true',
    // Leases off: after a restart kwok would wait until the one that its predecessor held runs out.
    '--node-lease-duration-seconds=0',
    `--cidr=${podCidr}`,
    `--node-ip=${nodeIP}`,
    // What nodes say is their kubelet's; kwok's own server, which it insists on, goes elsewhere and is not used.
    `--node-port=${ports.kubelet}`,
    `--server-address=127.0.0.1:${ports.kwok}`,
  ],
};
