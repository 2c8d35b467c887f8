/** How what is not of its kind is refused: a body with 400, what a patch made of an object with 422 (handlers `patch.go`, `rest.go`). */
import { invalidValue } from '../../kube/field-error.ts';
import type { GroupVersionKind } from '../../kube/resource.ts';
import { type ApiError, badRequest, invalid } from '../../kube/status.ts';

/** Takes the fault, and what the value says it is where that is another kind than expected. */
export type Refuse = (fault: string, given?: Pick<GroupVersionKind, 'version' | 'kind'>) => ApiError;

export const refuseBody =
  (expected: GroupVersionKind): Refuse =>
  (fault, { version, kind } = expected) =>
    badRequest(`${kind} in version ${JSON.stringify(version)} cannot be handled as a ${expected.kind}: ${fault}`);

/** `shown`: the patched object, or the patch, as Go prints it. */
export const refusePatched =
  (shown: () => string): Refuse =>
  (fault) =>
    invalid({ group: '', kind: '' }, '', [invalidValue('patch', shown(), fault)]);
