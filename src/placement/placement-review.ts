/** Answers PlacementReviews: the decision as it would be taken now, every cluster with its reason. */
import { decodeBody } from '../hub/answer/body.ts';
import { valueResponse } from '../hub/answer/respond.ts';
import { formatObjectId } from '../hub/object-id.ts';
import type { ApiHandler } from '../kube/api.ts';
import type { KubeObject } from '../kube/object.ts';
import { badRequest, notFound } from '../kube/status.ts';
import type { ObjectDecision } from './decide.ts';
import { type Explanation, explain } from './explain.ts';

export interface PlacementReview extends KubeObject {
  spec: { group?: string; resource: string; namespace?: string; name: string };
  status?: Explanation;
}

const GROUP = 'placement.kcp.io';

/** For the hub's `virtual` table. An object of another workspace cannot be named: the request's own is used. */
export const placementReviews = (
  decisionOf: (id: string) => ObjectDecision | undefined,
): Readonly<Record<string, ApiHandler>> => ({
  [`${GROUP}/placementreviews`]: async (request) => {
    const { group, version } = request.info;
    const body = decodeBody(request, { group, version, kind: 'PlacementReview' }) as PlacementReview | undefined;
    const { resource, namespace = '', name, group: ofGroup = '' } = body?.spec ?? {};
    if (!body || typeof resource !== 'string' || typeof name !== 'string') {
      throw badRequest('spec.resource and spec.name are required: which object is asked about');
    }
    const subject = { group: ofGroup, resource };
    const decision = decisionOf(formatObjectId({ resource: subject, workspace: request.workspace, namespace, name }));
    if (!decision) throw notFound(subject, name);
    return valueResponse(201, { ...body, status: explain(name, decision) });
  },
});
