/** Compute resources of containers (validateResourceRequirements). */
import { child, type FieldPath, index, invalidValue, requiredValue } from '../../../kube/field-error.ts';
import { labelKeyErrors } from '../../../kube/label-syntax.ts';
import { parseQuantity } from '../../../kube/quantity.ts';
import type { StatusCause } from '../../../kube/status.ts';
import type { Causes } from './scalars.ts';

type ResourceList = Readonly<Record<string, string>>;

export interface Resources {
  readonly limits?: ResourceList;
  readonly requests?: ResourceList;
  readonly claims?: readonly { readonly name?: string; readonly request?: string }[];
}

/** What is no quantity was refused when the body was decoded; callers in the process may still hand one over. */
export function nanosOf(text: string | number): bigint {
  try {
    return parseQuantity(String(text)).nanos;
  } catch {
    return 0n;
  }
}

const STANDARD = new Set(['cpu', 'memory', 'ephemeral-storage']);
/** Names that mean something to quotas and volumes, but not to containers. */
const QUOTA_ONLY =
  /^(?:storage|pods|services|replicationcontrollers|resourcequotas|secrets|configmaps|persistentvolumeclaims|services\.(?:nodeports|loadbalancers)|(?:requests|limits)\.(?:cpu|memory|storage|ephemeral-storage))$/;
const UNIT = 1_000_000_000n;
const isHugePages = (name: string): boolean => name.startsWith('hugepages-');
const isNative = (name: string): boolean => !name.includes('/') || name.includes('kubernetes.io/');
/** Requests below the limit are allowed for what a node shares. */
export const mayDiffer = (name: string): boolean => isNative(name) && !isHugePages(name);
export const isExtended = (name: string): boolean =>
  !isNative(name) && !name.startsWith('requests.') && labelKeyErrors(`requests.${name}`).length === 0;

export function resourceCauses({ limits = {}, requests = {} }: Resources, path: FieldPath): Causes {
  const limitsPath = child(path, 'limits');
  const requestsPath = child(path, 'requests');
  return [
    ...Object.entries(limits).flatMap(([name, text]) => amountCauses(name, text, index(limitsPath, name))),
    ...Object.entries(requests).flatMap(([name, text]) => [
      ...amountCauses(name, text, index(requestsPath, name)),
      ...againstLimit(name, text, Object.hasOwn(limits, name) ? limits[name] : undefined, path),
    ]),
  ];
}

function amountCauses(name: string, text: string, path: FieldPath): Causes {
  const nanos = nanosOf(text);
  const causes: StatusCause[] = [...nameCauses(name, path)];
  if (nanos < 0n) causes.push(invalidValue(path, text, 'must be greater than or equal to 0'));
  if (isExtended(name) && nanos % UNIT !== 0n) causes.push(invalidValue(path, text, 'must be an integer'));
  return causes;
}

export function nameCauses(name: string, path: FieldPath): Causes {
  const syntax = labelKeyErrors(name).map((text) => invalidValue(path, name, text));
  if (syntax.length > 0) return syntax;
  if (!name.includes('/')) {
    if (STANDARD.has(name) || isHugePages(name)) return [];
    return [
      ...(QUOTA_ONLY.test(name)
        ? []
        : [invalidValue(path, name, 'must be a standard resource type or fully qualified')]),
      invalidValue(path, name, 'must be a standard resource for containers'),
    ];
  }
  return isNative(name) || isExtended(name)
    ? []
    : [invalidValue(path, name, "doesn't follow extended resource name standard")];
}

function againstLimit(name: string, request: string, limit: string | undefined, path: FieldPath): Causes {
  if (limit === undefined) {
    return mayDiffer(name)
      ? []
      : [requiredValue(child(path, 'limits'), 'Limit must be set for non overcommitable resources')];
  }
  const [asked, most] = [nanosOf(request), nanosOf(limit)];
  const requests = child(path, 'requests');
  if (asked !== most && !mayDiffer(name)) {
    return [invalidValue(requests, request, `must be equal to ${name} limit of ${limit}`)];
  }
  return asked > most
    ? [invalidValue(requests, request, `must be less than or equal to ${name} limit of ${limit}`)]
    : [];
}
