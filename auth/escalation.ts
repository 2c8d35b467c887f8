/**
 * Nobody grants what they do not hold (rbac registry `policybased` storage): a step of the hub's admission on roles and
 * bindings. The verbs `escalate` (roles) and `bind` (bindings) lift it.
 */
import { isDeepStrictEqual } from 'node:util';
import type { AdmissionRequest, AdmissionStep } from '../src/hub/core.ts';
import type { UserInfo } from '../src/kube/api.ts';
import type { KubeObject } from '../src/kube/object.ts';
import { forbidden, notFound } from '../src/kube/status.ts';
import { resourceAttributes } from './attributes.ts';
import { type Authorizer, MASTERS } from './authorize.ts';
import type { Policy } from './rbac-policy.ts';
import { type Binding, type PolicyRule, RBAC_GROUP, type Role } from './rbac-rules.ts';
import { describeRights, goList, uncovered } from './rule-cover.ts';

const EVERYTHING: readonly PolicyRule[] = [
  { apiGroups: ['*'], resources: ['*'], verbs: ['*'] },
  { nonResourceURLs: ['*'], verbs: ['*'] },
];
const ROLES = new Set(['roles', 'clusterroles']);
const BINDINGS = new Set(['rolebindings', 'clusterrolebindings']);

export const rbacEscalation = (authorizer: Authorizer): AdmissionStep => ({
  name: 'RBACEscalation',
  async permit(request) {
    const { operation, target, object, old, options } = request;
    const { group, resource } = target.definition.info;
    // The hub's own controllers have no user; whoever is in this group may do anything.
    if (group !== RBAC_GROUP || operation === 'delete' || options.user?.groups.includes(MASTERS) !== false) return;
    if (old !== undefined && onlyCleanup(object, old)) return;
    if (ROLES.has(resource)) await checkRole(authorizer, request, options.user);
    else if (BINDINGS.has(resource)) await checkBinding(authorizer, request, options.user);
  },
});

/** Owner references and finalizers change when garbage is collected; that grants nothing. */
function onlyCleanup(object: KubeObject, old: KubeObject): boolean {
  const bare = ({ metadata, ...rest }: KubeObject) => {
    const {
      ownerReferences: _o,
      finalizers: _f,
      managedFields: _m,
      resourceVersion: _r,
      generation: _g,
      ...kept
    } = metadata;
    return { ...rest, metadata: kept };
  };
  return isDeepStrictEqual(bare(object), bare(old));
}

async function checkRole(
  authorizer: Authorizer,
  { target, object, old }: AdmissionRequest,
  user: UserInfo,
): Promise<void> {
  const { workspace, namespace, definition } = target;
  const name = object.metadata.name ?? '';
  const may = { group: RBAC_GROUP, resource: definition.info.resource, name, namespace };
  const { allowed } = await authorizer.authorize(workspace, resourceAttributes(user, 'escalate', may));
  if (allowed) return;
  const policy = await authorizer.policy(workspace);
  const role = object as Role;
  refuseMissing(policy, user, namespace, role.rules ?? [], (why) => forbidden(definition.info, name, why));
  // An aggregation rule can gather anything, so only who holds everything may set or change one.
  if (aggregates(role) || aggregates(old as Role | undefined)) {
    refuseMissing(policy, user, '', EVERYTHING, () =>
      forbidden(definition.info, name, 'must have cluster-admin privileges to use the aggregationRule'),
    );
  }
}

const aggregates = (role: Role | undefined): boolean => Boolean(role?.aggregationRule?.clusterRoleSelectors?.length);

async function checkBinding(
  authorizer: Authorizer,
  { target, object }: AdmissionRequest,
  user: UserInfo,
): Promise<void> {
  const { workspace, namespace, definition } = target;
  const { roleRef, metadata } = object as Binding;
  const resource = roleRef?.kind === 'Role' ? 'roles' : 'clusterroles';
  const may = { group: roleRef?.apiGroup || RBAC_GROUP, resource, name: roleRef?.name ?? '', namespace };
  const { allowed } = await authorizer.authorize(workspace, resourceAttributes(user, 'bind', may));
  if (allowed || roleRef === undefined) return;
  const policy = await authorizer.policy(workspace);
  const rules = policy.roleRules(roleRef, namespace);
  // kube-apiserver's words: the role's name with the binding's resource.
  if (rules === undefined) throw notFound(definition.info, roleRef.name);
  refuseMissing(policy, user, namespace, rules, (why) => forbidden(definition.info, metadata.name ?? '', why));
}

function refuseMissing(
  policy: Policy,
  user: UserInfo,
  namespace: string,
  wanted: readonly PolicyRule[],
  refusal: (why: string) => Error,
): void {
  const held = [...policy.rulesFor(user, namespace)].map(({ rule }) => rule);
  const missing = uncovered(held, wanted);
  if (missing.length === 0) return;
  const who = `user ${JSON.stringify(user.name)} (groups=${goList(user.groups)})`;
  throw refusal(
    `${who} is attempting to grant RBAC permissions not currently held:\n${describeRights(missing).join('\n')}`,
  );
}
