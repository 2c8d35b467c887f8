/** Does a webhook want to hear of a request, and in which version of its kind (webhook/generic ShouldCallHook)? */
import type { Decide } from '../cel/library-authorizer.ts';
import type { HubCore } from '../core.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import { ExpressionRun, expressionCompiler, type SourceAndCompiled } from './expression-run.ts';
import { matchesRule, matchesSelectors, type RuleSubject } from './match-resources.ts';
import { convertObject, kindOf, type PolicyRequest } from './policy-request.ts';
import type { Webhook } from './webhook-configuration.ts';

/** The definition whose version a rule names: the request's own, or an equivalent one. */
export function matchedDefinition(
  hook: Pick<Webhook, 'rules' | 'matchPolicy'>,
  subject: RuleSubject,
  definition: ResourceDefinition,
  equivalents: readonly ResourceDefinition[],
): ResourceDefinition | undefined {
  const rules = hook.rules ?? [];
  if (rules.some((rule) => matchesRule(rule, subject))) return definition;
  if (hook.matchPolicy === 'Exact') return undefined;
  // Earlier rules first.
  for (const rule of rules)
    for (const other of equivalents) if (matchesRule(rule, { ...subject, resource: other.info })) return other;
  return undefined;
}

/** Other served versions of the kind, and other groups under which the same objects are (Events). */
export async function equivalentsOf(
  core: HubCore,
  workspace: string,
  definition: ResourceDefinition,
): Promise<readonly ResourceDefinition[]> {
  const { group, resource } = definition.storage ?? definition.info;
  const { definitions } = await core.catalog.of(workspace);
  return definitions.filter((one) => {
    const stored = one.storage ?? one.info;
    return one !== definition && stored.group === group && stored.resource === resource;
  });
}

/** The request with its objects in the version that the webhook asked for. */
export async function inVersion(
  core: HubCore,
  workspace: string,
  request: PolicyRequest,
  asked: ResourceDefinition,
  matched: ResourceDefinition,
): Promise<PolicyRequest> {
  const { group, version, resource } = matched.info;
  const converts = asked !== matched && request.subresource !== 'scale';
  return {
    ...request,
    ...(converts
      ? {
          object: await convertObject(core, workspace, asked, matched, request.object),
          oldObject: await convertObject(core, workspace, asked, matched, request.oldObject),
        }
      : {}),
    matched: { resource: { group, version, resource }, kind: kindOf(matched, request.subresource) },
  };
}

/** Hooks are immutable once stored. */
const compiled = new WeakMap<Webhook, readonly SourceAndCompiled[]>();

function conditionsOf(hook: Webhook): readonly SourceAndCompiled[] {
  let conditions = compiled.get(hook);
  if (conditions === undefined) {
    const compile = expressionCompiler({ params: false, variables: false });
    conditions = (hook.matchConditions ?? []).map(({ expression }) => ({
      source: expression,
      compiled: compile(expression),
    }));
    compiled.set(hook, conditions);
  }
  return conditions;
}

/** Selectors and conditions; an error says why the request cannot be judged, and refuses it where the hook must not be missed. */
export function wantsCall(hook: Webhook, request: PolicyRequest, decide: Decide): boolean | { readonly error: string } {
  if (!matchesSelectors(hook, request)) return false;
  if ((hook.matchConditions ?? []).length === 0) return true;
  const outcome = new ExpressionRun(request, undefined, new Map(), decide).conditions(conditionsOf(hook));
  if (outcome === 'match' || outcome === 'no match') return outcome === 'match';
  return hook.failurePolicy === 'Ignore' ? false : outcome;
}
