/**
 * Objects of one kind into another of its versions, by the webhook that their CRD names. Many go in one review; where such an
 * answer is not acceptable each is asked about by itself, as kube-apiserver does always, so that the fault is told of as there.
 */
import { randomUUID } from 'node:crypto';
import type { KubeObject } from '../../kube/object.ts';
import { ApiError } from '../../kube/status.ts';
import { WebhookCallError, type WebhookClient } from '../admission/webhook-client.ts';
import type { JsonMap } from '../patch/json-value.ts';
import { prune } from '../schema/prune.ts';
import type { WebhookConversion } from './conversion.ts';
import { answeredObjects, conversionReview, REVIEW_VERSIONS } from './conversion-review.ts';
import { acceptConverted, kindText, NoKind } from './converted-object.ts';

/** An object that could not be converted, and why in upstream's words. */
export class ConversionError extends ApiError {
  readonly object: KubeObject;
  constructor(object: KubeObject, message: string) {
    super(500, '', message);
    this.object = object;
  }
}

/**
 * Answers the objects in the version, in their order and pruned by its schema; those that are in it already as they are.
 * Takes whole objects, without resourceVersion. Throws ConversionError.
 */
export type Convert = (
  conversion: WebhookConversion,
  workspace: string,
  objects: readonly KubeObject[],
  version: string,
) => Promise<readonly KubeObject[]>;

const TIMEOUT_SECONDS = 30;

export function createWebhookConverter(call: WebhookClient): Convert {
  async function ask(
    { clientConfig, reviewVersions }: WebhookConversion,
    workspace: string,
    objects: readonly KubeObject[],
    apiVersion: string,
  ): Promise<readonly KubeObject[]> {
    const version = reviewVersions.find((one) => REVIEW_VERSIONS.includes(one));
    const [first] = objects as readonly [KubeObject];
    if (version === undefined) throw new ConversionError(first, 'no supported conversion review versions');
    const fail = (why: string): ConversionError =>
      new ConversionError(first, `conversion webhook for ${kindText(first)}${why}`);
    const uid = randomUUID();
    const answer = await call({
      workspace,
      clientConfig,
      body: conversionReview(version, uid, apiVersion, objects),
      timeoutSeconds: TIMEOUT_SECONDS,
      signal: AbortSignal.timeout(TIMEOUT_SECONDS * 1_000),
    }).catch((error: unknown) => {
      throw error instanceof WebhookCallError ? new Unreachable(fail(` failed: ${error.message}`)) : error;
    });
    try {
      const answered = answeredObjects(version, uid, answer);
      if (answered.length !== objects.length)
        throw new Error(` returned ${answered.length} objects, expected ${objects.length}`);
      return objects.map((sent, at) => acceptConverted(sent, apiVersion, answered[at] as JsonMap));
    } catch (error) {
      const why = (error as Error).message;
      if (error instanceof NoKind) throw new ConversionError(first, why);
      throw fail(why.startsWith(' ') ? why : ` failed: ${why}`);
    }
  }

  async function askAll(...[conversion, workspace, objects, apiVersion]: Parameters<typeof ask>) {
    try {
      return await ask(conversion, workspace, objects, apiVersion);
    } catch (error) {
      if (error instanceof Unreachable) throw error.refusal;
      if (objects.length === 1) throw error;
    }
    const converted: KubeObject[] = [];
    for (const object of objects) converted.push(...(await ask(conversion, workspace, [object], apiVersion)));
    return converted;
  }

  return async (conversion, workspace, objects, version) => {
    const { group, schemas } = conversion;
    const apiVersion = `${group}/${version}`;
    const others = objects.filter((object) => object.apiVersion !== apiVersion);
    const [first] = others;
    if (first === undefined) return objects;
    const invalid = 'an invalid group/version';
    if (!schemas.has(version)) throw new ConversionError(first, `request to convert CR to ${invalid}: ${apiVersion}`);
    const unknown = others.find((object) => !schemas.has(object.apiVersion.slice(group.length + 1)));
    if (unknown !== undefined)
      throw new ConversionError(unknown, `request to convert CR from ${invalid}: ${unknown.apiVersion}`);
    const converted = (await askAll(conversion, workspace, others, apiVersion)).values();
    return objects.map((object) =>
      object.apiVersion === apiVersion
        ? object
        : (prune(converted.next().value as unknown as JsonMap, schemas.get(version)).value as unknown as KubeObject),
    );
  };
}

/** Asking again would not help. */
class Unreachable extends Error {
  readonly refusal: ConversionError;
  constructor(refusal: ConversionError) {
    super(refusal.message);
    this.refusal = refusal;
  }
}
