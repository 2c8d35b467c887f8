/** Everything that a cluster's servers read from its folder: certificates, kubeconfig, tokens, configurations. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { type Authority, createAuthority, createServiceAccountKeys, type KeyAndCert } from './certs.ts';
import { nodeIP } from './kwok.ts';

export interface TokenUser {
  readonly token: string;
  readonly user: string;
  readonly uid?: string;
  readonly groups?: readonly string[];
}

export interface FileOptions {
  readonly folder: string;
  readonly clusterName: string;
  readonly url: string;
  readonly egressSocket: string;
  readonly tokens: readonly TokenUser[];
}

export interface ClusterCredentials {
  readonly ca: Authority;
  readonly admin: KeyAndCert;
  readonly kubeconfigPath: string;
}

export async function writeClusterFiles(options: FileOptions): Promise<ClusterCredentials> {
  const { folder, clusterName, url } = options;
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text, { mode: 0o600 });
  const writePair = (name: string, pair: KeyAndCert) => {
    write(`${name}.crt`, pair.certPem);
    write(`${name}.key`, pair.keyPem);
  };

  const ca = await createAuthority(`${clusterName}-ca`);
  const frontProxyCa = await createAuthority(`${clusterName}-front-proxy-ca`);
  const admin = await ca.issue({ user: 'admin', groups: ['system:masters'] });
  writePair('ca', ca);
  writePair('admin', admin);
  writePair('apiserver', await ca.issue({ user: 'kube-apiserver', hosts: apiServerNames }));
  writePair('kubelet', await ca.issue({ user: 'kubelet', hosts: [nodeIP, '127.0.0.1', 'localhost'] }));
  writePair('front-proxy-ca', frontProxyCa);
  writePair('front-proxy', await frontProxyCa.issue({ user: 'front-proxy' }));

  const serviceAccounts = createServiceAccountKeys();
  write('service-accounts.key', serviceAccounts.privatePem);
  write('service-accounts.pub', serviceAccounts.publicPem);

  write('tokens.csv', options.tokens.map(tokenLine).join(''));
  write('authentication.json', JSON.stringify(anonymousHealthOnly));
  write('egress.json', JSON.stringify(egressThrough(options.egressSocket)));
  const kubeconfigPath = join(folder, 'kubeconfig');
  write('kubeconfig', kubeconfig({ clusterName, url, caPem: ca.certPem, admin }));
  return { ca, admin, kubeconfigPath };
}

const apiServerNames = ['127.0.0.1', '10.96.0.1', 'localhost', 'kubernetes', 'kubernetes.default.svc'];

/** `token,user,uid,"group1,group2"` (kube-apiserver, "Static token file"). */
function tokenLine({ token, user, uid = user, groups = [] }: TokenUser): string {
  return `${token},${user},${uid},"${groups.join(',')}"\n`;
}

const anonymousHealthOnly = {
  apiVersion: 'apiserver.config.k8s.io/v1beta1',
  kind: 'AuthenticationConfiguration',
  anonymous: { enabled: true, conditions: ['/livez', '/readyz', '/healthz'].map((path) => ({ path })) },
};

function egressThrough(socketPath: string): object {
  return {
    apiVersion: 'apiserver.k8s.io/v1beta1',
    kind: 'EgressSelectorConfiguration',
    egressSelections: [
      { name: 'cluster', connection: { proxyProtocol: 'HTTPConnect', transport: { uds: { udsName: socketPath } } } },
    ],
  };
}

/** Everything inline, so that the file can be copied elsewhere. */
function kubeconfig(of: { clusterName: string; url: string; caPem: string; admin: KeyAndCert }): string {
  const base64 = (pem: string) => Buffer.from(pem).toString('base64');
  const { clusterName: name } = of;
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster: { server: of.url, 'certificate-authority-data': base64(of.caPem) } }],
    users: [
      {
        name: 'admin',
        user: {
          'client-certificate-data': base64(of.admin.certPem),
          'client-key-data': base64(of.admin.keyPem),
        },
      },
    ],
    contexts: [{ name, context: { cluster: name, user: 'admin' } }],
  });
}
