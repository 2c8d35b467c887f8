/** Configuration, storage, access, admission and API extension (pkg/apis/…/v1/defaults.go of their groups). */
import type { Json } from '../../../kube/object.ts';
import { constants, type DefaultingRules, ensure, type Fields, fill, objectIn, positive } from './fields.ts';
import { roundUp } from './pods.ts';

const CORE = 'io.k8s.api.core.v1.';
const STORAGE = 'io.k8s.api.storage.v1.';
const RBAC = 'io.k8s.api.rbac.v1.';
const ADMISSION = 'io.k8s.api.admissionregistration.v1.';
const FLOW = 'io.k8s.api.flowcontrol.v1.';
const EXTENSIONS = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.';

const WEBHOOK = { failurePolicy: 'Fail', matchPolicy: 'Equivalent', timeoutSeconds: 10 };
const SELECTORS = { namespaceSelector: {}, objectSelector: {} };
const port443 = constants({ port: 443 });
const exactCount = (value: Fields): void => {
  fill(value, { allocationMode: 'ExactCount' });
  if (value.allocationMode === 'ExactCount') fill(value, { count: 1 });
};

export const clusterDefaults: DefaultingRules = {
  [`${CORE}Namespace`]: (value) => {
    const metadata = ensure(value, 'metadata');
    if (metadata.name !== undefined) ensure(metadata, 'labels')['kubernetes.io/metadata.name'] = metadata.name;
  },
  [`${CORE}NamespaceStatus`]: constants({ phase: 'Active' }),
  [`${CORE}Secret`]: secret,
  [`${CORE}PersistentVolume`]: (value) => fill(ensure(value, 'status'), { phase: 'Pending' }),
  [`${CORE}PersistentVolumeSpec`]: constants({
    persistentVolumeReclaimPolicy: 'Retain',
    volumeMode: 'Filesystem',
  }),
  [`${CORE}PersistentVolumeClaim`]: (value) => fill(ensure(value, 'status'), { phase: 'Pending' }),
  [`${CORE}PersistentVolumeClaimSpec`]: constants({ volumeMode: 'Filesystem' }),
  [`${CORE}LimitRangeItem`]: limitRangeItem,
  [`${CORE}ResourceQuotaSpec`]: (value) => {
    const hard = objectIn(value, 'hard');
    if (hard) roundUp(hard);
  },
  [`${CORE}NodeStatus`]: (value) => {
    if (value.capacity !== undefined) fill(value, { allocatable: value.capacity });
  },
  [`${STORAGE}StorageClass`]: constants({ reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' }),
  [`${STORAGE}CSIDriverSpec`]: (value) => {
    fill(value, {
      attachRequired: true,
      podInfoOnMount: false,
      storageCapacity: false,
      fsGroupPolicy: 'ReadWriteOnceWithFSType',
      volumeLifecycleModes: ['Persistent'],
      requiresRepublish: false,
      seLinuxMount: false,
      preventPodSchedulingIfMissing: false,
    });
  },
  'io.k8s.api.scheduling.v1.PriorityClass': constants({ preemptionPolicy: 'PreemptLowerPriority' }),
  [`${RBAC}RoleRef`]: constants({ apiGroup: 'rbac.authorization.k8s.io' }),
  [`${RBAC}Subject`]: (value) => {
    if (value.kind === 'User' || value.kind === 'Group') fill(value, { apiGroup: 'rbac.authorization.k8s.io' });
  },
  [`${ADMISSION}ValidatingWebhook`]: constants({ ...WEBHOOK, ...SELECTORS }),
  [`${ADMISSION}MutatingWebhook`]: constants({ ...WEBHOOK, ...SELECTORS, reinvocationPolicy: 'Never' }),
  [`${ADMISSION}RuleWithOperations`]: constants({ scope: '*' }),
  [`${ADMISSION}NamedRuleWithOperations`]: constants({ scope: '*' }),
  [`${ADMISSION}ServiceReference`]: port443,
  [`${ADMISSION}ValidatingAdmissionPolicySpec`]: constants({ failurePolicy: 'Fail' }),
  [`${ADMISSION}MutatingAdmissionPolicySpec`]: constants({ failurePolicy: 'Fail' }),
  [`${ADMISSION}MatchResources`]: constants({ matchPolicy: 'Equivalent', ...SELECTORS }),
  [`${FLOW}FlowSchemaSpec`]: positive({ matchingPrecedence: 1000 }),
  [`${FLOW}ExemptPriorityLevelConfiguration`]: constants({ nominalConcurrencyShares: 0, lendablePercent: 0 }),
  [`${FLOW}LimitedPriorityLevelConfiguration`]: constants({ nominalConcurrencyShares: 30, lendablePercent: 0 }),
  [`${FLOW}QueuingConfiguration`]: positive({ handSize: 8, queues: 64, queueLengthLimit: 50 }),
  'io.k8s.api.resource.v1.ExactDeviceRequest': exactCount,
  'io.k8s.api.resource.v1.DeviceSubRequest': exactCount,
  [`${EXTENSIONS}CustomResourceDefinitionSpec`]: definitionNames,
  [`${EXTENSIONS}ServiceReference`]: port443,
  'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.ServiceReference': port443,
};

/** `stringData` is write-only: it becomes part of `data`. */
function secret(value: Fields): void {
  fill(value, { type: 'Opaque' });
  const given = objectIn(value, 'stringData');
  if (!given) return;
  const encoded = Object.entries(given).map(([key, text]) => [key, Buffer.from(String(text)).toString('base64')]);
  value.data = Object.fromEntries([...Object.entries(objectIn(value, 'data') ?? {}), ...encoded]) as Json;
  delete value.stringData;
}

/** Containers get their limit from the maximum, and their request from the limit or the minimum. */
function limitRangeItem(value: Fields): void {
  for (const field of ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio']) {
    const list = objectIn(value, field);
    if (list) roundUp(list);
  }
  if (value.type !== 'Container') return;
  const limits = { ...objectIn(value, 'max'), ...objectIn(value, 'default') };
  const requests = { ...objectIn(value, 'min'), ...limits, ...objectIn(value, 'defaultRequest') };
  if (Object.keys(limits).length > 0) value.default = limits as Json;
  if (Object.keys(requests).length > 0) value.defaultRequest = requests as Json;
}

function definitionNames(spec: Fields): void {
  const names = ensure(spec, 'names');
  const kind = typeof names.kind === 'string' ? names.kind : '';
  fill(names, { singular: kind.toLowerCase(), ...(kind === '' ? {} : { listKind: `${kind}List` }) });
  fill(spec, { conversion: { strategy: 'None' } });
}
