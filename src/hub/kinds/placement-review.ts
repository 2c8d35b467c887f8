/**
 * placement.kcp.io/v1alpha1 PlacementReview: asks how an object of the workspace is placed and why, or what a policy would
 * change, as an access review asks what is allowed. Created only, never stored.
 */
import { defineKind, object, STRING } from './define-kind.ts';

const definition = defineKind({
  group: 'placement.kcp.io',
  version: 'v1alpha1',
  kind: 'PlacementReview',
  plural: 'placementreviews',
  requiredSpec: true,
  spec: object({
    group: STRING,
    resource: STRING,
    namespace: STRING,
    name: STRING,
    policy: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  }),
});

export const PLACEMENT_REVIEW = {
  ...definition,
  info: { ...definition.info, verbs: ['create'], subresources: [], categories: [] },
  status: false,
};
