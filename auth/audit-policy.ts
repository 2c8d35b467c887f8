/** Which requests are recorded: the part of audit.k8s.io/v1 Policy that selects by user, group, verb, resource and path. */
import type { Described } from '../src/http/context.ts';
import type { UserInfo } from '../src/kube/api.ts';

export type AuditLevel = 'None' | 'Metadata';

export interface AuditRule {
  readonly level: string;
  /** Beside the policy's own. */
  readonly omitStages?: readonly string[];
  readonly users?: readonly string[];
  readonly userGroups?: readonly string[];
  readonly verbs?: readonly string[];
  readonly resources?: readonly { group?: string; resources?: readonly string[]; resourceNames?: readonly string[] }[];
  readonly namespaces?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
}

export interface AuditPolicy {
  readonly omitStages?: readonly string[];
  readonly rules: readonly AuditRule[];
}

export const DEFAULT_AUDIT_POLICY: AuditPolicy = {
  rules: [{ level: 'None', nonResourceURLs: ['/livez*', '/readyz*', '/healthz*', '/version'] }, { level: 'Metadata' }],
};

/** The first rule that matches decides; no rule: not recorded. Bodies are never recorded: they may hold Secrets. */
export function recordedAs(
  policy: AuditPolicy,
  request: Described,
  user: UserInfo | undefined,
): { readonly level: AuditLevel; readonly omitStages: readonly string[] } {
  const rule = policy.rules.find((candidate) => matches(candidate, request, user));
  const omitStages = [...(policy.omitStages ?? []), ...(rule?.omitStages ?? [])];
  return { level: rule === undefined || rule.level === 'None' ? 'None' : 'Metadata', omitStages };
}

const among = (list: readonly string[] | undefined, value: string): boolean =>
  list === undefined || list.length === 0 || list.includes(value);

function matches(rule: AuditRule, { info }: Described, user: UserInfo | undefined): boolean {
  if (!among(rule.users, user?.name ?? '') || !among(rule.verbs, info.verb)) return false;
  if (rule.userGroups?.length && !rule.userGroups.some((group) => user?.groups.includes(group))) return false;
  if (info.isResource) {
    if (rule.nonResourceURLs?.length && !rule.resources?.length) return false;
    return among(rule.namespaces, info.namespace) && matchesResource(rule, info);
  }
  if (rule.resources?.length || rule.namespaces?.length) return false;
  return !rule.nonResourceURLs?.length || rule.nonResourceURLs.some((pattern) => matchesPath(pattern, info.path));
}

function matchesResource(rule: AuditRule, info: Described['info']): boolean {
  if (!rule.resources?.length) return true;
  const combined = info.subresource === '' ? info.resource : `${info.resource}/${info.subresource}`;
  const names = [combined, '*', `*/${info.subresource}`, `${info.resource}/*`];
  return rule.resources.some(
    (selector) =>
      (selector.group ?? '') === info.group &&
      (!selector.resources?.length || selector.resources.some((name) => names.includes(name))) &&
      among(selector.resourceNames, info.name),
  );
}

const matchesPath = (pattern: string, path: string): boolean =>
  pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
