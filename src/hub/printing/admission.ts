/** Admission webhooks and policies, and API priority and fairness. */
import { ageOf, type ConditionShape, nameOf } from './cells.ts';
import { AGE, column, NAME } from './columns.ts';
import { type Printer, type Printers, printer } from './printer.ts';

const webhooks: Printer = printer<{ webhooks?: unknown[] }>(
  [NAME, column('Webhooks', 'Number of webhooks.', 'integer'), AGE],
  (object, now) => [nameOf(object), object.webhooks?.length ?? 0, ageOf(object, now)],
);

const policy = (rules: 'validations' | 'mutations'): Printer =>
  printer<{
    spec?: { validations?: unknown[]; mutations?: unknown[]; paramKind?: { apiVersion?: string; kind?: string } };
  }>(
    [
      NAME,
      column(rules === 'validations' ? 'Validations' : 'Mutations', 'Number of rules.', 'integer'),
      column('ParamKind', 'Kind of the objects with its parameters.'),
      AGE,
    ],
    (object, now) => {
      const kind = object.spec?.paramKind;
      const text = kind ? `${kind.apiVersion ?? ''}/${kind.kind ?? ''}` : '<unset>';
      return [nameOf(object), object.spec?.[rules]?.length ?? 0, text, ageOf(object, now)];
    },
  );

const policyBinding: Printer = printer<{
  spec?: { policyName?: string; paramRef?: { name?: string; namespace?: string } };
}>(
  [NAME, column('PolicyName', 'Policy that is bound.'), column('ParamRef', 'Object with its parameters.'), AGE],
  (object, now) => {
    const { name, namespace } = object.spec?.paramRef ?? {};
    const text = name ? `${namespace || '*'}/${name}` : '<unset>';
    return [nameOf(object), object.spec?.policyName ?? '', text, ageOf(object, now)];
  },
);

const GROUP = 'admissionregistration.k8s.io';

export const admissionPrinters: Printers = {
  [`${GROUP}/MutatingWebhookConfiguration`]: webhooks,
  [`${GROUP}/ValidatingWebhookConfiguration`]: webhooks,
  [`${GROUP}/ValidatingAdmissionPolicy`]: policy('validations'),
  [`${GROUP}/MutatingAdmissionPolicy`]: policy('mutations'),
  [`${GROUP}/ValidatingAdmissionPolicyBinding`]: policyBinding,
  [`${GROUP}/MutatingAdmissionPolicyBinding`]: policyBinding,
  'flowcontrol.apiserver.k8s.io/FlowSchema': printer<{
    spec?: {
      priorityLevelConfiguration?: { name?: string };
      matchingPrecedence?: number;
      distinguisherMethod?: { type?: string };
    };
    status?: { conditions?: ConditionShape[] };
  }>(
    [
      NAME,
      column('PriorityLevel', 'Level that its requests get.'),
      column('MatchingPrecedence', 'Which schema is tried first.'),
      column('DistinguisherMethod', 'What tells flows apart.'),
      AGE,
      column('MissingPL', 'Whether the level does not exist.'),
    ],
    (object, now) => [
      nameOf(object),
      object.spec?.priorityLevelConfiguration?.name ?? '',
      object.spec?.matchingPrecedence ?? 0,
      object.spec?.distinguisherMethod ? (object.spec.distinguisherMethod.type ?? '') : '<none>',
      ageOf(object, now),
      object.status?.conditions?.find(({ type }) => type === 'Dangling')?.status ?? '?',
    ],
  ),
  'flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration': printer<{
    spec?: {
      type?: string;
      limited?: {
        nominalConcurrencyShares?: number;
        limitResponse?: { queuing?: { queues?: number; handSize?: number; queueLengthLimit?: number } };
      };
    };
  }>(
    [
      NAME,
      column('Type', 'Whether the level is limited.'),
      column('NominalConcurrencyShares', 'Share of the capacity.'),
      column('Queues', 'Number of queues.'),
      column('HandSize', 'Queues that one flow may use.'),
      column('QueueLengthLimit', 'Requests that one queue holds.'),
      AGE,
    ],
    (object, now) => {
      const { type = '', limited } = object.spec ?? {};
      const queuing = limited?.limitResponse?.queuing;
      return [
        nameOf(object),
        type,
        limited ? (limited.nominalConcurrencyShares ?? 0) : '<none>',
        queuing ? (queuing.queues ?? 0) : '<none>',
        queuing ? (queuing.handSize ?? 0) : '<none>',
        queuing ? (queuing.queueLengthLimit ?? 0) : '<none>',
        ageOf(object, now),
      ];
    },
  ),
};
