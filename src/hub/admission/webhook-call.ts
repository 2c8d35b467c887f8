/** One call of one webhook: what its outcome means for the request. */
import { randomUUID } from 'node:crypto';
import type { Json } from '../../kube/object.ts';
import { badRequest, internalError } from '../../kube/status.ts';
import { within } from '../../kube/within.ts';
import type { WriteOptions } from '../core.ts';
import type { PolicyRequest } from './policy-request.ts';
import { WebhookCallError, type WebhookClient } from './webhook-client.ts';
import type { Webhook } from './webhook-configuration.ts';
import { denialBy, REVIEW_VERSION, readVerdict, reviewOf } from './webhook-review.ts';

export interface WebhookContext {
  readonly workspace: string;
  readonly client: WebhookClient;
  readonly options: WriteOptions;
  readonly warn: (text: string) => void;
}

const DEFAULT_TIMEOUT_SECONDS = 10;
const DRY_RUN_SAFE = new Set(['None', 'NoneOnDryRun']);

/**
 * Answers the patch that the webhook wants, or undefined for none; `failed open` where it could not be asked and may be
 * missed. Throws the ApiError that refuses the request.
 */
export async function callWebhook(
  hook: Webhook,
  mutating: boolean,
  request: PolicyRequest,
  context: WebhookContext,
): Promise<Json | undefined | 'failed open'> {
  if (request.dryRun && !DRY_RUN_SAFE.has(hook.sideEffects ?? ''))
    throw badRequest(`admission webhook ${JSON.stringify(hook.name)} does not support dry run`);
  try {
    return await ask(hook, mutating, request, context);
  } catch (error) {
    if (!(error instanceof WebhookCallError)) throw error;
    if (hook.failurePolicy === 'Ignore') return 'failed open';
    throw internalError(`failed calling webhook ${JSON.stringify(hook.name)}: ${error.message}`, error);
  }
}

async function ask(
  hook: Webhook,
  mutating: boolean,
  request: PolicyRequest,
  { workspace, client, options, warn }: WebhookContext,
): Promise<Json | undefined> {
  if (!(hook.admissionReviewVersions ?? []).includes(REVIEW_VERSION))
    throw new WebhookCallError(
      `could not create admission objects: webhook does not accept known AdmissionReview versions (${REVIEW_VERSION})`,
    );
  const uid = randomUUID();
  const timeoutSeconds = hook.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
  const { clientConfig } = hook;
  const body = reviewOf(uid, request);
  const answer = await within(timeoutSeconds * 1_000, options.signal?.(), (signal) =>
    client({ workspace, clientConfig, body, timeoutSeconds, signal }),
  ).catch((error: unknown) => {
    if (!(error instanceof WebhookCallError)) throw error;
    throw new WebhookCallError(`failed to call webhook: ${error.message}`, { cause: error });
  });
  const verdict = readVerdict(uid, mutating, answer);
  for (const [key, value] of Object.entries(verdict.auditAnnotations)) options.annotate?.(`${hook.name}/${key}`, value);
  for (const warning of verdict.warnings) warn(warning);
  if (!verdict.allowed) throw denialBy(hook.name, verdict.status);
  return verdict.patch;
}
