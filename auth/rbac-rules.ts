/** rbac.authorization.k8s.io/v1 shapes, and whether a rule allows a request (pkg/apis/rbac/v1 evaluation helpers). */
import type { KubeObject } from '../src/kube/object.ts';
import type { LabelSelectorObject } from '../src/kube/selector.ts';
import type { Attributes } from './attributes.ts';

export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

export interface Subject {
  readonly kind: string;
  readonly apiGroup?: string;
  readonly name: string;
  readonly namespace?: string;
}

export interface RoleRef {
  readonly apiGroup: string;
  readonly kind: string;
  readonly name: string;
}

export interface Role extends KubeObject {
  rules?: readonly PolicyRule[] | null;
  /** ClusterRoles only. */
  aggregationRule?: { clusterRoleSelectors?: readonly LabelSelectorObject[] };
}

export interface Binding extends KubeObject {
  subjects?: readonly Subject[] | null;
  roleRef: RoleRef;
}

export const RBAC_GROUP = 'rbac.authorization.k8s.io';

const matches = (list: readonly string[] | undefined, wanted: string): boolean =>
  list !== undefined && (list.includes('*') || list.includes(wanted));

export function ruleAllows(rule: PolicyRule, wanted: Attributes): boolean {
  if (!matches(rule.verbs, wanted.verb)) return false;
  if (!wanted.isResource) return pathMatches(rule.nonResourceURLs, wanted.path);
  return (
    matches(rule.apiGroups, wanted.group) &&
    resourceMatches(rule.resources, wanted) &&
    (!rule.resourceNames?.length || rule.resourceNames.includes(wanted.name))
  );
}

function resourceMatches(resources: readonly string[] | undefined, { resource, subresource }: Attributes): boolean {
  if (subresource === '') return matches(resources, resource);
  return matches(resources, `${resource}/${subresource}`) || (resources?.includes(`*/${subresource}`) ?? false);
}

function pathMatches(urls: readonly string[] | undefined, path: string): boolean {
  return (
    urls?.some(
      (url) => url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.replace(/\*+$/, ''))),
    ) ?? false
  );
}
