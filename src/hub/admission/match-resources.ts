/** Which requests a policy, a binding or a webhook is about (apiserver `admission/plugin/policy/matching`, `webhook/predicates`). */

import type { KubeObject } from '../../kube/object.ts';
import { fromLabelSelector, matchesLabels } from '../../kube/selector.ts';
import type { LabelSelector } from '../kinds/workload.ts';
import type { PolicyRequest } from './policy-request.ts';

export interface ResourceRule {
  readonly operations?: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly apiVersions?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly scope?: string;
}

export interface MatchResources {
  readonly namespaceSelector?: LabelSelector;
  readonly objectSelector?: LabelSelector;
  readonly resourceRules?: readonly ResourceRule[];
  readonly excludeResourceRules?: readonly ResourceRule[];
  readonly matchPolicy?: 'Exact' | 'Equivalent';
}

/** What of a request a rule looks at. */
export type RuleSubject = Pick<PolicyRequest, 'operation' | 'resource' | 'subresource' | 'namespace' | 'name'>;

export function matchesRule(
  rule: ResourceRule,
  { operation, resource, subresource, namespace, name }: RuleSubject,
): boolean {
  const scope = rule.scope ?? '*';
  return (
    has(rule.operations, operation) &&
    has(rule.apiGroups, resource.group) &&
    has(rule.apiVersions, resource.version) &&
    (rule.resources ?? []).some((one) => matchesName(one, resource.resource, subresource)) &&
    (scope === '*' || scope === (isNamespaced(namespace, resource.resource) ? 'Namespaced' : 'Cluster')) &&
    ((rule.resourceNames?.length ?? 0) === 0 || rule.resourceNames?.includes(name) === true)
  );
}

/** Requests on a Namespace carry its name as their namespace, but are cluster-scoped. */
const isNamespaced = (namespace: string, resource: string): boolean => namespace !== '' && resource !== 'namespaces';

const has = (allowed: readonly string[] | undefined, value: string): boolean =>
  allowed?.some((one) => one === '*' || one === value) === true;

/** `pods`, `pods/status`, `*`, `pods/*`, and each part alike with `*`. */
function matchesName(pattern: string, resource: string, subresource: string): boolean {
  const [wantedResource = '', wantedSubresource = ''] = pattern.split('/');
  const part = (wanted: string, value: string): boolean => wanted === '*' || wanted === value;
  return part(wantedResource, resource) && part(wantedSubresource, subresource);
}

/** The namespace's labels and the object's; for an update, those of either state of the object. */
export const matchesSelectors = (
  { namespaceSelector, objectSelector }: Pick<MatchResources, 'namespaceSelector' | 'objectSelector'>,
  request: PolicyRequest,
): boolean => matchesNamespace(namespaceSelector, request) && matchesObject(objectSelector, request);

function matchesNamespace(selector: LabelSelector | undefined, request: PolicyRequest): boolean {
  if (isEmpty(selector)) return true;
  if (request.resource.group === '' && request.resource.resource === 'namespaces') {
    return matchesAny(selector, request.object ?? request.oldObject);
  }
  return request.namespace === '' || matchesAny(selector, request.namespaceObject);
}

const matchesObject = (selector: LabelSelector | undefined, { object, oldObject }: PolicyRequest): boolean =>
  isEmpty(selector) || matchesAny(selector, object) || matchesAny(selector, oldObject);

const isEmpty = (selector: LabelSelector | undefined): boolean =>
  Object.keys(selector?.matchLabels ?? {}).length === 0 && (selector?.matchExpressions ?? []).length === 0;

const matchesAny = (selector: LabelSelector | undefined, object: KubeObject | undefined): boolean =>
  object !== undefined && matchesLabels(fromLabelSelector(selector ?? {}), object.metadata?.labels);
