/**
 * What placement remembers of hub objects, so that an event leads to the objects that it can change without a scan:
 * by workspace and namespace, by target, by what they need (references), by the pods they run (labels).
 */

import { heldTargets } from '../hub/kinds/placed-object.ts';
import { formatObjectId, type ObjectId, parseObjectId } from '../hub/object-id.ts';
import { at, list, record, strings, text } from '../kube/fields.ts';
import type { KubeObject } from '../kube/object.ts';
import { type GroupResource, groupResourceName } from '../kube/resource.ts';
import { fromLabelSelector, type LabelRequirements, matchesLabels } from '../kube/selector.ts';
import { IdSets } from './id-sets.ts';
import { podTemplate } from './pod-template.ts';
import { referencesOf } from './references.ts';

/** What of an object leads to others. Most objects of a large hub lead nowhere. */
interface Leads {
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

export interface TrackedObject extends Leads {
  readonly id: string;
  readonly workspace: string;
  readonly namespace: string;
  readonly resource: GroupResource;
  readonly object: KubeObject;
}

/** The objects themselves stay where they are read from: informers hold each once, as text. */
export class PlacementIndex {
  readonly #read: (id: ObjectId) => KubeObject | undefined;
  readonly #leads = new Map<string, Leads>();
  readonly #byWorkspace = new IdSets();
  readonly #neededBy = new IdSets();
  readonly #byTarget = new IdSets();
  /** By workspace and namespace: objects that run pods, and objects that go where others go. */
  readonly #runners = new IdSets();
  readonly #followers = new IdSets();

  /** `read` gives an object as it was last told by `set`. */
  constructor(read: (id: ObjectId) => KubeObject | undefined) {
    this.#read = read;
  }

  get(id: string): TrackedObject | undefined {
    const parsed = parseObjectId(id);
    const object = this.#read(parsed);
    return object && { id, ...parsed, object, ...this.#leadsOf(id) };
  }

  /** Replaces what is known of the object; undefined forgets it. Returns what was known before and what is now. */
  set(
    resource: GroupResource,
    workspace: string,
    namespace: string,
    name: string,
    object: KubeObject | undefined,
    previous: KubeObject | undefined,
  ): { before: TrackedObject | undefined; after: TrackedObject | undefined } {
    const id = formatObjectId({ resource, workspace, namespace, name });
    const known = this.#leadsOf(id);
    const tracked = { id, workspace, namespace, resource };
    const before = previous && { ...tracked, object: previous, ...known };
    const leads = object && leadsOf(resource, workspace, namespace, object);
    this.#forget(tracked, known);
    if (leads === undefined) this.#byWorkspace.delete(workspace, id);
    else this.#remember(tracked, leads);
    return { before, after: object && leads && { ...tracked, object, ...leads } };
  }

  *inNamespace(workspace: string, namespace: string): Iterable<string> {
    for (const id of this.#byWorkspace.of(workspace)) if (parseObjectId(id).namespace === namespace) yield id;
  }

  inWorkspace(workspace: string): Iterable<string> {
    return this.#byWorkspace.of(workspace);
  }

  workspaces(): Iterable<string> {
    return this.#byWorkspace.keys();
  }

  onTarget(key: string): Iterable<string> {
    return this.#byTarget.of(key);
  }

  /** Objects that need the one with this id. */
  dependents(id: string): Iterable<TrackedObject> {
    return this.#tracked(this.#neededBy.of(id));
  }

  /** Objects whose placement a follower takes over: those whose pods it selects, or the Services it leads to. */
  *leaders(follower: TrackedObject): Iterable<TrackedObject> {
    yield* this.#tracked(follower.backends);
    const selector = follower.podSelector;
    if (selector === undefined) return;
    yield* this.#tracked(this.#runners.of(neighbourhood(follower)), ({ podLabels }) =>
      podLabels === undefined ? false : matchesLabels(selector, podLabels),
    );
  }

  /** Objects of the same namespace that run pods, the object itself included. */
  runners(tracked: TrackedObject): Iterable<TrackedObject> {
    return this.#tracked(this.#runners.of(neighbourhood(tracked)));
  }

  /** Followers that the object leads, by its pods or as a backend. */
  followers({ id, podLabels, ...leader }: TrackedObject): Iterable<TrackedObject> {
    return this.#tracked(this.#followers.of(neighbourhood(leader)), ({ podSelector, backends }) => {
      const selects = podSelector !== undefined && podLabels !== undefined && matchesLabels(podSelector, podLabels);
      return selects || backends.includes(id);
    });
  }

  /** Of these ids those that lead where they should; only they are read. */
  *#tracked(ids: Iterable<string>, wanted: (leads: Leads) => boolean = () => true): Iterable<TrackedObject> {
    for (const id of ids) {
      const tracked = wanted(this.#leadsOf(id)) ? this.get(id) : undefined;
      if (tracked !== undefined) yield tracked;
    }
  }

  #leadsOf(id: string): Leads {
    return this.#leads.get(id) ?? NOWHERE;
  }

  #remember(tracked: Located, leads: Leads): void {
    const { id, workspace } = tracked;
    this.#byWorkspace.add(workspace, id);
    if (leads === NOWHERE) return;
    this.#leads.set(id, leads);
    for (const need of leads.needs) this.#neededBy.add(need, id);
    for (const key of leads.held) this.#byTarget.add(key, id);
    if (leads.podLabels !== undefined) this.#runners.add(neighbourhood(tracked), id);
    if (isFollower(leads)) this.#followers.add(neighbourhood(tracked), id);
  }

  #forget(tracked: Located, leads: Leads): void {
    if (leads === NOWHERE) return;
    const { id } = tracked;
    this.#leads.delete(id);
    for (const need of leads.needs) this.#neededBy.delete(need, id);
    for (const key of leads.held) this.#byTarget.delete(key, id);
    this.#runners.delete(neighbourhood(tracked), id);
    this.#followers.delete(neighbourhood(tracked), id);
  }
}

type Located = Pick<TrackedObject, 'id' | 'workspace' | 'namespace'>;

const NOWHERE: Leads = {
  needs: [],
  podLabels: undefined,
  podSelector: undefined,
  backends: [],
  held: new Set(),
};

const isFollower = ({ podSelector, backends }: Leads): boolean => podSelector !== undefined || backends.length > 0;

/** Workspace and namespace in one string. */
export const neighbourhood = ({ workspace, namespace }: { workspace: string; namespace: string }): string =>
  `${workspace}|${namespace}`;

function leadsOf(resource: GroupResource, workspace: string, namespace: string, object: KubeObject): Leads {
  const sibling = (group: string, plural: string, name: string): string =>
    formatObjectId({ resource: { group, resource: plural }, workspace, namespace, name });
  const leads = {
    needs: namespace === '' ? [] : referencesOf(object).map((need) => sibling(need.group, need.resource, need.name)),
    podLabels: podTemplate(object)?.labels,
    podSelector: podSelectorOf(resource, object),
    backends: groupResourceName(resource) === 'ingresses.networking.k8s.io' ? backendsOf(object, sibling) : [],
    held: heldTargets(object),
  };
  const leadsNowhere =
    leads.needs.length === 0 && leads.podLabels === undefined && !isFollower(leads) && leads.held.size === 0;
  return leadsNowhere ? NOWHERE : leads;
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
