/** meta/v1 ObjectMeta with its merge markers: what `metadata` of every custom resource is. */
import type { Schema } from '../../kube/schema.ts';

const STRING: Schema = { type: 'string' };
const TIME: Schema = { type: 'string', format: 'date-time' };
const INTEGER: Schema = { type: 'integer', format: 'int64' };
const STRING_MAP: Schema = { type: 'object', additionalProperties: STRING };

const OWNER_REFERENCE: Schema = {
  type: 'object',
  required: ['apiVersion', 'kind', 'name', 'uid'],
  properties: {
    apiVersion: STRING,
    blockOwnerDeletion: { type: 'boolean' },
    controller: { type: 'boolean' },
    kind: STRING,
    name: STRING,
    uid: STRING,
  },
  'x-kubernetes-map-type': 'atomic',
};

const MANAGED_FIELDS_ENTRY: Schema = {
  type: 'object',
  properties: {
    apiVersion: STRING,
    fieldsType: STRING,
    fieldsV1: { type: 'object' },
    manager: STRING,
    operation: STRING,
    subresource: STRING,
    time: TIME,
  },
};

export const OBJECT_META: Schema = {
  type: 'object',
  properties: {
    annotations: STRING_MAP,
    creationTimestamp: TIME,
    deletionGracePeriodSeconds: INTEGER,
    deletionTimestamp: TIME,
    finalizers: {
      type: 'array',
      items: STRING,
      'x-kubernetes-list-type': 'set',
      'x-kubernetes-patch-strategy': 'merge',
    },
    generateName: STRING,
    generation: INTEGER,
    labels: STRING_MAP,
    managedFields: { type: 'array', items: MANAGED_FIELDS_ENTRY, 'x-kubernetes-list-type': 'atomic' },
    name: STRING,
    namespace: STRING,
    ownerReferences: {
      type: 'array',
      items: OWNER_REFERENCE,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['uid'],
      'x-kubernetes-patch-merge-key': 'uid',
      'x-kubernetes-patch-strategy': 'merge',
    },
    resourceVersion: STRING,
    selfLink: STRING,
    uid: STRING,
  },
};
