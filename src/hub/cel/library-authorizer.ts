/** `authorizer.group("apps").resource("deployments").check("create").allowed()` (apiserver `cel/library/authz.go`). */
import type { Environment } from '@marcbachmann/cel-js';
import type { UserInfo } from '../../kube/api.ts';
import { dnsLabelErrors, dnsSubdomainErrors } from '../../kube/label-syntax.ts';

/** May the user do this? Of a path (`path` is not ''), or of a resource. */
export interface AccessQuestion {
  readonly user: UserInfo;
  readonly verb: string;
  readonly path: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
}

export interface AccessDecision {
  readonly allowed: boolean;
  readonly reason: string;
  /** '' for none. */
  readonly error?: string;
}

/** Answers at once: evaluation cannot wait. */
export type Decide = (question: AccessQuestion) => AccessDecision;

/** What a request is about: `authorizer.requestResource`. */
export type RequestResource = Pick<AccessQuestion, 'group' | 'resource' | 'subresource' | 'namespace' | 'name'>;

const AUTHORIZER = 'kubernetes.authorization.Authorizer';
const PATH_CHECK = 'kubernetes.authorization.PathCheck';
const GROUP_CHECK = 'kubernetes.authorization.GroupCheck';
const RESOURCE_CHECK = 'kubernetes.authorization.ResourceCheck';
const DECISION = 'kubernetes.authorization.Decision';

export class AuthorizerValue {
  readonly user: UserInfo;
  readonly decide: Decide;
  readonly requestResource: ResourceCheck;
  readonly #asked: RequestResource;

  constructor(user: UserInfo, decide: Decide, asked: RequestResource) {
    this.user = user;
    this.decide = decide;
    this.#asked = asked;
    this.requestResource = new ResourceCheck(this, asked);
  }

  as(user: UserInfo): AuthorizerValue {
    return new AuthorizerValue(user, this.decide, this.#asked);
  }
}

class PathCheck {
  readonly authorizer: AuthorizerValue;
  readonly path: string;
  constructor(authorizer: AuthorizerValue, path: string) {
    this.authorizer = authorizer;
    this.path = path;
  }
}

class GroupCheck {
  readonly authorizer: AuthorizerValue;
  readonly group: string;
  constructor(authorizer: AuthorizerValue, group: string) {
    this.authorizer = authorizer;
    this.group = group;
  }
}

class ResourceCheck {
  readonly authorizer: AuthorizerValue;
  readonly of: RequestResource;
  constructor(authorizer: AuthorizerValue, of: RequestResource) {
    this.authorizer = authorizer;
    this.of = of;
  }
  with(more: Partial<RequestResource>): ResourceCheck {
    return new ResourceCheck(this.authorizer, { ...this.of, ...more });
  }
}

class DecisionValue {
  readonly decision: AccessDecision;
  constructor(decision: AccessDecision) {
    this.decision = decision;
  }
}

const NO_RESOURCE: RequestResource = { group: '', resource: '', subresource: '', namespace: '', name: '' };

/** Declares the variable `authorizer`, an AuthorizerValue. */
export function registerAuthorizer(env: Environment): void {
  env.registerType(DECISION, DecisionValue);
  env.registerType(PATH_CHECK, PathCheck);
  env.registerType(GROUP_CHECK, GroupCheck);
  env.registerType(RESOURCE_CHECK, ResourceCheck);
  env.registerType(AUTHORIZER, { ctor: AuthorizerValue, fields: { requestResource: RESOURCE_CHECK } } as never);
  env.registerVariable('authorizer', AUTHORIZER);
  const fn = (signature: string, handler: (...args: never[]) => unknown) =>
    env.registerFunction(signature, handler as (...args: unknown[]) => unknown);
  fn(`${AUTHORIZER}.path(string): ${PATH_CHECK}`, (authorizer: AuthorizerValue, path: string) => {
    if (path.trim() === '') throw new Error('path must not be empty');
    return new PathCheck(authorizer, path);
  });
  fn(
    `${AUTHORIZER}.group(string): ${GROUP_CHECK}`,
    (authorizer: AuthorizerValue, group: string) => new GroupCheck(authorizer, group),
  );
  fn(`${AUTHORIZER}.serviceAccount(string, string): ${AUTHORIZER}`, serviceAccount);
  fn(`${GROUP_CHECK}.resource(string): ${RESOURCE_CHECK}`, ({ authorizer, group }: GroupCheck, resource: string) => {
    if (resource.trim() === '') throw new Error('resource must not be empty');
    return new ResourceCheck(authorizer, { ...NO_RESOURCE, group, resource });
  });
  for (const field of ['subresource', 'namespace', 'name'] as const)
    fn(`${RESOURCE_CHECK}.${field}(string): ${RESOURCE_CHECK}`, (check: ResourceCheck, value: string) =>
      check.with({ [field]: value }),
    );
  // RBAC grants without regard to selectors.
  for (const selector of ['fieldSelector', 'labelSelector'])
    fn(`${RESOURCE_CHECK}.${selector}(string): ${RESOURCE_CHECK}`, (check: ResourceCheck, _: string) => check);
  fn(
    `${PATH_CHECK}.check(string): ${DECISION}`,
    ({ authorizer: { user, decide }, path }: PathCheck, verb: string) =>
      new DecisionValue(decide({ ...NO_RESOURCE, user, verb, path })),
  );
  fn(
    `${RESOURCE_CHECK}.check(string): ${DECISION}`,
    ({ authorizer: { user, decide }, of }: ResourceCheck, verb: string) =>
      new DecisionValue(decide({ ...of, user, verb, path: '' })),
  );
  fn(`${DECISION}.allowed(): bool`, ({ decision }: DecisionValue) => decision.allowed);
  fn(`${DECISION}.reason(): string`, ({ decision }: DecisionValue) => decision.reason);
  fn(`${DECISION}.errored(): bool`, ({ decision }: DecisionValue) => (decision.error ?? '') !== '');
  fn(`${DECISION}.error(): string`, ({ decision }: DecisionValue) => decision.error ?? '');
}

function serviceAccount(authorizer: AuthorizerValue, namespace: string, name: string): AuthorizerValue {
  if (dnsSubdomainErrors(name).length > 0) throw new Error('Invalid service account name');
  if (dnsLabelErrors(namespace).length > 0) throw new Error('Invalid service account namespace');
  return authorizer.as({
    name: `system:serviceaccount:${namespace}:${name}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
    extra: {},
  });
}
