/**
 * A workspace's ResourceProjections of one kind, compiled: which of the clusters' objects its view shows, and how each
 * looks. What cannot be decided is not shown: a projection may be there to keep something from sight.
 */

import type { Downstream } from '../clusters/downstream.ts';
import { scanCanonical } from '../clusters/reflector-cache.ts';
import { encodeWith } from '../clusters/reflector-encode.ts';
import { type ProjectionRules, rulesOf } from '../hub/kinds/projection-rules.ts';
import type { ResourceProjection } from '../hub/kinds/resource-projection.ts';
import type { TemplateValues } from '../hub/kinds/transform-template.ts';
import { CLUSTER_LABEL } from '../hub/kinds/workload.ts';
import { parseJson, stringifyJson } from '../kube/exact-json.ts';
import type { KubeObject } from '../kube/object.ts';
import { scanObject } from '../kube/object-scan.ts';
import type { ResourceInfo } from '../kube/resource.ts';
import type { Item } from './item.ts';
import { type Choose, chooserOf, isShownFor } from './merge-rule.ts';
import {
  changed,
  changes,
  compileStep,
  holdsFor,
  holdsInCluster,
  type ProjectionStep,
  reads,
} from './projection-step.ts';
import { findReferences, referencePaths } from './reference-paths.ts';

/** Told of an object that could not be projected, and why. */
export type OnFailure = (projection: ResourceProjection, why: string) => void;

export type ProjectionResult = 'shown' | 'hidden';

export interface ProjectionOptions {
  readonly workspace: string;
  readonly resource: ResourceInfo;
  /** All that concern the kind, in their order. */
  readonly projections: readonly ResourceProjection[];
  readonly clusterLabels: (downstream: Downstream) => Readonly<Record<string, string>>;
  readonly onFailure: OnFailure;
  /** Told of each object that was read to decide. */
  readonly onResult?: (result: ProjectionResult) => void;
}

export class Projection {
  /** Objects are shown otherwise than they are: what is shown cannot be written back. */
  readonly changesFields: boolean;
  readonly #options: ProjectionOptions;
  readonly #steps: readonly ProjectionStep[];
  readonly #rules: ProjectionRules;
  readonly #byCluster = new WeakMap<Downstream, ClusterProjection>();

  constructor(options: ProjectionOptions) {
    this.#options = options;
    this.#steps = options.projections.map(compileStep);
    this.#rules = rulesOf(options.projections, options.resource);
    this.changesFields = this.#steps.some(({ mask, transforms }) => mask !== undefined || transforms.length > 0);
  }

  /** What is shown depends on what stands in objects. */
  get reads(): boolean {
    return this.#steps.some(reads);
  }

  /** Equal names are shown as one. */
  get merges(): boolean {
    return this.#rules.merge !== 'Union';
  }

