/** The custom resource that tests of schemas, rules and patches define at a real kube-apiserver: `things.test.io`. */
import type { Schema } from '../../src/kube/schema.ts';

export const thingDefinition = (schema: Schema) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'things.test.io' },
  spec: {
    group: 'test.io',
    scope: 'Namespaced',
    names: { plural: 'things', kind: 'Thing', listKind: 'ThingList', singular: 'thing' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
  },
});
