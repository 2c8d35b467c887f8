/** How what is not of its kind is refused: a body with 400, what a patch made of an object with 422 (handlers `patch.go`, `rest.go`). */
import { invalidValue } from '../../kube/field-error.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { GroupVersionKind } from '../../kube/resource.ts';
import { ApiError, badRequest, invalid } from '../../kube/status.ts';

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

/** Server-side apply merges by the schema and only then makes a Go object of what came out. */
export function refuseApplied(expected: GroupVersionKind, { metadata }: KubeObject): Refuse {
  const type = `${expected.group}/${expected.version}, Kind=${expected.kind}`;
  const object = `${metadata.namespace ?? ''}/${metadata.name ?? ''}; ${type}`;
  return (fault) =>
    new ApiError(
      500,
      '',
      `failed to convert new object (${object}) to proper version: unable to convert unstructured object to ${type}: ${fault}`,
    );
}