  on(downstream: Downstream): ClusterProjection {
    const known = this.#byCluster.get(downstream);
    if (known !== undefined) return known;
    const cluster = { name: downstream.clusterName, labels: this.#options.clusterLabels(downstream) };
    const made = new ClusterProjection(this.#options, this.#steps, cluster);
    this.#byCluster.set(downstream, made);
    return made;
  }

  /** How one of equal names is chosen among these clusters; undefined: all are shown. */
  chooser(clusters: Iterable<Downstream>): Choose | undefined {
    if (!this.merges) return undefined;
    const shown = [...clusters].filter((downstream) => this.on(downstream).showsAny);
    return chooserOf(
      this.#rules,
      shown.map(({ clusterName }) => clusterName),
    );
  }
}

/** The same for one cluster: what depends on it alone is decided. */
export class ClusterProjection {
  /** False: nothing of this cluster is shown. */
  readonly showsAny: boolean;
  /** What is shown depends on what stands in objects: they are parsed, once each. */
  readonly reads: boolean;
  readonly #options: ProjectionOptions;
  readonly #steps: readonly ProjectionStep[];
  readonly #cluster: TemplateValues['cluster'];
  /** Objects are immutable: what was decided of one holds until the next comes in its place. */
  readonly #shown = new WeakMap<Item, Item | typeof HIDDEN>();

  constructor(options: ProjectionOptions, steps: readonly ProjectionStep[], cluster: TemplateValues['cluster']) {
    this.#options = options;
    this.#cluster = cluster;
    this.#steps = steps.map((step) => ({
      ...step,
      rules: step.rules?.filter((rule) => holdsInCluster(rule, cluster)),
    }));
    this.showsAny = this.#steps.every(({ rules }) => rules === undefined || rules.length > 0);
    this.reads = this.#steps.some(reads);
  }

  /** The object as the view shows it, the same one each time; undefined where it does not. */
  show(item: Item, namespace: string): Item | undefined {
    if (!this.showsAny || !this.#isSelected(item, namespace)) return undefined;
    if (!this.reads) return item;
    let shown = this.#shown.get(item);
    if (shown === undefined) {
      shown = this.#project(item, true) ?? HIDDEN;
      this.#shown.set(item, shown);
      this.#options.onResult?.(shown === HIDDEN ? 'hidden' : 'shown');
    }
    return shown === HIDDEN ? undefined : shown;
  }

  /** An object that the caller has just written, as the view would show it; undefined where that cannot be said. */
  present(item: Item): Item | undefined {
    return this.#project(item, false);
  }

  /** True once `show` costs next to nothing. */
  knows(item: Item): boolean {
    return !this.reads || this.#shown.has(item);
  }

  /** Its bytes were changed in place. */
  forget(item: Item): void {
    this.#shown.delete(item);
  }

  #isSelected(item: Item, namespace: string): boolean {
    return this.#steps.every(
      ({ rules }) => rules === undefined || rules.some((rule) => holdsFor(rule, item, namespace)),
    );
  }

  #project(item: Item, conditionally: boolean): Item | undefined {
    const object = parsed(item);
    const { workspace, onFailure } = this.#options;
    const values = { workspace, cluster: this.#cluster };
    let draft: KubeObject | undefined;
    for (const step of this.#steps) {
      try {
        if (conditionally && step.condition?.({ ...values, object }) === false) return undefined;
        if (changes(step)) draft = changed(draft ?? parsed(item), step, templateValues(values, object));
      } catch (error) {
        onFailure(step.projection, `${nameOf(object)}: ${error instanceof Error ? error.message : String(error)}`);
        return undefined;
      }
    }
    return draft === undefined ? item : this.#toItem(item, draft);
  }

  #toItem(original: Item, draft: KubeObject): Item {
    const { kind, apiVersion, metadata, ...rest } = draft;
    const labels = { ...metadata.labels, [CLUSTER_LABEL]: this.#cluster.name };
    const whole = { kind, apiVersion, metadata: { ...metadata, labels }, ...rest };
    const scanned = scanCanonical(Buffer.from(stringifyJson(whole)));
    const { [CLUSTER_LABEL]: _cluster, ...own } = labels;
    const { name, uid, resourceVersion } = original;
    const { resource } = this.#options;
    const { bytes, nameAt } = encodeWith(scanned, resource, []);
    const refs = findReferences(scanObject(bytes), referencePaths(resource), scanned.namespace);
    const mark = { ...original.mark, refs };
    const shown: Item = { name, uid, resourceVersion, mark, labels: own, bytes, nameAt };
    isShownFor(shown, original);
    return shown;
  }
}

const parsed = ({ bytes }: Item): KubeObject => parseJson(bytes.toString('utf8')) as unknown as KubeObject;

const HIDDEN = 'hidden';

const templateValues = (
  values: Pick<TemplateValues, 'workspace' | 'cluster'>,
  { metadata: { name = '', namespace = '', labels = {}, annotations = {} } }: KubeObject,
): TemplateValues => ({ ...values, object: { name, namespace, labels, annotations } });

const nameOf = ({ metadata: { namespace = '', name = '' } }: KubeObject): string =>
  namespace === '' ? name : `${namespace}/${name}`;
