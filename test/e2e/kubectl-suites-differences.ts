/** Where kubectl's shell suites pass directly on kube-apiserver and not in a workspace, and why. A row that no longer holds fails the test. */
import type { KnownDifference } from '../kube/kubectl-suites.ts';

/** Those that are to be expected of a workspace over that many clusters. */
export const knownDifferencesOver = (clusters: number): KnownDifference[] =>
  knownDifferences.filter(({ over }) => over === undefined || over.includes(clusters));

const knownDifferences: readonly KnownDifference[] = [
  {
    reason: 'A workspace has no system namespaces.',
    at: {
      run_kubectl_get_tests: ['get.sh:132', 'get.sh:133'],
      run_exec_credentials_tests: [
        'authentication.sh:66',
        'authentication.sh:117',
        'authentication.sh:250',
        'authentication.sh:257',
        'authentication.sh:265',
        'authentication.sh:272',
      ],
      run_exec_credentials_interactive_tests: ['authentication.sh:422'],
      run_kuberc_tests: ['kuberc.sh:174'],
    },
  },
  {
    reason: 'The default roles of a workspace are in effect, but stand in no list.',
    at: { run_clusterroles_tests: ['rbac.sh:29', 'rbac.sh:30'], run_kubectl_get_tests: ['get.sh:121'] },
  },
  {
    reason: 'Metrics are those of the gateway, not of a workspace.',
    at: { run_kubectl_local_proxy_tests: ['proxy.sh:31', 'proxy.sh:49'] },
  },
  {
    reason: 'What is placed carries a label and an annotation for each of its clusters.',
    at: {
      run_pod_tests: ['core.sh:337', 'core.sh:342', 'core.sh:346', 'core.sh:350', 'core.sh:354'],
      run_kubectl_debug_tests: ['debug.sh:50', 'debug.sh:51', 'debug.sh:72', 'debug.sh:73'],
      run_kubectl_debug_legacy_tests: ['debug.sh:188', 'debug.sh:189', 'debug.sh:205', 'debug.sh:207'],
      run_resource_aliasing_tests: ['discovery.sh:236'],
      run_service_tests: ['core.sh:1176'],
    },
    sometimes: true,
  },
  {
    reason: 'What is made of it in its cluster comes a moment later.',
    at: { run_rs_tests: ['apps.sh:665'] },
    sometimes: true,
  },
  {
    reason: 'A cluster knows the gateway by its own account, unless its registration asks for impersonation.',
    at: {
      run_impersonation_tests: [
        'authorization.sh:60',
        'authorization.sh:61',
        'authorization.sh:66',
        'authorization.sh:67',
        'authorization.sh:72',
        'authorization.sh:73',
        'authorization.sh:80',
        'authorization.sh:81',
        'authorization.sh:82',
        'authorization.sh:83',
      ],
    },
  },
  {
    reason: 'Nodes live in clusters: one that is made through a workspace of several must say in which.',
    at: {
      run_pod_tests: [
        'core.sh:605',
        'core.sh:614',
        'core.sh:617',
        'core.sh:639',
        'core.sh:642',
        'core.sh:655',
        'core.sh:656',
      ],
    },
    over: [2],
  },
  {
    reason: 'The certificate requests of a workspace are its own, and nobody signs them.',
    at: { run_exec_credentials_tests: ['authentication.sh:157', 'authentication.sh:173'] },
  },
  {
    reason: 'The status of what is placed is what its clusters report, and nothing else stays in it.',
    at: { run_kubectl_server_side_apply_tests: ['apply.sh:419'] },
    sometimes: true,
  },
  {
    reason:
      'What is placed stands until its clusters have confirmed that it is gone; kubectl apply --force does not wait.',
    at: {
      run_kubectl_apply_tests: ['apply.sh:313', 'apply.sh:315', 'apply.sh:317'],
      run_kubectl_apply_deployments_tests: ['apps.sh:188', 'apps.sh:190', 'apps.sh:191', 'apps.sh:203'],
    },
    sometimes: true,
  },
];
