import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { builtinDefinitionName, builtinResources } from '../../../src/hub/builtin/tables.ts';
import { decodeBody } from '../../../src/hub/schema/decode-body.ts';
import { settleStrictErrors, strictErrors } from '../../../src/hub/schema/field-validation.ts';
import { decodeGo } from '../../../src/hub/schema/go-decode.ts';
import { refuseBody } from '../../../src/hub/write/refusal.ts';
import type { Json, KubeObject } from '../../../src/kube/object.ts';
import { apiVersionOf, resourcePath } from '../../../src/kube/resource.ts';
import type { Status } from '../../../src/kube/status.ts';
import { startCluster } from '../../kube/cluster.ts';
import type { KubeCluster } from '../../kube/kube-cluster.ts';
import { BODIES, type Body } from './bodies.ts';

let cluster: KubeCluster;
beforeAll(async () => {
  cluster = await startCluster({ name: 'decode', controllers: false });
});
afterAll(() => cluster?.stop());

/** Our reading of a create's body: the value, or the Status message; and the warnings. */
function read({ version, kind, group, text }: Body, validation: 'Warn' | 'Strict' | 'Ignore') {
  const definition = builtinDefinitionName({ group, version, kind }) as string;
  try {
    const { value, duplicates } = decodeBody(Buffer.from(text), 'json', { kind, strict: validation !== 'Ignore' });
    const { value: object, unknown, typeError } = decodeGo(value, definition);
    const refuse = refuseBody({ group, version, kind });
    if (typeError !== undefined) throw refuse(typeError);
    return { object, warnings: settleStrictErrors(strictErrors(duplicates, unknown), validation, refuse) };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

describe('bodies are read as kube-apiserver reads them', () => {
  test.each(BODIES.map((body) => [body.name, body] as const))('%s', async (_, body) => {
    const path = `${resourcePath({ ...body, resource: body.resource }, 'default')}?dryRun=All`;
    for (const validation of ['Strict', 'Warn', 'Ignore'] as const) {
      const answer = await cluster.fetch(`${path}&fieldValidation=${validation}`, { method: 'POST', body: body.text });
      const ours = read(body, validation);
      if (answer.status === 400) {
        expect(ours.error, validation).toBe((answer.json as unknown as Status).message);
        continue;
      }
      expect(ours.error, `${validation}: ${answer.text}`).toBeUndefined();
      const sent = [answer.headers.warning ?? []].flat().join(', ');
      expect(sent).toBe((ours.warnings ?? []).map((one) => `299 - ${JSON.stringify(one)}`).join(', '));
      if (answer.status < 300) expect(subset(ours.object as Json, answer.json as unknown as Json)).toEqual(ours.object);
    }
  });

  test('what the server stores is what decoding makes of it', async () => {
    const listed = builtinResources().filter(({ verbs }) => verbs.includes('list'));
    let count = 0;
    for (const { group, version, resource, kind } of listed) {
      const { status, json } = await cluster.fetch<{ items?: KubeObject[] }>(
        resourcePath({ group, version, resource }),
      );
      if (status !== 200) continue;
      for (const item of json.items ?? []) {
        const object = { ...item, apiVersion: apiVersionOf({ group, version }), kind } as unknown as Json;
        const { value, unknown, typeError } = decodeGo(
          object,
          builtinDefinitionName({ group, version, kind }) as string,
        );
        expect({ value, unknown, typeError }).toEqual({ value: object, unknown: [], typeError: undefined });
        count++;
      }
    }
    expect(count).toBeGreaterThan(50);
  });
});

/** The parts of the server's object that ours has: defaulting only adds. */
function subset(ours: Json, theirs: Json | undefined): Json {
  if (Array.isArray(ours) && Array.isArray(theirs)) return ours.map((item, at) => subset(item, theirs[at]));
  if (typeof ours !== 'object' || ours === null || typeof theirs !== 'object' || theirs === null) return theirs ?? null;
  if (Array.isArray(ours) || Array.isArray(theirs)) return theirs;
  const entries = Object.keys(ours)
    .filter((key) => Object.hasOwn(theirs, key) || ours[key] === null)
    .map((key) => [key, subset(ours[key] as Json, theirs[key])]);
  return Object.fromEntries(entries);
}
