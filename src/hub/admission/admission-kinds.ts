/** The kinds by which people extend admission. They must stay changeable, whatever their objects say. */
import type { GroupResource } from '../../kube/resource.ts';

export const ADMISSION_GROUP = 'admissionregistration.k8s.io';

const KINDS = new Set([
  'mutatingadmissionpolicies',
  'mutatingadmissionpolicybindings',
  'mutatingwebhookconfigurations',
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
  'validatingwebhookconfigurations',
]);

/** Exempt from policies and webhooks (webhook/predicates/rules IsExemptAdmissionConfigurationResource). */
export const isAdmissionKind = ({ group, resource }: GroupResource): boolean =>
  group === ADMISSION_GROUP && KINDS.has(resource);
