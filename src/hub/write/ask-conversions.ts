/**
 * Conversions for code that cannot wait. Who owns which fields is worked out at once and in one go, and asks for an object in
 * other versions on the way; where a webhook makes those, the work is begun anew with each that has come.
 */
import { stringifyJson } from '../../kube/exact-json.ts';
import type { KubeObject } from '../../kube/object.ts';
import { parseApiVersion } from '../../kube/resource.ts';
import { type Converted, isConverted } from '../conversion/converted-entries.ts';
import type { HubCore, Target } from '../core.ts';

export type ConvertNow = (object: KubeObject, apiVersion: string) => KubeObject;

/** The result of `work`, which must be pure up to its last conversion. Throws what it throws, a failed conversion's error among that. */
export async function withConversions<T>(
  core: Pick<HubCore, 'objects'>,
  { definition, workspace }: Target,
  work: (convert: ConvertNow | undefined) => T,
): Promise<T> {
  if (!isConverted(definition)) return work(undefined);
  const made = new Map<string, { readonly object: KubeObject } | { readonly error: unknown }>();
  for (;;) {
    const asked = new Asked();
    const convert: ConvertNow = (object, apiVersion) => {
      // What has no content is of any version.
      if (isBare(object)) return { ...object, apiVersion };
      const key = `${apiVersion} ${stringifyJson(object)}`;
      const known = made.get(key);
      if (known === undefined) throw asked.note(key, object, apiVersion);
      if ('error' in known) throw known.error;
      return known.object;
    };
    try {
      const result = work(convert);
      if (asked.first === undefined) return result;
    } catch (error) {
      if (asked.first === undefined) throw error;
    }
    const { key, object, apiVersion } = asked.first;
    made.set(key, await outcomeOf(core, definition, workspace, object, apiVersion));
  }
}

interface Question {
  readonly key: string;
  readonly object: KubeObject;
  readonly apiVersion: string;
}

/** The first conversion that was missing. */
class Asked {
  first: Question | undefined;
  note(key: string, object: KubeObject, apiVersion: string): Error {
    this.first ??= { key, object, apiVersion };
    return new Error(`not converted yet to ${apiVersion}`);
  }
}

async function outcomeOf(
  core: Pick<HubCore, 'objects'>,
  definition: Converted,
  workspace: string,
  object: KubeObject,
  apiVersion: string,
): Promise<{ readonly object: KubeObject } | { readonly error: unknown }> {
  try {
    const { version } = parseApiVersion(apiVersion);
    return { object: await core.objects.converter.object(definition, workspace, object, version) };
  } catch (error) {
    return { error };
  }
}

const isBare = ({ apiVersion: _a, kind: _k, metadata, ...rest }: KubeObject): boolean =>
  Object.keys(rest).length === 0 && Object.keys(metadata ?? {}).length === 0;
