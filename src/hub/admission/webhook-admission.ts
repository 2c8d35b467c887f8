/** The admission steps that ask the workspace's own webhooks: mutating ones one after another, validating ones all at once. */
import type { Json, KubeObject } from '../../kube/object.ts';
import { forbidden, internalError } from '../../kube/status.ts';
import type { HubInformer } from '../client.ts';
import type { AdmissionRequest, AdmissionStep, HubCore, MutationRound, Target } from '../core.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import { withAnswers } from './access-answers.ts';
import { ADMISSION_GROUP, isAdmissionKind } from './admission-kinds.ts';
import { patchedBy, replaceContent } from './mutated-object.ts';
import { convertObject, type PolicyRequest, toPolicyRequest } from './policy-request.ts';
import { atFirstUse, Registrations } from './registrations.ts';
import { Rounds } from './reinvocation.ts';
import { callWebhook, type WebhookContext } from './webhook-call.ts';
import type { WebhookClient } from './webhook-client.ts';
import type { Webhook, WebhookConfiguration } from './webhook-configuration.ts';
import { equivalentsOf, inVersion, matchedDefinition, wantsCall } from './webhook-match.ts';

export const MUTATING_WEBHOOKS = { group: ADMISSION_GROUP, resource: 'mutatingwebhookconfigurations' };
export const VALIDATING_WEBHOOKS = { group: ADMISSION_GROUP, resource: 'validatingwebhookconfigurations' };

export interface WebhookSources {
  readonly mutating: HubInformer<WebhookConfiguration>;
  readonly validating: HubInformer<WebhookConfiguration>;
}

/** A hook with what it is known by within its workspace. */
interface Listed {
  readonly hook: Webhook;
  readonly configuration: string;
  readonly id: string;
}

/** Sources are asked for at the first write, when the hub is whole. */
export function createWebhookAdmission(sources: () => WebhookSources, client: WebhookClient): AdmissionStep {
  const registered = atFirstUse(() => {
    const { mutating, validating } = sources();
    return { mutating: new Registrations(mutating), validating: new Registrations(validating) };
  });
  const none = (list: Registrations<WebhookConfiguration>, { target, options }: AdmissionRequest): boolean =>
    // Webhooks are about what people do: writes of the hub's own controllers are not sent.
    options.user === undefined ||
    isAdmissionKind(target.definition.info) ||
    (list.ready && list.of(target.workspace).length === 0);
  const context = ({ target, options, warn }: AdmissionRequest): WebhookContext => ({
    workspace: target.workspace,
    client,
    options,
    warn,
  });
  const rounds = new WeakMap<AdmissionRequest, Rounds>();
  return {
    name: 'AdmissionWebhooks',
    mutate(request, core, round) {
      const list = registered().mutating;
      if (none(list, request)) return false;
      return (async () => {
        if (!list.ready) await list.whenReady();
        const hooks = hooksOf(list.of(request.target.workspace));
        if (hooks.length === 0) return false;
        const state = rounds.get(request) ?? new Rounds();
        rounds.set(request, state);
        return mutateBy(hooks, request, core, round, state, context(request));
      })();
    },
    validate(request, core) {
      const list = registered().validating;
      if (none(list, request)) return;
      return (async () => {
        if (!list.ready) await list.whenReady();
        await validateBy(hooksOf(list.of(request.target.workspace)), request, core, context(request));
      })();
    },
  };
}

const listed = new WeakMap<readonly WebhookConfiguration[], readonly Listed[]>();

function hooksOf(configurations: readonly WebhookConfiguration[]): readonly Listed[] {
  let hooks = listed.get(configurations);
  if (hooks === undefined) {
    hooks = configurations.flatMap(({ metadata, webhooks = [] }) =>
      webhooks.map((hook) => ({
        hook,
        configuration: metadata.name ?? '',
        id: `${metadata.name}/${hook.name}`,
      })),
    );
    listed.set(configurations, hooks);
  }
  return hooks;
}

