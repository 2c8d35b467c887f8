/**
 * What kube-apiserver warns of in valid objects of built-in kinds (WarningsOnCreate and WarningsOnUpdate of the
 * strategies in pkg/registry). One function per kind, pure, over objects that are defaulted and valid.
 */
import { child, type FieldPath, index } from '../../../kube/field-error.ts';
import { dnsLabelErrors } from '../../../kube/label-syntax.ts';
import type { KubeObject } from '../../../kube/object.ts';
import { formatQuantity, parseQuantity } from '../../../kube/quantity.ts';
import type { PodTemplate } from '../validation/pods.ts';
import { keyPairFault } from './certificate.ts';
import { fractionalBytes } from './fractional-bytes.ts';
import { templateWarnings } from './pod-template.ts';
import { serviceWarnings } from './services.ts';

/** `old` is undefined for a create. */
export type Warnings = (object: KubeObject, old: KubeObject | undefined) => readonly string[];

type Fields = Readonly<Record<string, unknown>>;
const fields = (value: unknown): Fields => (value ?? {}) as Fields;

const nameWarnings = ({ metadata: { name = '' } }: KubeObject, use: string): string[] => {
  const errors = dnsLabelErrors(name);
  if (errors.length === 0) return [];
  return [
    `metadata.name: this is used in ${use}, which can result in surprising behavior; a DNS label is recommended: [${errors.join(' ')}]`,
  ];
};

/** Of what makes pods: asked on create, and when the desired state has changed. */
const workload =
  ({ path, named }: { path: string; named: boolean }): Warnings =>
  (object, old) => {
    if (old !== undefined && old.metadata.generation === object.metadata.generation) return [];
    const template = path.split('.').reduce<unknown>((value, key) => fields(value)[key], object);
    return [
      ...(named && old === undefined ? nameWarnings(object, 'Pod names and hostnames') : []),
      ...templateWarnings(fields(template) as PodTemplate, path),
    ];
  };

const statefulSet: Warnings = (object, old) => {
  const { volumeClaimTemplates = [], revisionHistoryLimit = 0 } = fields(object.spec) as {
    volumeClaimTemplates?: readonly KubeObject[];
    revisionHistoryLimit?: number;
  };
  const suffix = old === undefined ? '' : '.Spec';
  return [
    ...workload({ path: 'spec.template', named: false })(object, old),
    ...volumeClaimTemplates.flatMap(({ spec }, at) =>
      claimSpecWarnings(spec, `${index('spec.volumeClaimTemplates', at)}${suffix}`),
    ),
    ...(revisionHistoryLimit < 0
      ? ['spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended']
      : []),
  ];
};

const cronJob: Warnings = (object, old) => [
  ...workload({ path: 'spec.jobTemplate.spec.template', named: true })(object, old),
  ...(old !== undefined && String(fields(object.spec).schedule).includes('TZ')
    ? [
        'cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details',
      ]
    : []),
];

/** People change pods through what makes them. */
const pod: Warnings = (object, old) =>
  old === undefined
    ? [...nameWarnings(object, "the Pod's hostname"), ...templateWarnings(object as PodTemplate, '')]
    : [];

function claimSpecWarnings(spec: unknown, path: FieldPath): string[] {
  const { requests, limits } = fields(fields(spec).resources);
  return [
    ...fractionalBytes(fields(requests), child(path, 'resources.requests'), ['storage']),
    ...fractionalBytes(fields(limits), child(path, 'resources.limits'), ['storage']),
  ];
}

const annotated = (object: KubeObject, key: string): boolean => Object.hasOwn(object.metadata.annotations ?? {}, key);

const CLASS = 'volume.beta.kubernetes.io/storage-class';
const claim: Warnings = (object) => [
  ...(annotated(object, CLASS)
    ? [`metadata.annotations[${CLASS}]: deprecated since v1.8; use "storageClassName" attribute instead`]
    : []),
  ...claimSpecWarnings(object.spec, 'spec'),
];

const INGRESS_CLASS = 'kubernetes.io/ingress.class';
const ingress: Warnings = (object, old) =>
  old === undefined && annotated(object, INGRESS_CLASS) && fields(object.spec).ingressClassName === undefined
    ? [`annotation "${INGRESS_CLASS}" is deprecated, please use 'spec.ingressClassName' instead`]
    : [];

const MOUNTABLE = 'kubernetes.io/enforce-mountable-secrets';
const serviceAccount: Warnings = (object, old) =>
  annotated(object, MOUNTABLE) && !(old && annotated(old, MOUNTABLE))
    ? [
        `metadata.annotations[${MOUNTABLE}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`,
      ]
    : [];

const secret: Warnings = ({ type, data }) => {
  const fault = type === 'kubernetes.io/tls' ? keyPairFault(fields(data) as Record<string, string>) : undefined;
  return fault === undefined ? [] : [fault];
};

const QUOTA_NAMES = ['cpu', 'memory', 'ephemeral-storage'];
const resourceQuota: Warnings = ({ spec }, old) => {
  const hard = fields(fields(spec).hard) as Readonly<Record<string, string>>;
  return (old === undefined ? QUOTA_NAMES : []).flatMap((name) => {
    const requests = [`requests.${name}`, ...(name === 'ephemeral-storage' ? [] : [name])].find((key) => hard[key]);
    const limits = `limits.${name}`;
    if (requests === undefined || hard[limits] === undefined) return [];
    const [request, limit] = [parseQuantity(hard[requests] as string), parseQuantity(hard[limits])];
    return request.nanos > limit.nanos
      ? [
          `ResourceQuota ${requests} (${formatQuantity(request)}) should be less than ${limits} (${formatQuantity(limit)})`,
        ]
      : [];
  });
};

const RULES: Readonly<Record<string, Warnings>> = {
  '/PersistentVolumeClaim': claim,
  '/Pod': pod,
  '/PodTemplate': workload({ path: 'template', named: false }),
  '/ReplicationController': workload({ path: 'spec.template', named: true }),
  '/ResourceQuota': resourceQuota,
  '/Secret': secret,
  '/Service': serviceWarnings,
  '/ServiceAccount': serviceAccount,
  'apps/DaemonSet': workload({ path: 'spec.template', named: false }),
  'apps/Deployment': workload({ path: 'spec.template', named: true }),
  'apps/ReplicaSet': workload({ path: 'spec.template', named: true }),
  'apps/StatefulSet': statefulSet,
  'batch/CronJob': cronJob,
  'batch/Job': workload({ path: 'spec.template', named: true }),
  'networking.k8s.io/Ingress': ingress,
};

/** Takes a group and kind. Undefined where there is nothing to warn of. */
export function warningsFor({ group, kind }: { group: string; kind: string }): Warnings | undefined {
  const key = `${group}/${kind}`;
  return Object.hasOwn(RULES, key) ? RULES[key] : undefined;
}
