/**
 * What placement remembers of hub objects, so that an event leads to the objects that it can change without a scan:
 * by workspace and namespace, by target, by what they need (references), by the pods they run (labels).
 */

import { heldTargets } from '../hub/kinds/placed-object.ts';
import { formatObjectId } from '../hub/object-id.ts';
import { at, list, record, strings, text } from '../kube/fields.ts';
import type { KubeObject } from '../kube/object.ts';
import { type GroupResource, groupResourceName } from '../kube/resource.ts';
import { fromLabelSelector, type LabelRequirements, matchesLabels } from '../kube/selector.ts';
import { podTemplate } from './pod-template.ts';
import { referencesOf } from './references.ts';

export interface TrackedObject {
  readonly id: string;
  readonly workspace: string;
  readonly namespace: string;
  readonly resource: GroupResource;
  readonly object: KubeObject;
  /** Ids of the objects it needs; they may not exist. */
  readonly needs: readonly string[];
  /** Labels of the pods it runs. */
  readonly podLabels: Readonly<Record<string, string>> | undefined;
  /** Pods that it selects: a follower. */
  readonly podSelector: LabelRequirements | undefined;
  /** Ids of the Services that it leads to (Ingress). */
  readonly backends: readonly string[];
  readonly held: ReadonlySet<string>;
}

export class PlacementIndex {
  readonly #objects = new Map<string, TrackedObject>();
  readonly #workspaces = new Map<string, Map<string, Set<string>>>();
  readonly #neededBy = new Map<string, Set<string>>();
  readonly #byTarget = new Map<string, Set<string>>();
  /** By workspace and namespace: objects that run pods, and objects that go where others go. */
  readonly #runners = new Map<string, Set<string>>();
  readonly #followers = new Map<string, Set<string>>();

  get(id: string): TrackedObject | undefined {
    return this.#objects.get(id);
  }

  /** Replaces what is known of the object; undefined forgets it. Returns what was known before and what is now. */
  set(
    resource: GroupResource,
    workspace: string,
    namespace: string,
    name: string,
    object: KubeObject | undefined,
  ): { before: TrackedObject | undefined; after: TrackedObject | undefined } {
    const id = formatObjectId({ resource, workspace, namespace, name });
    const before = this.#objects.get(id);
    const after = object && track(id, resource, workspace, namespace, object);
    if (before !== undefined) this.#forget(before, after);
    if (after !== undefined) this.#remember(after);
    return { before, after };
  }

  inNamespace(workspace: string, namespace: string): Iterable<string> {
    return this.#workspaces.get(workspace)?.get(namespace) ?? [];
  }

