/** Roles and their bindings (pkg/apis/rbac/validation). */
import { isDeepStrictEqual } from 'node:util';
import { child, type FieldPath, index, invalidValue, notSupported, requiredValue } from '../../../kube/field-error.ts';
import type { KubeObject } from '../../../kube/object.ts';
import { type Causes, dnsSubdomain, pathSegment, structureCause } from './scalars.ts';
import { type Selector, selectorCauses } from './selectors.ts';

const GROUP = 'rbac.authorization.k8s.io';

interface Rule {
  readonly verbs?: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

export type Role = KubeObject & {
  readonly rules?: readonly Rule[];
  readonly aggregationRule?: { readonly clusterRoleSelectors?: readonly Selector[] };
};

const isEmpty = (list: readonly string[] | undefined): boolean => (list ?? []).length === 0;

export const roleCauses =
  (namespaced: boolean) =>
  (role: Role): Causes => [
    ...(role.rules ?? []).flatMap((rule, at) => ruleCauses(rule, namespaced, index('rules', at))),
    ...(namespaced || !role.aggregationRule ? [] : aggregationCauses(role.aggregationRule)),
  ];

function ruleCauses(rule: Rule, namespaced: boolean, path: FieldPath): Causes {
  const urls = child(path, 'nonResourceURLs');
  const verbs = isEmpty(rule.verbs) ? [requiredValue(child(path, 'verbs'))] : [];
  if (!isEmpty(rule.nonResourceURLs)) {
    const mixed = !isEmpty(rule.apiGroups) || !isEmpty(rule.resources) || !isEmpty(rule.resourceNames);
    return [
      ...verbs,
      ...(namespaced
        ? [invalidValue(urls, rule.nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs')]
        : []),
      ...(mixed
        ? [
            invalidValue(
              urls,
              rule.nonResourceURLs,
              'rules cannot apply to both regular resources and non-resource URLs',
            ),
          ]
        : []),
    ];
  }
  return [
    ...verbs,
    ...(isEmpty(rule.apiGroups)
      ? [requiredValue(child(path, 'apiGroups'), 'resource rules must supply at least one api group')]
      : []),
    ...(isEmpty(rule.resources)
      ? [requiredValue(child(path, 'resources'), 'resource rules must supply at least one resource')]
      : []),
  ];
}

function aggregationCauses({ clusterRoleSelectors = [] }: NonNullable<Role['aggregationRule']>): Causes {
  const path = 'aggregationRule.clusterRoleSelectors';
  if (clusterRoleSelectors.length === 0) {
    return [requiredValue(path, 'at least one clusterRoleSelector required if aggregationRule is non-nil')];
  }
  return clusterRoleSelectors.flatMap((selector, at) => selectorCauses(selector, index(path, at)));
}

interface Subject {
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly apiGroup?: string;
}

export type Binding = KubeObject & {
  readonly roleRef?: { readonly apiGroup?: string; readonly kind?: string; readonly name?: string };
  readonly subjects?: readonly Subject[];
};

export const bindingCauses =
  (namespaced: boolean) =>
  (binding: Binding, old: Binding | undefined): Causes => {
    const { apiGroup = '', kind = '', name = '' } = binding.roleRef ?? {};
    const kinds = namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole'];
    return [
      ...(apiGroup === GROUP ? [] : [notSupported('roleRef.apiGroup', apiGroup, [GROUP])]),
      ...(kinds.includes(kind) ? [] : [notSupported('roleRef.kind', kind, kinds)]),
      ...(name === '' ? [requiredValue('roleRef.name')] : pathSegment(name, 'roleRef.name')),
      ...(binding.subjects ?? []).flatMap((subject, at) => subjectCauses(subject, namespaced, index('subjects', at))),
      ...(old && !isDeepStrictEqual(binding.roleRef, old.roleRef)
        ? [
            structureCause(
              'FieldValueInvalid',
              'roleRef',
              { APIGroup: apiGroup, Kind: kind, Name: name },
              'field is immutable',
            ),
          ]
        : []),
    ];
  };

function subjectCauses(subject: Subject, namespaced: boolean, path: FieldPath): Causes {
  const { kind = '', name = '', namespace = '', apiGroup = '' } = subject;
  const nameCauses = name === '' ? [requiredValue(child(path, 'name'))] : [];
  switch (kind) {
    case 'ServiceAccount':
      return [
        ...nameCauses,
        ...(name === '' ? [] : dnsSubdomain(name, child(path, 'name'))),
        ...(apiGroup === '' ? [] : [notSupported(child(path, 'apiGroup'), apiGroup, [''])]),
        ...(namespaced || namespace !== '' ? [] : [requiredValue(child(path, 'namespace'))]),
      ];
    case 'User':
    case 'Group':
      return [...nameCauses, ...(apiGroup === GROUP ? [] : [notSupported(child(path, 'apiGroup'), apiGroup, [GROUP])])];
    default:
      return [...nameCauses, notSupported(child(path, 'kind'), kind, ['ServiceAccount', 'User', 'Group'])];
  }
}