async function mutateBy(
  hooks: readonly Listed[],
  request: AdmissionRequest,
  core: HubCore,
  round: MutationRound,
  state: Rounds,
  context: WebhookContext,
): Promise<boolean> {
  let seen: PolicyRequest | undefined;
  let changed = false;
  const { definition, workspace } = request.target;
  const equivalents = await equivalentsOf(core, workspace, definition);
  state.begin(round, request.object);
  for (const [index, listing] of hooks.entries()) {
    const subject = seen ?? (await toPolicyRequest(request, core, 'mutating'));
    seen = subject;
    const call = await toCall(core, listing.hook, subject, request.target, equivalents);
    if (call === undefined || !state.calls(round, listing.id)) continue;
    const patch = await callWebhook(listing.hook, true, call.asked, context);
    const mutated = patch !== 'failed open' && (await apply(core, listing.hook, request, call, patch));
    annotateMutation(context, listing, round, index, mutated, patch === 'failed open');
    if (mutated) {
      changed = true;
      seen = undefined;
      state.changed();
      round.again();
    }
    state.called(listing.id, listing.hook.reinvocationPolicy);
  }
  state.end(request.object);
  return changed;
}

interface Call {
  readonly matched: ResourceDefinition;
  /** The request in that version. */
  readonly asked: PolicyRequest;
}

/** What to send, or undefined where the webhook is not concerned. Throws ApiError where that cannot be said. */
async function toCall(
  core: HubCore,
  hook: Webhook,
  request: PolicyRequest,
  { workspace, definition }: Target,
  equivalents: readonly ResourceDefinition[],
): Promise<Call | undefined> {
  const matched = matchedDefinition(hook, request, definition, equivalents);
  if (matched === undefined) return undefined;
  const asked = await inVersion(core, workspace, request, definition, matched);
  const wanted = await withAnswers(core.authorize, workspace, (decide) => wantsCall(hook, asked, decide));
  if (typeof wanted !== 'boolean') throw forbidden(request.resource, request.name, wanted.error);
  return wanted ? { matched, asked } : undefined;
}

/** Answers whether the object is another one now. */
async function apply(
  core: HubCore,
  hook: Webhook,
  request: AdmissionRequest,
  { matched, asked }: Call,
  patch: Json | undefined,
): Promise<boolean> {
  if (patch === undefined) return false;
  if (asked.object === undefined)
    throw internalError(
      `admission webhook ${JSON.stringify(hook.name)} attempted to modify the object, which is not supported for this operation`,
    );
  const patched = patchedBy(asked.object, patch);
  const { definition, subresource, workspace } = request.target;
  const own =
    subresource === 'scale'
      ? patched
      : ((await convertObject(core, workspace, matched, definition, patched)) as KubeObject);
  return replaceContent(request, own);
}

function annotateMutation(
  { options: { annotate } }: WebhookContext,
  { configuration, hook: { name } }: Listed,
  { number }: MutationRound,
  index: number,
  mutated: boolean,
  failedOpen: boolean,
): void {
  const key = `mutation.webhook.admission.k8s.io/round_${number}_index_${index}`;
  annotate?.(key, JSON.stringify({ configuration, webhook: name, mutated }));
  if (failedOpen) annotate?.(`failed-open.${key}`, name);
}

/** All at once; the first refusal, in the order of the webhooks, is the answer. */
async function validateBy(
  hooks: readonly Listed[],
  request: AdmissionRequest,
  core: HubCore,
  context: WebhookContext,
): Promise<void> {
  if (hooks.length === 0) return;
  const { definition, workspace } = request.target;
  const equivalents = await equivalentsOf(core, workspace, definition);
  const subject = await toPolicyRequest(request, core, 'validating');
  const relevant: { readonly hook: Webhook; readonly asked: PolicyRequest }[] = [];
  for (const { hook } of hooks) {
    const call = await toCall(core, hook, subject, request.target, equivalents);
    if (call !== undefined) relevant.push({ hook, asked: call.asked });
  }
  const outcomes = await Promise.allSettled(
    relevant.map(async ({ hook, asked }, index) => {
      const outcome = await callWebhook(hook, false, asked, context);
      if (outcome === 'failed open')
        context.options.annotate?.(`failed-open.validating.webhook.admission.k8s.io/round_0_index_${index}`, hook.name);
    }),
  );
  const refused = outcomes.find((outcome) => outcome.status === 'rejected');
  if (refused !== undefined) throw refused.reason;
}
