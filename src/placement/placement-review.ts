/**
 * Answers PlacementReviews: the decision for one object as it would be taken now, every cluster with its reason; the same
 * under a policy that is not there yet; or what such a policy would change in the whole workspace.
 */
import { decodeBody } from '../hub/answer/body.ts';
import { valueResponse } from '../hub/answer/respond.ts';
import { formatObjectId } from '../hub/object-id.ts';
import type { ApiHandler, ApiRequest } from '../kube/api.ts';
import { record } from '../kube/fields.ts';
import type { KubeObject } from '../kube/object.ts';
import { badRequest, notFound, unavailable } from '../kube/status.ts';
import { type Clock, rfc3339 } from '../reconcile/clock.ts';
import { type Explanation, explain } from './explain.ts';
import type { PlacementController } from './placement-controller.ts';
import type { PolicySource } from './policy-source.ts';
import { policyToRehearse, type Rehearsal, rehearsalSummary } from './rehearse.ts';

export interface PlacementReview extends KubeObject {
  spec: {
    /** The object that is asked about; without one, all that the policy concerns. */
    group?: string;
    resource?: string;
    namespace?: string;
    name?: string;
    /** A Placement or WorkloadPlacement, as if it were in the workspace. */
    policy?: KubeObject;
  };
  status?: Explanation | ({ readonly summary: string } & Rehearsal);
}

const GROUP = 'placement.kcp.io';

/** For the hub's `virtual` table. An object of another workspace cannot be named: the request's own is used. */
export const placementReviews = (
  controller: () => Pick<PlacementController, 'explain' | 'rehearse'> | undefined,
  clock: Clock,
): Readonly<Record<string, ApiHandler>> => ({
  [`${GROUP}/placementreviews`]: async (request) => {
    const { group, version } = request.info;
    const body = decodeBody(request, { group, version, kind: 'PlacementReview' }) as PlacementReview | undefined;
    const placement = controller();
    if (placement === undefined) throw unavailable('placement is starting');
    const policy = policyOf(request, body?.spec?.policy, rfc3339(clock.now()));
    const { resource, name } = body?.spec ?? {};
    if (body !== undefined && policy !== undefined && resource === undefined && name === undefined) {
      const rehearsal = await placement.rehearse(policy);
      return valueResponse(201, { ...body, status: { summary: rehearsalSummary(policy, rehearsal), ...rehearsal } });
    }
    return valueResponse(201, { ...body, status: explanationOf(placement, request, body?.spec, policy) });
  },
});

function explanationOf(
  placement: Pick<PlacementController, 'explain'>,
  { workspace }: ApiRequest,
  spec: PlacementReview['spec'] | undefined,
  policy: PolicySource | undefined,
): Explanation {
  const { resource, namespace = '', name, group = '' } = spec ?? {};
  if (typeof resource !== 'string' || typeof name !== 'string') {
    throw badRequest('spec.resource and spec.name are required: which object is asked about');
  }
  const subject = { group, resource };
  const decision = placement.explain(formatObjectId({ resource: subject, workspace, namespace, name }), policy);
  if (!decision) throw notFound(subject, name);
  return explain(name, decision);
}

function policyOf({ workspace }: ApiRequest, given: unknown, now: string): PolicySource | undefined {
  if (given === undefined) return undefined;
  if (record(given) === undefined) throw badRequest('spec.policy must be an object');
  return policyToRehearse(workspace, given as KubeObject, now);
}
