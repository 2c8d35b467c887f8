import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { builtinType } from '../../../src/hub/builtin/tables.ts';
import type { JsonMap } from '../../../src/hub/patch/json-value.ts';
import { applyStrategicMergePatch } from '../../../src/hub/patch/strategic-merge.ts';
import type { Json, KubeObject } from '../../../src/kube/object.ts';
import type { TypeSchema } from '../../../src/kube/schema.ts';
import type { ApiError, Status } from '../../../src/kube/status.ts';
import { startCluster } from '../../kube/cluster.ts';
import type { KubeCluster } from '../../kube/kube-cluster.ts';
import { ORIGINAL, STRATEGIC_PATCHES } from './strategic-cases.ts';

const type = builtinType({ group: 'apps', version: 'v1', kind: 'Deployment' }) as TypeSchema;
const path = '/apis/apps/v1/namespaces/default/deployments';
const headers = { 'content-type': 'application/strategic-merge-patch+json' };

let cluster: KubeCluster;
beforeAll(async () => {
  cluster = await startCluster({ name: 'strategic', controllers: false });
});
afterAll(() => cluster?.stop());

describe('a strategic merge patch gives what kube-apiserver makes of it', () => {
  test.each(STRATEGIC_PATCHES.map(([name, patch], at) => [name, patch, at] as const))('%s', async (_, patch, at) => {
    const name = `web-${at}`;
    const before = await cluster.fetchOk(path, {
      method: 'POST',
      body: { ...ORIGINAL, metadata: { ...ORIGINAL.metadata, name } },
    });
    const answer = await cluster.fetch(`${path}/${name}`, { method: 'PATCH', body: JSON.stringify(patch), headers });
    let ours: KubeObject;
    try {
      ours = applyStrategicMergePatch(before as unknown as JsonMap, patch as Json, type) as unknown as KubeObject;
    } catch (error) {
      const wanted = answer.json as unknown as Status;
      expect((error as ApiError).status, answer.text).toMatchObject({ code: wanted.code, message: wanted.message });
      return;
    }
    if (answer.status === 422) {
      expect(answer.text, 'refused by validation, not by the patch').toContain('is invalid');
      return;
    }
    expect(answer.status, answer.text).toBe(200);
    // What the server defaults in the result we have from a dry run of ours.
    const written = { ...ours, metadata: { ...ours.metadata, resourceVersion: answer.json.metadata.resourceVersion } };
    const defaulted = await cluster.fetchOk(`${path}/${name}?dryRun=All`, { method: 'PUT', body: written });
    expect(bare(defaulted)).toEqual(bare(answer.json));
  });
});

function bare(object: KubeObject): unknown {
  const { managedFields: _m, resourceVersion: _r, generation: _g, ...metadata } = object.metadata;
  return { ...object, metadata };
}
