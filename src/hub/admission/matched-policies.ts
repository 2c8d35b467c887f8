/** Which policies a request concerns, by which bindings, and in which version of its kind each looks at it (generic `Matcher`). */
import type { HubCore, Target } from '../core.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import { type MatchResources, matchesRule, matchesSelectors } from './match-resources.ts';
import type { PolicyRequest } from './policy-request.ts';
import { equivalentsOf, inVersion, matchedDefinition } from './webhook-match.ts';

interface PolicyLike {
  readonly metadata: { readonly name?: string };
  readonly spec: { readonly matchConstraints?: MatchResources };
}
interface BindingLike {
  readonly spec: { readonly policyName: string; readonly matchResources?: MatchResources };
}

export interface MatchedPolicy<P, B> {
  readonly policy: P;
  /** At least one. */
  readonly bindings: readonly B[];
  /** The version that the policy's rules name. */
  readonly definition: ResourceDefinition;
}

/** In the order of the policies, each with its bindings in theirs. */
export async function matchedPolicies<P extends PolicyLike, B extends BindingLike>(
  core: HubCore,
  { workspace, definition }: Target,
  policies: readonly P[],
  bindings: readonly B[],
  request: PolicyRequest,
): Promise<readonly MatchedPolicy<P, B>[]> {
  const equivalents = await equivalentsOf(core, workspace, definition);
  return policies.flatMap((policy) => {
    const matched = matchedVersion(policy.spec.matchConstraints, request, definition, equivalents);
    if (matched === undefined) return [];
    const own = bindings.filter(
      ({ spec }) =>
        spec.policyName === policy.metadata.name &&
        matchedVersion(spec.matchResources, request, definition, equivalents) !== undefined,
    );
    return own.length === 0 ? [] : [{ policy, bindings: own, definition: matched }];
  });
}

/** Absent constraints and empty rules match everything, as it was asked. */
export function matchedVersion(
  match: MatchResources | undefined,
  request: PolicyRequest,
  definition: ResourceDefinition,
  equivalents: readonly ResourceDefinition[],
): ResourceDefinition | undefined {
  if (match === undefined) return definition;
  if (!matchesSelectors(match, request)) return undefined;
  const versions = match.matchPolicy === 'Exact' ? [definition] : [definition, ...equivalents];
  const excluded = match.excludeResourceRules?.some((rule) =>
    versions.some(({ info }) => matchesRule(rule, info === definition.info ? request : { ...request, resource: info })),
  );
  if (excluded) return undefined;
  const { resourceRules: rules = [], matchPolicy = 'Equivalent' } = match;
  return rules.length === 0 ? definition : matchedDefinition({ rules, matchPolicy }, request, definition, equivalents);
}

/** Makes each version of the request once. */
export function requestVersions(
  core: HubCore,
  { workspace, definition }: Target,
  request: PolicyRequest,
): (matched: ResourceDefinition) => Promise<PolicyRequest> {
  const made = new Map<ResourceDefinition, Promise<PolicyRequest>>();
  return (matched) => {
    const known = made.get(matched) ?? inVersion(core, workspace, request, definition, matched);
    made.set(matched, known);
    return known;
  };
}