  *inWorkspace(workspace: string): Iterable<string> {
    for (const ids of this.#workspaces.get(workspace)?.values() ?? []) yield* ids;
  }

  workspaces(): Iterable<string> {
    return this.#workspaces.keys();
  }

  onTarget(key: string): Iterable<string> {
    return this.#byTarget.get(key) ?? [];
  }

  /** Objects that need the one with this id. */
  *dependents(id: string): Iterable<TrackedObject> {
    for (const dependent of this.#neededBy.get(id) ?? []) {
      const tracked = this.#objects.get(dependent);
      if (tracked !== undefined) yield tracked;
    }
  }

  /** Objects whose placement a follower takes over: those whose pods it selects, or the Services it leads to. */
  *leaders(follower: TrackedObject): Iterable<TrackedObject> {
    for (const id of follower.backends) {
      const backend = this.#objects.get(id);
      if (backend !== undefined) yield backend;
    }
    const selector = follower.podSelector;
    if (selector === undefined) return;
    for (const tracked of this.#tracked(this.#runners.get(neighbourhood(follower))))
      if (tracked.podLabels !== undefined && matchesLabels(selector, tracked.podLabels)) yield tracked;
  }

  /** Objects of the same namespace that run pods, the object itself included. */
  runners(tracked: TrackedObject): Iterable<TrackedObject> {
    return this.#tracked(this.#runners.get(neighbourhood(tracked)));
  }

  /** Followers that the object leads, by its pods or as a backend. */
  *followers(leader: TrackedObject): Iterable<TrackedObject> {
    for (const tracked of this.#tracked(this.#followers.get(neighbourhood(leader)))) {
      const selects =
        tracked.podSelector !== undefined &&
        leader.podLabels !== undefined &&
        matchesLabels(tracked.podSelector, leader.podLabels);
      if (selects || tracked.backends.includes(leader.id)) yield tracked;
    }
  }

  *#tracked(ids: Iterable<string> = []): Iterable<TrackedObject> {
    for (const id of ids) {
      const tracked = this.#objects.get(id);
      if (tracked !== undefined) yield tracked;
    }
  }

  #remember(tracked: TrackedObject): void {
    this.#objects.set(tracked.id, tracked);
    const namespaces = getOrAdd(this.#workspaces, tracked.workspace, () => new Map<string, Set<string>>());
    getOrAdd(namespaces, tracked.namespace, () => new Set<string>()).add(tracked.id);
    for (const need of tracked.needs) getOrAdd(this.#neededBy, need, () => new Set<string>()).add(tracked.id);
    for (const key of tracked.held) getOrAdd(this.#byTarget, key, () => new Set<string>()).add(tracked.id);
    if (tracked.podLabels !== undefined)
      getOrAdd(this.#runners, neighbourhood(tracked), () => new Set<string>()).add(tracked.id);
    if (isFollower(tracked)) getOrAdd(this.#followers, neighbourhood(tracked), () => new Set<string>()).add(tracked.id);
  }

  #forget(tracked: TrackedObject, replacement: TrackedObject | undefined): void {
    for (const need of tracked.needs) removeFrom(this.#neededBy, need, tracked.id);
    for (const key of tracked.held) removeFrom(this.#byTarget, key, tracked.id);
    removeFrom(this.#runners, neighbourhood(tracked), tracked.id);
    removeFrom(this.#followers, neighbourhood(tracked), tracked.id);
    if (replacement !== undefined) return;
    this.#objects.delete(tracked.id);
    const namespaces = this.#workspaces.get(tracked.workspace);
    if (namespaces === undefined) return;
    removeFrom(namespaces, tracked.namespace, tracked.id);
    if (namespaces.size === 0) this.#workspaces.delete(tracked.workspace);
  }
}

const isFollower = ({ podSelector, backends }: TrackedObject): boolean =>
  podSelector !== undefined || backends.length > 0;

/** Workspace and namespace in one string. */
export const neighbourhood = ({ workspace, namespace }: { workspace: string; namespace: string }): string =>
  `${workspace}|${namespace}`;

function track(
  id: string,
  resource: GroupResource,
  workspace: string,
  namespace: string,
  object: KubeObject,
): TrackedObject {
  const sibling = (group: string, plural: string, name: string): string =>
    formatObjectId({ resource: { group, resource: plural }, workspace, namespace, name });
  return {
    id,
    workspace,
    namespace,
    resource,
    object,
    needs: namespace === '' ? [] : referencesOf(object).map((need) => sibling(need.group, need.resource, need.name)),
    podLabels: podTemplate(object)?.labels,
    podSelector: podSelectorOf(resource, object),
    backends: groupResourceName(resource) === 'ingresses.networking.k8s.io' ? backendsOf(object, sibling) : [],
    held: heldTargets(object),
  };
}

/** Undefined for objects that select no pods, a Service without selector among them. */
function podSelectorOf(resource: GroupResource, object: KubeObject): LabelRequirements | undefined {
  switch (groupResourceName(resource)) {
    case 'services': {
      const selector = strings(at(object, 'spec', 'selector'));
      return Object.keys(selector).length === 0 ? undefined : requirements({ matchLabels: selector });
    }
    case 'networkpolicies.networking.k8s.io':
      return requirements(at(object, 'spec', 'podSelector'));
    case 'poddisruptionbudgets.policy':
      return requirements(at(object, 'spec', 'selector'));
    default:
      return undefined;
  }
}

/** A malformed selector selects nothing: one bad object must not stop the others. */
function requirements(selector: unknown): LabelRequirements | undefined {
  try {
    return fromLabelSelector(record(selector) ?? {});
  } catch {
    return undefined;
  }
}

function backendsOf(
  object: KubeObject,
  sibling: (group: string, plural: string, name: string) => string,
): readonly string[] {
  const paths = list(at(object, 'spec', 'rules')).flatMap((rule) => list(at(rule, 'http', 'paths')));
  const backends = [at(object, 'spec', 'defaultBackend'), ...paths.map((path) => at(path, 'backend'))];
  const names = backends.map((backend) => text(at(backend, 'service', 'name')));
  return [...new Set(names)].flatMap((name) => (name === undefined ? [] : [sibling('', 'services', name)]));
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const present = map.get(key);
  if (present !== undefined) return present;
  const made = make();
  map.set(key, made);
  return made;
}

function removeFrom<K>(map: Map<K, Set<string>>, key: K, id: string): void {
  const set = map.get(key);
  if (set === undefined) return;
  set.delete(id);
  if (set.size === 0) map.delete(key);
}
