/** Role bindings and certificate requests. */
import { humanDuration } from '../../kube/duration.ts';
import { ageOf, type ConditionShape, labelsText, nameOf } from './cells.ts';
import { AGE, column, NAME, wide } from './columns.ts';
import { type Printer, type Printers, printer } from './printer.ts';

interface BindingShape {
  readonly roleRef?: { readonly kind?: string; readonly name?: string };
  readonly subjects?: readonly { readonly kind: string; readonly name: string; readonly namespace?: string }[];
}

interface SigningRequestShape {
  readonly spec?: { readonly signerName?: string; readonly username?: string; readonly expirationSeconds?: number };
  readonly status?: { readonly conditions?: readonly ConditionShape[]; readonly certificate?: string };
}

const binding: Printer = printer<BindingShape>(
  [
    NAME,
    column('Role', 'Role that is given.'),
    AGE,
    wide('Users', 'Users that get it.'),
    wide('Groups', 'Groups that get it.'),
    wide('ServiceAccounts', 'Service accounts that get it.'),
  ],
  (object, now) => {
    const named = (kind: string): string =>
      (object.subjects ?? [])
        .filter((subject) => subject.kind === kind)
        .map(({ name, namespace }) => (kind === 'ServiceAccount' ? `${namespace ?? ''}/${name}` : name))
        .join(', ');
    const role = `${object.roleRef?.kind ?? ''}/${object.roleRef?.name ?? ''}`;
    return [nameOf(object), role, ageOf(object, now), named('User'), named('Group'), named('ServiceAccount')];
  },
);

export const accessPrinters: Printers = {
  'rbac.authorization.k8s.io/RoleBinding': binding,
  'rbac.authorization.k8s.io/ClusterRoleBinding': binding,
  'certificates.k8s.io/CertificateSigningRequest': printer<SigningRequestShape>(
    [
      NAME,
      AGE,
      column('SignerName', 'Signer that is asked.'),
      column('Requestor', 'Who asks.'),
      column('RequestedDuration', 'How long the certificate should be valid.'),
      column('Condition', 'How far the request has come.'),
    ],
    (object, now) => [
      nameOf(object),
      ageOf(object, now),
      object.spec?.signerName || '<none>',
      object.spec?.username ?? '',
      object.spec?.expirationSeconds === undefined ? '<none>' : humanDuration(object.spec.expirationSeconds * 1000),
      requestState(object),
    ],
  ),
  'certificates.k8s.io/ClusterTrustBundle': printer<{ spec?: { signerName?: string } }>(
    [NAME, column('SignerName', 'Signer whose roots these are.')],
    (object) => [nameOf(object), object.spec?.signerName || '<none>'],
  ),
  'certificates.k8s.io/PodCertificateRequest': printer<{
    spec?: {
      podName?: string;
      serviceAccountName?: string;
      nodeName?: string;
      signerName?: string;
      unverifiedUserAnnotations?: Record<string, string>;
    };
    status?: { conditions?: ConditionShape[] };
  }>(
    [
      NAME,
      column('PodName', 'Pod that the certificate is for.'),
      column('ServiceAccountName', 'Service account of the pod.'),
      column('NodeName', 'Node of the pod.'),
      column('SignerName', 'Signer that is asked.'),
      column('State', 'How far the request has come.'),
      column('UnverifiedUserAnnotations', 'Annotations for the signer, as given.'),
    ],
    (object) => [
      nameOf(object),
      object.spec?.podName ?? '',
      object.spec?.serviceAccountName ?? '',
      object.spec?.nodeName ?? '',
      object.spec?.signerName ?? '',
      object.status?.conditions?.findLast(({ type }) => ['Issued', 'Denied', 'Failed'].includes(type))?.type ??
        'Pending',
      labelsText(object.spec?.unverifiedUserAnnotations),
    ],
  ),
};

function requestState({ status }: SigningRequestShape): string {
  const has = (type: string): boolean => status?.conditions?.some((condition) => condition.type === type) ?? false;
  const decision = has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending';
  return `${decision}${has('Failed') ? ',Failed' : ''}${status?.certificate ? ',Issued' : ''}`;
}
