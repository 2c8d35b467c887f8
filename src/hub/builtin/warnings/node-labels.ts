/** Labels of nodes that have successors, and selectors that select nothing (pkg/api/node/util.go, pkg/api/pod/warnings.go). */
import { child, type FieldPath, index } from '../../../kube/field-error.ts';
import { labelValueErrors } from '../../../kube/label-syntax.ts';

const OLD_LABELS: Readonly<Record<string, string>> = {
  'beta.kubernetes.io/arch': 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  'beta.kubernetes.io/os': 'deprecated since v1.14; use "kubernetes.io/os" instead',
  'failure-domain.beta.kubernetes.io/region': 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  'failure-domain.beta.kubernetes.io/zone': 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  'beta.kubernetes.io/instance-type': 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
  'app.kubernetes.io/created-by': 'deprecated since v1.9',
  'scheduler.alpha.kubernetes.io/preferAvoidPods': 'deprecated since v1.22; use Taints and Tolerations instead',
  'node-role.kubernetes.io/master': 'use "node-role.kubernetes.io/control-plane" instead',
};

/** One text or none. */
export const nodeLabelWarning = (key: string): string[] =>
  Object.hasOwn(OLD_LABELS, key) ? [OLD_LABELS[key] as string] : [];

interface Term {
  readonly matchExpressions?: readonly { readonly key?: string; readonly values?: readonly string[] }[];
}

/** `checkValues`: of preferences, whose values validation does not look at. */
export function selectorTermWarnings({ matchExpressions = [] }: Term, path: FieldPath, checkValues: boolean): string[] {
  return matchExpressions.flatMap(({ key = '', values = [] }, at) => {
    const place = index(child(path, 'matchExpressions'), at);
    return [
      ...nodeLabelWarning(key).map((text) => `${child(place, 'key')}: ${key} is ${text}`),
      ...(checkValues ? values : []).flatMap((value, position) =>
        labelValueErrors(value).map(
          (text) => `${index(child(place, 'values'), position)}: ${value} is invalid, ${text}`,
        ),
      ),
    ];
  });
}

const MATCHES_NOTHING = 'a null labelSelector results in matching no pod';

export const spreadWarnings = (
  constraints: readonly { readonly topologyKey?: string; readonly labelSelector?: unknown }[],
  path: FieldPath,
): string[] =>
  constraints.flatMap(({ topologyKey = '', labelSelector }, at) => [
    ...nodeLabelWarning(topologyKey).map(
      (text) => `${child(index(path, at), 'topologyKey')}: ${topologyKey} is ${text}`,
    ),
    ...(labelSelector === undefined ? [`${child(index(path, at), 'labelSelector')}: ${MATCHES_NOTHING}`] : []),
  ]);

interface PodAffinity {
  readonly requiredDuringSchedulingIgnoredDuringExecution?: readonly { readonly labelSelector?: unknown }[];
  readonly preferredDuringSchedulingIgnoredDuringExecution?: readonly {
    readonly podAffinityTerm?: { readonly labelSelector?: unknown };
  }[];
}

export function unselectiveTerms(affinity: PodAffinity | undefined, path: FieldPath): string[] {
  const [required, preferred] = [
    'requiredDuringSchedulingIgnoredDuringExecution',
    'preferredDuringSchedulingIgnoredDuringExecution',
  ] as const;
  return [
    ...(affinity?.[required] ?? []).flatMap(({ labelSelector }, at) =>
      labelSelector === undefined ? [`${index(child(path, required), at)}.labelSelector: ${MATCHES_NOTHING}`] : [],
    ),
    ...(affinity?.[preferred] ?? []).flatMap(({ podAffinityTerm }, at) =>
      podAffinityTerm?.labelSelector === undefined
        ? [`${index(child(path, preferred), at)}.podAffinityTerm.labelSelector: ${MATCHES_NOTHING}`]
        : [],
    ),
  ];
}
