/** Label and field selectors of a view, compiled for one kind: what chooses sources, and what is asked of each object. */

import { CLUSTER_LABEL } from '../hub/kinds/workload.ts';
import { compileSelection as compileForKind } from '../hub/read/selection.ts';
import type { ResourceDefinition } from '../hub/resource-definition.ts';
import type { KubeObject } from '../kube/object.ts';
import {
  type FieldRequirement,
  formatFieldSelector,
  type LabelRequirements,
  matchesLabels,
  parseFieldSelector,
  parseLabelSelector,
} from '../kube/selector.ts';
import type { Item } from './item.ts';
import { parseViewName, qualifiedName } from './names.ts';
import { clusterOf } from './reference-names.ts';

export interface ViewSelection {
  /** Nothing to check of an object; it may still choose sources. */
  readonly everything: boolean;
  /** Whether objects of the source can be wanted; undefined: the hub. */
  wantsSource(clusterName: string | undefined): boolean;
  /** Whether clusters are chosen by their label: authored objects are then asked where they live. */
  readonly byCluster: boolean;
  matches(item: Item, namespace: string, clusterName: string | undefined, qualified: boolean): boolean;
}

/** Throws ApiError 400. */
export function compileSelection(
  definition: ResourceDefinition,
  labelSelector: string,
  fieldSelector: string,
): ViewSelection {
  const labels = parseLabelSelector(labelSelector);
  const byCluster = labels.filter(({ key }) => key === CLUSTER_LABEL);
  const byLabel = labels.filter(({ key }) => key !== CLUSTER_LABEL);
  const fields = parseFieldSelector(fieldSelector);
  const byName = fields.filter(({ field }) => field === 'metadata.name');
  const byNamespace = fields.filter(({ field }) => field === 'metadata.namespace');
  const byField = fields.filter(({ field }) => field !== 'metadata.name' && field !== 'metadata.namespace');
  // Refuses what the kind does not select on.
  const ofObject = compileForKind(definition, '', fieldSelector === '' ? '' : formatFieldSelector(byField));
  /** By cluster: without its name behind the values. */
  const plainly = new Map<string, typeof ofObject>();
  return {
    everything: labels.length === 0 && fields.length === 0,
    byCluster: byCluster.length > 0,
    wantsSource: (clusterName) => clusterName === undefined || matchesLabels(byCluster, clusterLabel(clusterName)),
    matches: (item, namespace, clusterName, qualified) =>
      matchesLabels(byCluster, clusterName === undefined ? item.labels : clusterLabel(clusterName)) &&
      matchesAll(byLabel, item) &&
      byNamespace.every((requirement) => holds(requirement, namespace === requirement.value)) &&
      byName.every((requirement) => holds(requirement, isNamed(requirement.value, item, clusterName, qualified))) &&
      (byField.length === 0 || matchesFields(JSON.parse(item.bytes.toString('utf8')) as KubeObject, item, clusterName)),
  };

  /** A field may name an object of the item's cluster, which is accepted qualified whether it is shown so or not. */
  function matchesFields(object: KubeObject, item: Item, clusterName: string | undefined): boolean {
    if (ofObject.matches(object)) return true;
    const cluster = clusterOf({ item, clusterName });
    if (cluster === undefined || !byField.some(({ value }) => value.endsWith(`@${cluster}`))) return false;
    let ofPlain = plainly.get(cluster);
    if (ofPlain === undefined) {
      const plain = byField.map((one) => ({ ...one, value: plainIn(one.value, cluster) }));
      ofPlain = compileForKind(definition, '', formatFieldSelector(plain));
      plainly.set(cluster, ofPlain);
    }
    return ofPlain.matches(object);
  }
}

const plainIn = (value: string, cluster: string): string =>
  parseViewName(value).clusterName === cluster ? parseViewName(value).name : value;

const clusterLabel = (clusterName: string): Readonly<Record<string, string>> => ({ [CLUSTER_LABEL]: clusterName });

const matchesAll = (requirements: LabelRequirements, item: Item): boolean =>
  requirements.length === 0 || matchesLabels(requirements, item.labels);

const holds = ({ operator }: FieldRequirement, equal: boolean): boolean => equal === (operator === '=');

/** The qualified name is always accepted, the plain one where it is what is shown. */
const isNamed = (value: string, item: Item, clusterName: string | undefined, qualified: boolean): boolean =>
  (!qualified && value === item.name) || (clusterName !== undefined && value === qualifiedName(item.name, clusterName));
