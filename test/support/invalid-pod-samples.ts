/** Pod specs that kube-apiserver refuses with 422, by part of the spec. */
type Fields = Record<string, unknown>;

const term = (...matchExpressions: Fields[]): Fields => ({ nodeSelectorTerms: [{ matchExpressions }] });
const node = (required: unknown): Fields => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } },
});
const preferredNode = (...terms: unknown[]): Fields => ({
  affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: terms } },
});
const pods = (...terms: unknown[]): Fields => ({
  affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
});
const apart = (...terms: unknown[]): Fields => ({
  affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: terms } },
});
const zone = { topologyKey: 'zone', labelSelector: { matchLabels: { a: 'b' } } };
const spread = (fields: Fields): Fields => ({
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: 'zone',
      whenUnsatisfiable: 'DoNotSchedule',
      labelSelector: { matchLabels: { a: 'b' } },
      ...fields,
    },
  ],
});
const volume = (fields: Fields): Fields => ({ volumes: [{ name: 'v', ...fields }] });
const pod = (securityContext: Fields): Fields => ({ securityContext });
const projected = (...sources: Fields[]): Fields => volume({ projected: { sources } });

/** What is wrong, and the spec's fields beside its container. */
export const INVALID_POD_SPECS: readonly (readonly [what: string, spec: Fields])[] = [
  ['node affinity without terms', node({ nodeSelectorTerms: [] })],
  ['node affinity, In without values', node(term({ key: 'a', operator: 'In' }))],
  ['node affinity, Exists with values', node(term({ key: 'a', operator: 'Exists', values: ['x'] }))],
  ['node affinity, Gt with two values', node(term({ key: 'a', operator: 'Gt', values: ['1', '2'] }))],
  ['node affinity, unknown operator', node(term({ key: 'a', operator: 'Is', values: ['x'] }))],
  ['node affinity, bad key', node(term({ key: 'a b', operator: 'Exists' }))],
  ['node affinity, bad value', node(term({ key: 'a', operator: 'In', values: ['x y'] }))],
  [
    'node affinity by an unknown field',
    node({ nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.uid', operator: 'In', values: ['a'] }] }] }),
  ],
  [
    'node affinity by a field with two values',
    node({ nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a', 'b'] }] }] }),
  ],
  [
    'node affinity by a field that exists',
    node({ nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'Exists' }] }] }),
  ],
  [
    'node affinity by a bad name',
    node({ nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['A b'] }] }] }),
  ],
  [
    'preferred node affinity of no weight',
    preferredNode({ weight: 0, preference: { matchExpressions: [{ key: 'a', operator: 'Exists' }] } }),
  ],
  [
    'preferred node affinity of too much weight',
    preferredNode({ weight: 101, preference: { matchExpressions: [{ key: 'a b', operator: 'Exists' }] } }),
  ],
  ['pod affinity without topology', pods({ labelSelector: { matchLabels: { a: 'b' } } })],
  ['pod affinity, bad topology', pods({ ...zone, topologyKey: 'a b' })],
  [
    'pod affinity, bad selector',
    pods({ topologyKey: 'zone', labelSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } }),
  ],
  ['pod affinity, bad namespace', pods({ ...zone, namespaces: ['A'] })],
  [
    'pod affinity, bad namespace selector',
    pods({ ...zone, namespaceSelector: { matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] } }),
  ],
  ['pod affinity, label keys in both', pods({ ...zone, matchLabelKeys: ['a'], mismatchLabelKeys: ['a'] })],
  ['pod affinity, label keys without selector', pods({ topologyKey: 'zone', matchLabelKeys: ['c'] })],
  ['pod affinity, bad label keys', pods({ ...zone, matchLabelKeys: ['a b'] })],
  ['preferred pod anti-affinity of no weight', apart({ weight: 0, podAffinityTerm: zone })],
  ['preferred pod anti-affinity without topology', apart({ weight: 1, podAffinityTerm: { labelSelector: {} } })],
  ['spread with no skew', spread({ maxSkew: 0 })],
  ['spread with negative skew', spread({ maxSkew: -1 })],
  ['spread without topology', spread({ topologyKey: '' })],
  ['spread, unknown action', spread({ whenUnsatisfiable: 'Panic' })],
  ['spread without action', spread({ whenUnsatisfiable: '' })],
  ['spread, bad selector', spread({ labelSelector: { matchLabels: { 'a b': 'c' } } })],
  ['spread, no domains', spread({ minDomains: 0 })],
  ['spread, domains where any will do', spread({ minDomains: 2, whenUnsatisfiable: 'ScheduleAnyway' })],
  ['spread, unknown node policies', spread({ nodeAffinityPolicy: 'x', nodeTaintsPolicy: 'y' })],
  ['spread, label keys without selector', spread({ matchLabelKeys: ['a'], labelSelector: null })],
  ['spread, bad label keys', spread({ matchLabelKeys: ['a b'] })],
  [
    'spread twice alike',
    {
      topologySpreadConstraints: [
        ...(spread({}).topologySpreadConstraints as []),
        ...(spread({ maxSkew: 2 }).topologySpreadConstraints as []),
      ],
    },
  ],
  [
    'pod security: negative user and groups',
    pod({ runAsUser: -1, runAsGroup: -1, fsGroup: -1, supplementalGroups: [-1] }),
  ],
  ['pod security: group change policy', pod({ fsGroupChangePolicy: 'Sometimes' })],
  ['pod security: supplemental policy', pod({ supplementalGroupsPolicy: 'Some' })],
  [
    'pod security: bad kernel parameters',
    pod({
      sysctls: [
        { name: 'a b', value: '1' },
        { name: '', value: '1' },
      ],
    }),
  ],
  [
    'pod security: the same kernel parameter twice',
    pod({
      sysctls: [
        { name: 'kernel.shm_rmid_forced', value: '1' },
        { name: 'kernel.shm_rmid_forced', value: '0' },
      ],
    }),
  ],
  ['pod security: seccomp without file', pod({ seccompProfile: { type: 'Localhost' } })],
  [
    'pod security: seccomp with a file that is not asked for',
    pod({ seccompProfile: { type: 'RuntimeDefault', localhostProfile: 'x' } }),
  ],
  ['pod security: seccomp outside', pod({ seccompProfile: { type: 'Localhost', localhostProfile: '../x' } })],
  ['pod security: seccomp of an unknown type', pod({ seccompProfile: { type: 'Strong' } })],
  ['pod security: seccomp without a type', pod({ seccompProfile: {} })],
  ['pod security: apparmor', pod({ appArmorProfile: { type: 'Localhost' } })],
  ['pod security: apparmor of an unknown type', pod({ appArmorProfile: { type: 'x' } })],
  ['pod security: windows', pod({ windowsOptions: { gmsaCredentialSpecName: 'A b', runAsUserName: 'a:b' } })],
  ['dns None without servers', { dnsPolicy: 'None' }],
  ['dns: four servers, bad ones', { dnsConfig: { nameservers: ['1.1.1.1', '1.1.1.2', '1.1.1.3', 'x'] } }],
  ['dns: bad search path', { dnsConfig: { searches: ['a b', 'ok.example.com'] } }],
  ['dns: option without name', { dnsConfig: { options: [{ value: 'x' }] } }],
  ['host alias: bad address and names', { hostAliases: [{ ip: '300.1.1.1', hostnames: ['A b'] }] }],
  ['host alias without address', { hostAliases: [{ hostnames: ['a'] }] }],
  ['readiness gate', { readinessGates: [{ conditionType: 'a b' }] }],
  ['scheduling gates', { schedulingGates: [{ name: 'a b' }, { name: 'x' }, { name: 'x' }] }],
  ['operating system', { os: { name: 'beos' } }],
  ['operating system without name', { os: {} }],
  [
    'linux with windows options',
    { os: { name: 'linux' }, securityContext: { windowsOptions: { runAsUserName: 'x' } } },
  ],
  [
    'windows with linux options',
    {
      os: { name: 'windows' },
      hostPID: true,
      hostIPC: true,
      securityContext: { runAsUser: 1, fsGroup: 2, sysctls: [{ name: 'kernel.a', value: '1' }] },
    },
  ],
  ['process namespace shared with the host', { hostPID: true, shareProcessNamespace: true }],
  ['overhead without class', { overhead: { cpu: '-1' } }],
  ['user namespace with the host network', { hostUsers: false, hostNetwork: true }],
  ['hostname set as fully qualified without subdomain', { setHostnameAsFQDN: true, hostname: 'A' }],
  ['volume: host path of an unknown type', volume({ hostPath: { path: '/a', type: 'Pipe' } })],
  ['volume: host path that goes up', volume({ hostPath: { path: '/a/../b' } })],
  ['volume: empty directory of negative size', volume({ emptyDir: { sizeLimit: '-1' } })],
  ['volume: secret of a bad mode', volume({ secret: { secretName: 's', defaultMode: 512 } })],
  [
    'volume: secret with bad items',
    volume({
      secret: {
        secretName: 's',
        items: [
          { key: '', path: '' },
          { key: 'a', path: '/abs' },
          { key: 'b', path: 'a/../b', mode: 1000 },
        ],
      },
    }),
  ],
  ['volume: config map of a negative mode', volume({ configMap: { name: 'c', defaultMode: -1 } })],
  [
    'volume: config map with items outside',
    volume({
      configMap: {
        name: 'c',
        items: [
          { key: 'a', path: '..x' },
          { key: 'b', path: '../x' },
        ],
      },
    }),
  ],
  [
    'volume: downward field that is none',
    volume({ downwardAPI: { items: [{ path: 'a', fieldRef: { fieldPath: 'spec.nodeName' } }] } }),
  ],
  [
    'volume: downward with both',
    volume({
      downwardAPI: {
        items: [
          {
            path: 'a',
            fieldRef: { fieldPath: 'metadata.name' },
            resourceFieldRef: { resource: 'limits.cpu', containerName: 'c' },
          },
        ],
      },
    }),
  ],
  ['volume: downward with none', volume({ downwardAPI: { defaultMode: 1000, items: [{ path: 'a' }] } })],
  [
    'volume: downward without path',
    volume({ downwardAPI: { items: [{ path: '', fieldRef: { fieldPath: 'metadata.name' } }] } }),
  ],
  [
    'volume: downward resource without container',
    volume({ downwardAPI: { items: [{ path: 'a', resourceFieldRef: { resource: 'limits.cpu' } }] } }),
  ],
  ['volume: projected of a bad mode', volume({ projected: { defaultMode: 1000, sources: [] } })],
  ['volume: projected source of two kinds', projected({ secret: { name: 'a' }, configMap: { name: 'b' } })],
  ['volume: projected secret without name', projected({ secret: {} })],
  ['volume: projected token', projected({ serviceAccountToken: { path: '', expirationSeconds: 5 } })],
  [
    'volume: projected token for too long',
    projected({ serviceAccountToken: { path: 'a', expirationSeconds: 4294967297 } }),
  ],
  [
    'volume: projected paths that clash',
    projected(
      { secret: { name: 'a', items: [{ key: 'k', path: 'x' }] } },
      { configMap: { name: 'b', items: [{ key: 'k', path: 'x' }] } },
    ),
  ],
  ['volume: gce disk', volume({ gcePersistentDisk: { partition: 300 } })],
  ['volume: aws disk', volume({ awsElasticBlockStore: { partition: 300 } })],
  ['volume: git', volume({ gitRepo: { repository: '', directory: '../x' } })],
  ['volume: iscsi', volume({ iscsi: { targetPortal: 'a', iqn: 'x', lun: 300, chapAuthSession: true } })],
  [
    'volume: iscsi of a bad initiator',
    volume({ iscsi: { targetPortal: 'a', iqn: 'iqn.2015-02.example.com:test', lun: 0, initiatorName: 'x' } }),
  ],
  ['volume: fibre channel', volume({ fc: {} })],
  ['volume: fibre channel of both kinds', volume({ fc: { targetWWNs: ['a'], lun: 300, wwids: ['b'] } })],
  ['volume: nfs', volume({ nfs: { server: '', path: 'rel' } })],
  ['volume: flocker', volume({ flocker: {} })],
  ['volume: flocker of both', volume({ flocker: { datasetName: 'a', datasetUUID: 'b' } })],
  ['volume: vsphere', volume({ vsphereVolume: {} })],
  ['volume: azure disk', volume({ azureDisk: { diskName: '', diskURI: 'x', cachingMode: 'y', kind: 'Z' } })],
  ['volume: quobyte', volume({ quobyte: { registry: 'a', volume: '' } })],
  ['volume: portworx', volume({ portworxVolume: { volumeID: '' } })],
  ['volume: scaleio', volume({ scaleIO: { gateway: '', system: '', volumeName: '', secretRef: null } })],
  ['volume: storageos', volume({ storageos: { volumeName: 'A b' } })],
  ['volume: flex', volume({ flexVolume: { driver: '' } })],
  ['volume: csi', volume({ csi: { driver: 'A b', nodePublishSecretRef: {} } })],
  ['volume: image', volume({ image: { reference: '', pullPolicy: 'x' } })],
  [
    'volume: ephemeral claim without access',
    volume({ ephemeral: { volumeClaimTemplate: { spec: { resources: {} } } } }),
  ],
  ['toleration: unknown effect', { tolerations: [{ key: 'a', operator: 'Exists', effect: 'Run' }] }],
  ['toleration: seconds without effect', { tolerations: [{ key: 'a', operator: 'Exists', tolerationSeconds: 1 }] }],
  ['toleration: bad key', { tolerations: [{ key: 'a b', operator: 'Exists' }] }],
  ['toleration: negative grace', { terminationGracePeriodSeconds: 0, activeDeadlineSeconds: 0 }],
];

