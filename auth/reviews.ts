/** Reviews, answered by the very functions that guard requests: what they say is what happens. */
import { decodeBody } from '../src/hub/answer/body.ts';
import { valueResponse } from '../src/hub/answer/respond.ts';
import type { ApiHandler, ApiRequest, ApiResponse, UserInfo } from '../src/kube/api.ts';
import type { KubeObject } from '../src/kube/object.ts';
import { badRequest, invalid } from '../src/kube/status.ts';
import { type Attributes, resourceAttributes } from './attributes.ts';
import { AUTHENTICATED, type TokenAuthenticator, withGroup } from './authenticator.ts';
import type { Authorizer } from './authorize.ts';

const AUTHORIZATION = 'authorization.k8s.io';
const AUTHENTICATION = 'authentication.k8s.io';

export interface ReviewOptions {
  readonly authorizer: Authorizer;
  readonly tokens: readonly TokenAuthenticator[];
}

/** Handlers for the hub's `virtual` table. */
export function createReviews({ authorizer, tokens }: ReviewOptions): Readonly<Record<string, ApiHandler>> {
  return {
    [`${AUTHENTICATION}/selfsubjectreviews`]: review('SelfSubjectReview', async ({ user }) => ({
      // Of all reviews only this one is made the way stored objects are.
      metadata: { creationTimestamp: new Date().toISOString().replace(/\.\d+Z$/, 'Z') },
      status: { userInfo: toUserInfo(user) },
    })),
    [`${AUTHENTICATION}/tokenreviews`]: review('TokenReview', (request, spec) => reviewToken(tokens, request, spec)),
    [`${AUTHORIZATION}/selfsubjectaccessreviews`]: review('SelfSubjectAccessReview', (request, spec) =>
      reviewAccess(authorizer, request, 'SelfSubjectAccessReview', spec, request.user),
    ),
    [`${AUTHORIZATION}/subjectaccessreviews`]: review('SubjectAccessReview', (request, spec) =>
      reviewAccess(authorizer, request, 'SubjectAccessReview', spec, subjectOf('SubjectAccessReview', spec)),
    ),
    [`${AUTHORIZATION}/localsubjectaccessreviews`]: review('LocalSubjectAccessReview', (request, spec) => {
      const { namespace } = (spec.resourceAttributes ?? {}) as { namespace?: string };
      if (namespace !== request.info.namespace) {
        throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${request.info.namespace}`);
      }
      return reviewAccess(
        authorizer,
        request,
        'LocalSubjectAccessReview',
        spec,
        subjectOf('LocalSubjectAccessReview', spec),
      );
    }),
    [`${AUTHORIZATION}/selfsubjectrulesreviews`]: review('SelfSubjectRulesReview', (request, spec) =>
      reviewRules(authorizer, request, spec),
    ),
  };
}

type Spec = Readonly<Record<string, unknown>>;
type Answered = { readonly metadata?: object; readonly spec?: object; readonly status: object };

/** Creates only; the object comes back with its status, and is not stored. */
const review =
  (kind: string, answer: (request: ApiRequest, spec: Spec) => Promise<Answered>): ApiHandler =>
  async (request): Promise<ApiResponse> => {
    const { group, version } = request.info;
    const body = (decodeBody(request, { group, version, kind }) ?? {}) as KubeObject;
    if (typeof body !== 'object') throw badRequest(`the body is not a ${kind}`);
    if (body.kind !== undefined && body.kind !== kind) {
      throw badRequest(`the body is a ${JSON.stringify(body.kind)}, wanted a ${kind}`);
    }
    const spec = (body.spec ?? {}) as Spec;
    const { metadata: made, ...answered } = await answer(request, spec);
    const metadata = { creationTimestamp: null, ...body.metadata, ...made };
    return valueResponse(201, {
      kind,
      apiVersion: `${group}/${version}`,
      metadata,
      ...(kind === 'SelfSubjectReview' ? {} : { spec }),
      ...answered,
    });
  };

async function reviewAccess(
  authorizer: Authorizer,
  request: ApiRequest,
  kind: string,
  spec: Spec,
  user: UserInfo,
): Promise<Answered> {
  const { allowed, reason } = await authorizer.authorize(request.workspace, attributesOf(kind, spec, user));
  return { status: { allowed, ...(reason === '' ? {} : { reason }) } };
}

function attributesOf(kind: string, spec: Spec, user: UserInfo): Attributes {
  const resource = spec.resourceAttributes as Partial<Record<keyof Attributes, string>> | undefined;
  const path = spec.nonResourceAttributes as { path?: string; verb?: string } | undefined;
  if (resource && path) {
    throw refused(kind, 'spec.nonResourceAttributes', 'cannot be specified in combination with resourceAttributes');
  }
  if (path) return { ...resourceAttributes(user, path.verb ?? '', {}), isResource: false, path: path.path ?? '' };
  if (!resource) {
    throw refused(
      kind,
      'spec.resourceAttributes',
      'exactly one of nonResourceAttributes or resourceAttributes must be specified',
    );
  }
  const {
    verb = '',
    group = '',
    resource: name = '',
    subresource = '',
    namespace = '',
    name: objectName = '',
  } = resource;
  return resourceAttributes(user, verb, { group, resource: name, subresource, namespace, name: objectName });
}

function subjectOf(kind: string, spec: Spec): UserInfo {
  const {
    user = '',
    groups = [],
    uid,
    extra = {},
  } = spec as {
    user?: string;
    groups?: string[];
    uid?: string;
    extra?: Record<string, string[]>;
  };
  if (user === '' && groups.length === 0)
    throw refused(kind, 'spec.user', 'at least one of user or group must be specified', '""');
  return { name: user, groups, extra, ...(uid === undefined ? {} : { uid }) };
}

const refused = (kind: string, field: string, why: string, value = 'null') =>
  invalid({ group: AUTHORIZATION, kind }, '', [
    { reason: 'FieldValueInvalid', message: `Invalid value: ${value}: ${why}`, field },
  ]);

async function reviewRules(authorizer: Authorizer, request: ApiRequest, spec: Spec): Promise<Answered> {
  const namespace = String(spec.namespace ?? '');
  if (namespace === '') throw badRequest('no namespace on request');
  const errors: string[] = [];
  const policy = await authorizer.policy(request.workspace);
  const rules = [...policy.rulesFor(request.user, namespace, (error) => errors.push(error))].map(({ rule }) => rule);
  return {
    status: {
      resourceRules: rules
        .filter(({ resources }) => resources?.length)
        .map(({ verbs, apiGroups, resources, resourceNames }) => ({
          verbs,
          apiGroups: apiGroups ?? [],
          resources,
          ...(resourceNames?.length ? { resourceNames } : {}),
        })),
      nonResourceRules: rules
        .filter(({ nonResourceURLs }) => nonResourceURLs?.length)
        .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
      incomplete: errors.length > 0,
      ...(errors.length > 0 ? { evaluationError: errors.join(', ') } : {}),
    },
  };
}

async function reviewToken(tokens: readonly TokenAuthenticator[], request: ApiRequest, spec: Spec): Promise<Answered> {
  const token = String(spec.token ?? '');
  if (token === '') throw badRequest('token is required for TokenReview in authentication');
  const audiences = Array.isArray(spec.audiences) && spec.audiences.length > 0 ? spec.audiences.map(String) : undefined;
  // The token itself never comes back.
  const shown = { ...spec, token: '' };
  for (const authenticate of tokens) {
    const user = await authenticate(token, request.workspace, audiences).catch(() => undefined);
    if (user === undefined) continue;
    const status = {
      authenticated: true,
      user: toUserInfo(withGroup(user, AUTHENTICATED)),
      ...(audiences === undefined ? {} : { audiences }),
    };
    return { spec: shown, status };
  }
  return { spec: shown, status: { authenticated: false, user: {}, error: 'invalid bearer token' } };
}

const toUserInfo = ({ name, uid, groups, extra }: UserInfo): object => ({
  username: name,
  ...(uid === undefined ? {} : { uid }),
  groups,
  ...(Object.keys(extra).length > 0 ? { extra } : {}),
});
