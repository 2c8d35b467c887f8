/** What kube-apiserver refuses in mutating policies and their bindings (admissionregistration/validation). */
import { child, type FieldPath, index, invalidValue, notSupported, requiredValue } from '../../kube/field-error.ts';
import type { KubeObject } from '../../kube/object.ts';
import type { StatusCause } from '../../kube/status.ts';
import type { MatchResources } from './match-resources.ts';
import type { MutatingAdmissionPolicy, Mutation } from './mutating-policy.ts';
import { choice, ExpressionChecker, mutatingOperationCauses } from './validate-matching.ts';
import { bindingCauses, checkerOf, policyCauses } from './validate-policies.ts';

const PATCH_TYPES = ['ApplyConfiguration', 'JSONPatch'];

export function mutatingPolicyCauses(object: KubeObject): StatusCause[] {
  const { spec = {} } = object as Partial<MutatingAdmissionPolicy>;
  const { mutations = [], reinvocationPolicy, paramKind, variables = [] } = spec;
  const checker = new ExpressionChecker({
    params: paramKind !== undefined,
    variables: variables.length > 0,
    patches: true,
  });
  return [
    ...policyCauses(spec, checkerOf(spec)),
    ...mutatingOperationCauses(spec.matchConstraints, 'spec.matchConstraints'),
    ...(mutations.length === 0 ? [requiredValue('spec.mutations', 'mutations must contain at least one item')] : []),
    ...mutations.flatMap((mutation, at) => mutationCauses(mutation, checker, index('spec.mutations', at))),
    ...choice(reinvocationPolicy || undefined, ['IfNeeded', 'Never'], 'spec.reinvocationPolicy'),
  ];
}

function mutationCauses(
  { patchType = '', jsonPatch, applyConfiguration }: Mutation,
  checker: ExpressionChecker,
  path: FieldPath,
): StatusCause[] {
  if (patchType === '') return [requiredValue(child(path, 'patchType'))];
  if (!PATCH_TYPES.includes(patchType)) return [notSupported(child(path, 'patchType'), patchType, PATCH_TYPES)];
  const [own, other, given, extra] =
    patchType === 'JSONPatch'
      ? (['jsonPatch', 'applyConfiguration', jsonPatch, applyConfiguration] as const)
      : (['applyConfiguration', 'jsonPatch', applyConfiguration, jsonPatch] as const);
  const at = child(path, own);
  const expression = given?.expression?.trim() ?? '';
  return [
    ...(given === undefined
      ? [requiredValue(at, `must be specified when patchType is ${patchType}`)]
      : expression === ''
        ? [requiredValue(child(at, 'expression'))]
        : checker.patchCauses(expression, patchType === 'JSONPatch' ? 'list' : 'map', child(at, 'expression'))),
    ...(extra === undefined
      ? []
      : [invalidValue(child(path, other), `{${other}}`, `must not be specified when patchType is ${patchType}`)]),
  ];
}

export const mutatingBindingCauses = (object: KubeObject): StatusCause[] => [
  ...bindingCauses(object),
  ...mutatingOperationCauses(
    (object.spec as { matchResources?: MatchResources } | undefined)?.matchResources,
    'spec.matchResources',
  ),
];
