import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonMap } from '../../../src/hub/patch/json-value.ts';
import { applyDefaults } from '../../../src/hub/schema/defaults.ts';
import { embeddedCauses } from '../../../src/hub/schema/embedded.ts';
import { settleStrictErrors } from '../../../src/hub/schema/field-validation.ts';
import { prune } from '../../../src/hub/schema/prune.ts';
import { validate } from '../../../src/hub/schema/validate.ts';
import { refuseBody } from '../../../src/hub/write/refusal.ts';
import type { Json } from '../../../src/kube/object.ts';
import type { TypeSchema } from '../../../src/kube/schema.ts';
import { invalid, type Status, type StatusCause } from '../../../src/kube/status.ts';
import { startCluster } from '../../kube/cluster.ts';
import type { KubeCluster } from '../../kube/kube-cluster.ts';
import { waitFor } from '../../support/wait-for.ts';
import { thingDefinition } from '../thing-definition.ts';
import { ROOT, SPECS } from './custom-cases.ts';

const type: TypeSchema = { root: ROOT, resolve: () => undefined };
const path = '/apis/test.io/v1/namespaces/default/things';

let cluster: KubeCluster;
beforeAll(async () => {
  cluster = await startCluster({ name: 'custom', controllers: false });
  await cluster.fetchOk('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    method: 'POST',
    body: thingDefinition(ROOT),
  });
  await waitFor('the custom resource to be served', async () => (await cluster.fetch(path)).status === 200);
});
afterAll(() => cluster?.stop());

const sorted = (causes: readonly StatusCause[] = []) =>
  [...causes].sort((a, b) => (`${a.field}${a.message}` < `${b.field}${b.message}` ? -1 : 1));

describe('custom resources are pruned, defaulted and validated as kube-apiserver does', () => {
  test.each(SPECS)('%s', async (_, spec) => {
    const object = { apiVersion: 'test.io/v1', kind: 'Thing', metadata: { name: 'x', namespace: 'default' }, spec };
    const { value: pruned, unknown } = prune(object as JsonMap, type);
    const ours = applyDefaults(pruned, type);
    const causes = [...validate(ours, undefined, type), ...embeddedCauses(ours, type)];

    const answer = await cluster.fetch(`${path}?dryRun=All&fieldValidation=Ignore`, { method: 'POST', body: object });
    if (answer.status === 201) {
      expect(causes).toEqual([]);
      expect(ours.spec).toEqual(answer.json.spec);
    } else {
      const status = answer.json as unknown as Status;
      expect(sorted(causes)).toEqual(sorted(status.details?.causes));
      expect(invalid({ group: 'test.io', kind: 'Thing' }, 'x', causes).code).toBe(status.code);
    }
    const strict = await cluster.fetch(`${path}?dryRun=All&fieldValidation=Strict`, { method: 'POST', body: object });
    if (unknown.length > 0) {
      expect(() =>
        settleStrictErrors(unknown, 'Strict', refuseBody({ group: 'example.com', version: 'v1', kind: 'Thing' })),
      ).toThrow(expect.objectContaining({ message: (strict.json as unknown as Status).message }));
    } else expect(strict.text).not.toContain('strict decoding error');
  });

  test('an update is not blamed for what it leaves as it was', async () => {
    const old = { size: 99, name: 'AB', map: [{ key: 'k', value: 'x' }] } as Json;
    const next = { size: 99, name: 'CD', map: [{ key: 'k', value: 'x' }] } as Json;
    const causes = validate({ spec: next }, { spec: old }, type);
    expect(causes.map((cause) => cause.field)).toEqual(['spec.name']);
  });
});
