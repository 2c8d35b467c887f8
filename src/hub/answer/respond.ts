/** Answers as bytes: one object, a value, a Status. */
import { stringify as toYaml } from 'yaml';
import type { ApiResponse } from '../../kube/api.ts';
import { stringifyJson } from '../../kube/exact-json.ts';
import type { KubeObject } from '../../kube/object.ts';
import { type Status, type StatusDetails, warningHeaders } from '../../kube/status.ts';
import type { HubCore, Target } from '../core.ts';
import { parsePlace } from '../keys.ts';
import type { StoredEntry } from '../store/store.ts';
import { answerBytes, typeNames } from '../stored-object.ts';
import type { Media } from './negotiate.ts';

/** Where a wildcard read says which workspace an object is of (kcp's annotation). */
export const WORKSPACE_ANNOTATION = 'kcp.io/cluster';

export const bytesResponse = (
  status: number,
  body: ApiResponse['body'],
  warnings: readonly string[] = [],
  media: string = 'application/json',
): ApiResponse => ({
  status,
  headers: { 'content-type': media, 'cache-control': 'no-cache, private', ...warningHeaders(warnings) },
  body,
});

/** Any JSON value in the negotiated media type. */
export function valueResponse(
  status: number,
  value: unknown,
  media: Media = 'application/json',
  warnings: readonly string[] = [],
): ApiResponse {
  const text = media === 'application/yaml' ? toYaml(value) : `${stringifyJson(value)}\n`;
  return bytesResponse(status, Buffer.from(text), warnings, media);
}

/** Stored bytes of one object, passed on without parsing where its version allows. */
export function entryBytes(core: HubCore, target: Target, entry: StoredEntry): Uint8Array {
  const { definition } = target;
  return core.objects.passesBytes(definition) && target.workspace !== '*'
    ? answerBytes(typeNames(definition.info), entry.value, entry.revision)
    : Buffer.from(stringifyJson(entryObject(core, target, entry)));
}

/** Parsed, in the definition's version, with its workspace where the request spans several. */
export function entryObject(core: HubCore, target: Target, entry: StoredEntry): KubeObject {
  const object = core.objects.decode(target.definition, entry);
  if (target.workspace !== '*') return object;
  const annotations = {
    ...object.metadata.annotations,
    [WORKSPACE_ANNOTATION]: parsePlace(entry.key).workspace,
  };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

export const successStatus = (details: StatusDetails): Status => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Success',
  details,
});
