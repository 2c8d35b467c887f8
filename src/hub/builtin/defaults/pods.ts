/** Pods and everything in a pod template (pkg/apis/core/v1/defaults.go). */
import { isJsonNumber } from '../../../kube/exact-json.ts';
import type { Json } from '../../../kube/object.ts';
import { formatQuantity, parseQuantity, type Quantity } from '../../../kube/quantity.ts';
import { constants, type DefaultingRules, type Fields, fill, listIn, objectIn } from './fields.ts';

const CORE = 'io.k8s.api.core.v1.';
const FILE_MODE = 0o644;

export const podDefaults: DefaultingRules = {
  [`${CORE}Pod`]: pod,
  [`${CORE}PodSpec`]: podSpec,
  [`${CORE}PodStatus`]: podAddresses,
  [`${CORE}Container`]: container,
  [`${CORE}EphemeralContainer`]: container,
  [`${CORE}Probe`]: constants({ timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 }),
  [`${CORE}HTTPGetAction`]: constants({ path: '/', scheme: 'HTTP' }),
  [`${CORE}GRPCAction`]: constants({ service: '' }),
  [`${CORE}ObjectFieldSelector`]: constants({ apiVersion: 'v1' }),
  [`${CORE}Volume`]: volume,
  [`${CORE}SecretVolumeSource`]: constants({ defaultMode: FILE_MODE }),
  [`${CORE}ConfigMapVolumeSource`]: constants({ defaultMode: FILE_MODE }),
  [`${CORE}DownwardAPIVolumeSource`]: constants({ defaultMode: FILE_MODE }),
  [`${CORE}ProjectedVolumeSource`]: constants({ defaultMode: FILE_MODE }),
  [`${CORE}ServiceAccountTokenProjection`]: constants({ expirationSeconds: 3600 }),
  [`${CORE}HostPathVolumeSource`]: constants({ type: '' }),
  [`${CORE}ResourceRequirements`]: roundedResources,
  [`${CORE}VolumeResourceRequirements`]: roundedResources,
};

/** Rules of pods alone; templates stay as they are until a pod is made of them. */
function pod(value: Fields): void {
  const spec = objectIn(value, 'spec');
  if (!spec) return;
  if (isJsonNumber(spec.terminationGracePeriodSeconds) && spec.terminationGracePeriodSeconds < 0) {
    spec.terminationGracePeriodSeconds = 1;
  }
  fill(spec, { enableServiceLinks: true });
  for (const one of [...listIn(spec, 'containers'), ...listIn(spec, 'initContainers')]) {
    requestsFromLimits(one);
    if (spec.hostNetwork === true) {
      for (const port of listIn(one, 'ports')) fill(port, { hostPort: port.containerPort as Json });
    }
  }
}

function requestsFromLimits(one: Fields): void {
  const resources = objectIn(one, 'resources');
  const limits = resources && objectIn(resources, 'limits');
  if (resources && limits) resources.requests = { ...limits, ...objectIn(resources, 'requests') } as Json;
}

function podSpec(spec: Fields): void {
  fill(spec, {
    dnsPolicy: 'ClusterFirst',
    restartPolicy: 'Always',
    securityContext: {},
    terminationGracePeriodSeconds: 30,
    schedulerName: 'default-scheduler',
  });
  // The older name of the field is kept equal to the newer one.
  const account = spec.serviceAccountName ?? spec.serviceAccount;
  if (account !== undefined) Object.assign(spec, { serviceAccountName: account, serviceAccount: account });
}

function podAddresses(status: Fields): void {
  const first = listIn(status, 'podIPs')[0]?.ip;
  if (status.podIP !== undefined && first !== status.podIP) status.podIPs = [{ ip: status.podIP }];
  else if (status.podIP === undefined && first !== undefined) status.podIP = first;
}

function container(value: Fields): void {
  fill(value, {
    imagePullPolicy: pullPolicy(value.image),
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'File',
  });
}

const NAME = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const HOST =
  '(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?';
const REFERENCE = new RegExp(
  `^(?:${HOST}/)?${NAME}(?:/${NAME})*(?::([\\w][\\w.-]{0,127}))?(@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$`,
);

/** Always for `:latest`, which is also meant where neither tag nor digest is given. */
function pullPolicy(image: Json | undefined): string {
  const match = typeof image === 'string' && image.length <= 1024 ? REFERENCE.exec(image) : null;
  if (!match) return 'IfNotPresent';
  const [, tag, digest] = match;
  return tag === 'latest' || (tag === undefined && digest === undefined) ? 'Always' : 'IfNotPresent';
}

function volume(value: Fields): void {
  if (Object.keys(value).every((field) => field === 'name')) value.emptyDir = {};
  const image = objectIn(value, 'image');
  if (image) fill(image, { pullPolicy: pullPolicy(image.reference) });
}

function roundedResources(value: Fields): void {
  for (const list of [objectIn(value, 'limits'), objectIn(value, 'requests')]) if (list) roundUp(list);
}

const MILLI = 1_000_000n;

/** Nothing finer than a thousandth is kept (SetDefaults_ResourceList). */
export function roundUp(resources: Fields): void {
  for (const [name, text] of Object.entries(resources)) {
    const quantity = typeof text === 'string' ? quantityOf(text) : undefined;
    if (!quantity) continue;
    const { nanos, format } = quantity;
    const rest = nanos % MILLI;
    if (rest > 0n) resources[name] = formatQuantity({ nanos: nanos - rest + MILLI, format });
  }
}

function quantityOf(text: string): Quantity | undefined {
  try {
    return parseQuantity(text);
  } catch {
    return undefined;
  }
}
