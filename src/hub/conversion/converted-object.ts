/** What a conversion webhook may have done to an object (apiextensions `conversion/webhook_converter.go`). Pure. */
import type { Json, KubeObject } from '../../kube/object.ts';
import { parseApiVersion } from '../../kube/resource.ts';
import { isMap } from '../patch/json-value.ts';
import { annotationCauses, labelCauses } from '../write/validate-metadata.ts';

/** `example.com/v1, Kind=Widget`. */
export function kindText({ apiVersion = '', kind = '' }: { apiVersion?: string; kind?: string }): string {
  const { group, version } = parseApiVersion(apiVersion);
  return `${group}/${version}, Kind=${kind}`;
}

/** Told without the name of the webhook. */
export class NoKind extends Error {}

/**
 * The converted object with the metadata of the one that was sent: only labels and annotations are the webhook's to change.
 * Throws Error with upstream's words, which follow those that name the webhook.
 */
export function acceptConverted(sent: KubeObject, wanted: string, answered: Json): KubeObject {
  if (!isMap(answered) || typeof answered.kind !== 'string' || answered.kind === '')
    throw new NoKind(`Object 'Kind' is missing in '${JSON.stringify(answered)}'`);
  const { apiVersion, kind } = answered;
  const invalid = ' returned invalid object';
  if (apiVersion !== wanted)
    throw new Error(
      `${invalid} at index 0: invalid groupVersion (expected ${wanted}, received ${versionText(apiVersion)})`,
    );
  if (kind !== sent.kind)
    throw new Error(`${invalid} at index 0: invalid kind (expected ${sent.kind}, received ${kind})`);
  const given = answered.metadata;
  const text = (field: 'name' | 'namespace' | 'uid'): string =>
    isMap(given) && typeof given[field] === 'string' ? (given[field] as string) : '';
  for (const [field, called] of IDENTITY) {
    const was = sent.metadata[field] ?? '';
    if (text(field) !== was) throw new Error(`${invalid}: must have the same ${called}: ${was} != ${text(field)}`);
  }
  return { ...answered, metadata: restoredMetadata(sent, given) } as unknown as KubeObject;
}

const IDENTITY = [
  ['name', 'name'],
  ['namespace', 'namespace'],
  ['uid', 'UID'],
] as const;

const versionText = (apiVersion: Json | undefined): string => (typeof apiVersion === 'string' ? apiVersion : '');

function restoredMetadata({ metadata }: KubeObject, given: Json | undefined): KubeObject['metadata'] {
  const fail = (why: string): Error => new Error(` returned invalid metadata: ${why}`);
  if (given === undefined) throw fail('missing metadata in converted object');
  if (!isMap(given)) throw fail(`invalid metadata of type ${goType(given)} in converted object`);
  const { labels: _l, annotations: _a, ...kept } = metadata;
  const restored = structuredClone(kept) as KubeObject['metadata'];
  for (const field of ['labels', 'annotations'] as const) {
    const value = given[field];
    if (value === undefined || value === null) continue;
    if (!isMap(value)) throw fail(`invalid metadata.${field} of type ${goType(value)} in converted object`);
    for (const [key, one] of Object.entries(value))
      if (typeof one !== 'string')
        throw fail(`metadata.${field}[${key}] must be a string, but is ${goType(one)} in converted object`);
    restored[field] = checkedTexts(field, value as Record<string, string>, metadata[field] ?? {}, fail);
  }
  return restored;
}

/** What was so before is not the webhook's fault. */
function checkedTexts(
  field: 'labels' | 'annotations',
  value: Record<string, string>,
  before: Readonly<Record<string, string>>,
  fail: (why: string) => Error,
): Record<string, string> {
  const keys = Object.keys(value);
  if (keys.length === Object.keys(before).length && keys.every((key) => before[key] === value[key])) return value;
  const causes = field === 'labels' ? labelCauses(value) : annotationCauses(value, 'metadata.annotation');
  const texts = [...new Set(causes.map((cause) => `${cause.field}: ${cause.message}`))];
  if (texts.length === 0) return value;
  throw fail(texts.length === 1 ? (texts[0] as string) : `[${texts.join(', ')}]`);
}

function goType(value: Json): string {
  if (value === null) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  if (isMap(value)) return 'map[string]interface {}';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  return Number.isInteger(value) || typeof value === 'bigint' ? 'int64' : 'float64';
}
