import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { structuralCauses } from '../../../src/hub/schema/structural.ts';
import type { Schema } from '../../../src/kube/schema.ts';
import type { Status, StatusCause } from '../../../src/kube/status.ts';
import { startCluster } from '../../kube/cluster.ts';
import type { KubeCluster } from '../../kube/kube-cluster.ts';
import { thingDefinition } from '../thing-definition.ts';
import { SCHEMAS } from './structural-cases.ts';

let cluster: KubeCluster;
beforeAll(async () => {
  cluster = await startCluster({ name: 'structural', controllers: false });
});
afterAll(() => cluster?.stop());

const sorted = (causes: readonly StatusCause[] = []) =>
  [...causes].sort((a, b) => (`${a.field}${a.message}` < `${b.field}${b.message}` ? -1 : 1));

describe('schemas are judged as kube-apiserver judges them', () => {
  test.each(SCHEMAS)('%s', async (_, schema: Schema) => {
    const answer = await cluster.fetch('/apis/apiextensions.k8s.io/v1/customresourcedefinitions?dryRun=All', {
      method: 'POST',
      body: thingDefinition(schema),
    });
    const ours = structuralCauses(schema, 'spec.validation.openAPIV3Schema', false);
    const theirs = answer.status === 201 ? [] : (answer.json as unknown as Status).details?.causes;
    expect(sorted(ours)).toEqual(sorted(theirs));
  });
});
