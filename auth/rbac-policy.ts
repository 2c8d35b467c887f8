/** One workspace's roles and bindings, made ready for questions: built-in roles added, aggregation worked out. Pure. */
import type { UserInfo } from '../src/kube/api.ts';
import { fromLabelSelector, type LabelSelectorObject, matchesLabels } from '../src/kube/selector.ts';
import { BUILTIN_BINDINGS, BUILTIN_ROLES } from './builtin-roles.ts';
import type { Binding, PolicyRule, Role, RoleRef, Subject } from './rbac-rules.ts';

export interface PolicySource {
  readonly clusterRoles: readonly Role[];
  readonly clusterRoleBindings: readonly Binding[];
  readonly roles: readonly Role[];
  readonly roleBindings: readonly Binding[];
}

export interface GrantedRule {
  readonly rule: PolicyRule;
  /** For the audit log: `ClusterRoleBinding "x" of ClusterRole "y" to User "z"`. */
  readonly source: string;
}

export interface Policy {
  /** Rules that apply to the user in the namespace ('' for cluster scope), cluster-wide ones first. Problems go to `onError`. */
  rulesFor(user: UserInfo, namespace: string, onError?: (message: string) => void): Iterable<GrantedRule>;
  /** Namespaces in which a RoleBinding gives the user something. */
  namespacesOf(user: UserInfo): readonly string[];
  /** Rules of a role; undefined when there is none of that name. */
  roleRules(ref: RoleRef, namespace: string): readonly PolicyRule[] | undefined;
}

export function compilePolicy(source: PolicySource): Policy {
  const clusterRoles = new Map(
    [...BUILTIN_ROLES, ...source.clusterRoles].map((role) => [role.metadata.name ?? '', role]),
  );
  const clusterRules = aggregate(clusterRoles);
  const roles = new Map(
    source.roles.map((role) => [`${role.metadata.namespace}/${role.metadata.name}`, role.rules ?? []]),
  );
  // A stored binding of the same name replaces the built-in one: that is how discovery is closed to a group.
  const clusterBindings = [
    ...new Map([...BUILTIN_BINDINGS, ...source.clusterRoleBindings].map((one) => [one.metadata.name, one])).values(),
  ];
  const bindingsByNamespace = groupByNamespace(source.roleBindings);

  const roleRules: Policy['roleRules'] = (ref, namespace) => {
    if (ref.kind === 'ClusterRole') return clusterRules.get(ref.name);
    return ref.kind === 'Role' ? roles.get(`${namespace}/${ref.name}`) : undefined;
  };

  function* grants(
    kind: string,
    bindings: readonly Binding[],
    user: UserInfo,
    namespace: string,
    onError?: (message: string) => void,
  ) {
    for (const binding of bindings) {
      const subject = binding.subjects?.find((one) => appliesTo(one, user, namespace));
      if (subject === undefined) continue;
      const rules = roleRules(binding.roleRef, namespace);
      if (rules === undefined) onError?.(`${roleResource(binding.roleRef)} "${binding.roleRef.name}" not found`);
      for (const rule of rules ?? []) yield { rule, source: describeGrant(kind, binding, subject, namespace) };
    }
  }

  return {
    roleRules,
    namespacesOf: (user) =>
      [...bindingsByNamespace]
        .filter(([namespace, bindings]) =>
          bindings.some(({ subjects }) => subjects?.some((one) => appliesTo(one, user, namespace))),
        )
        .map(([namespace]) => namespace),
    *rulesFor(user, namespace, onError) {
      yield* grants('ClusterRoleBinding', clusterBindings, user, '', onError);
      if (namespace === '') return;
      yield* grants('RoleBinding', bindingsByNamespace.get(namespace) ?? [], user, namespace, onError);
    },
  };
}

const roleResource = ({ kind }: RoleRef): string =>
  `${kind === 'Role' ? 'role' : 'clusterrole'}.rbac.authorization.k8s.io`;

function groupByNamespace(bindings: readonly Binding[]): Map<string, Binding[]> {
  const groups = new Map<string, Binding[]>();
  for (const binding of bindings) {
    const namespace = binding.metadata.namespace ?? '';
    const group = groups.get(namespace);
    if (group === undefined) groups.set(namespace, [binding]);
    else group.push(binding);
  }
  return groups;
}

function appliesTo(subject: Subject, user: UserInfo, namespace: string): boolean {
  if (subject.kind === 'User') return subject.name === user.name;
  if (subject.kind === 'Group') return user.groups.includes(subject.name);
  if (subject.kind !== 'ServiceAccount') return false;
  const home = subject.namespace || namespace;
  return home !== '' && user.name === `system:serviceaccount:${home}:${subject.name}`;
}

function describeGrant(kind: string, binding: Binding, subject: Subject, namespace: string): string {
  const name = namespace === '' ? binding.metadata.name : `${binding.metadata.name}/${namespace}`;
  const who = subject.kind === 'ServiceAccount' ? `${subject.name}/${subject.namespace || namespace}` : subject.name;
  return `${kind} "${name}" of ${binding.roleRef.kind} "${binding.roleRef.name}" to ${subject.kind} "${who}"`;
}

/** Rules by ClusterRole name. An aggregated role has the rules of those it selects, which may be aggregated themselves. */
function aggregate(roles: ReadonlyMap<string, Role>): Map<string, readonly PolicyRule[]> {
  const done = new Map<string, readonly PolicyRule[]>();
  const rulesOf = (name: string, role: Role, path: ReadonlySet<string>): readonly PolicyRule[] => {
    const known = done.get(name);
    if (known !== undefined) return known;
    const selectors = role.aggregationRule?.clusterRoleSelectors;
    if (!selectors?.length) return role.rules ?? [];
    if (path.has(name)) return [];
    const inner = new Set([...path, name]);
    return [...roles]
      .filter(([other, { metadata }]) => other !== name && selectors.some((one) => selects(one, metadata.labels ?? {})))
      .flatMap(([other, selected]) => rulesOf(other, selected, inner));
  };
  for (const [name, role] of roles) done.set(name, rulesOf(name, role, new Set()));
  return done;
}

/** A stored selector that cannot be read selects nothing: one bad role must not close a workspace. */
function selects(selector: LabelSelectorObject, labels: Readonly<Record<string, string>>): boolean {
  try {
    return matchesLabels(fromLabelSelector(selector), labels);
  } catch {
    return false;
  }
}