const cap = (securityContext: Fields): Fields => ({ securityContext });
const probe = (fields: Fields): Fields => ({ livenessProbe: { httpGet: { port: 80 }, ...fields } });

/** What is wrong, and the container's fields. */
export const INVALID_CONTAINERS: readonly (readonly [what: string, container: Fields])[] = [
  ['security: negative user and group', cap({ runAsUser: -1, runAsGroup: -5 })],
  ['security: privileged without escalation', cap({ privileged: true, allowPrivilegeEscalation: false })],
  [
    'security: administrator without escalation',
    cap({ capabilities: { add: ['CAP_SYS_ADMIN'] }, allowPrivilegeEscalation: false }),
  ],
  ['security: mount of an unknown kind', cap({ procMount: 'All' })],
  ['security: unmasked mount without user namespace', cap({ procMount: 'Unmasked' })],
  ['security: seccomp', cap({ seccompProfile: { type: 'Localhost', localhostProfile: '/abs' } })],
  ['security: apparmor', cap({ appArmorProfile: { type: 'Localhost', localhostProfile: ' ' } })],
  ['security: windows', cap({ windowsOptions: { gmsaCredentialSpec: '', runAsUserName: '' } })],
  ['resize policy', { resizePolicy: [{ resourceName: 'disk', restartPolicy: 'x' }] }],
  [
    'resize policy twice',
    {
      resizePolicy: [
        { resourceName: 'cpu', restartPolicy: 'NotRequired' },
        { resourceName: 'cpu', restartPolicy: 'NotRequired' },
      ],
    },
  ],
  ['block device without volume', { volumeDevices: [{ name: 'x', devicePath: '/dev/a' }] }],
  [
    'block device without path',
    {
      volumeDevices: [
        { name: '', devicePath: '' },
        { name: 'y', devicePath: 'a/../b' },
      ],
    },
  ],
  [
    'probe: negative times',
    probe({
      initialDelaySeconds: -1,
      timeoutSeconds: -1,
      periodSeconds: -1,
      successThreshold: -1,
      failureThreshold: -1,
    }),
  ],
  ['probe: two handlers', probe({ exec: { command: ['a'] } })],
  ['probe: command without words', { readinessProbe: { exec: { command: [] } } }],
  [
    'probe: http',
    { readinessProbe: { httpGet: { port: 0, scheme: 'FTP', path: '', httpHeaders: [{ name: 'a b', value: 'x' }] } } },
  ],
  ['probe: socket', { readinessProbe: { tcpSocket: { port: 'A_B' } } }],
  ['probe: grpc', { readinessProbe: { grpc: { port: 70000 } } }],
  [
    'probe: grace of a readiness probe',
    { readinessProbe: { httpGet: { port: 80 }, terminationGracePeriodSeconds: 5 } },
  ],
  ['probe: success of a liveness probe', probe({ successThreshold: 2, terminationGracePeriodSeconds: 0 })],
  ['lifecycle without handler', { lifecycle: { postStart: {} } }],
  ['lifecycle: sleep', { lifecycle: { preStop: { sleep: { seconds: -1 } } } }],
  ['restart policy of a container', { restartPolicy: 'Sometimes' }],
  ['claims of resources', { resources: { claims: [{ name: 'x' }, { name: 'x' }, { name: '' }] } }],
];
