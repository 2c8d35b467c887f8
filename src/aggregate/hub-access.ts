/** The hub as views need it: its stored bytes become items without being parsed where the kind's version allows. */

import { builtinDefinitions } from '../hub/catalog/builtin-definitions.ts';
import type { FeedEvent } from '../hub/change-feed.ts';
import type { HubCore, Target } from '../hub/core.ts';
import type { Hub } from '../hub/hub.ts';
import { collectionPrefix, kindKey, parsePlace } from '../hub/keys.ts';
import { storedAs } from '../hub/object-io.ts';
import { ConvertingListener } from '../hub/read/converted-changes.ts';
import { readList } from '../hub/read/list.ts';
import { WHOLE_LIST } from '../hub/read/list-options.ts';
import type { ResourceDefinition } from '../hub/resource-definition.ts';
import { itemHead, metadataHead, tailStart, typeNames } from '../hub/stored-object.ts';
import { stringifyJson } from '../kube/exact-json.ts';
import type { ResourceInfo } from '../kube/resource.ts';
import { pathNotFound } from '../kube/status.ts';
import { withGiven } from './given-spec.ts';
import type { HubChange, HubItem, HubPort } from './hub-port.ts';
import type { Item } from './item.ts';
import { encodeVersion, HUB_SLOT } from './resource-version.ts';

export function createHubPort(hub: Pick<Hub, 'handle' | 'core'>): HubPort {
  const { core } = hub;
  return {
    handle: hub.handle,
    get revision() {
      return core.feed.revision;
    },
    reached: (revision, signal) => core.feed.reached(revision, signal),
    async definition(workspace, resource) {
      return (await served(core, workspace, resource)) ?? ofClusters(resource);
    },
    async list(workspace, resource, namespace, signal) {
      const definition = await served(core, workspace, resource);
      if (definition === undefined) throw pathNotFound();
      const target: Target = { workspace, definition, namespace: namespace ?? '', name: '', subresource: '' };
      const list = await readList(core, target, WHOLE_LIST, signal);
      const items: HubItem[] = [];
      for await (const chunk of list.chunks) {
        for (const { key, value, revision } of chunk) {
          const { namespace: own } = parsePlace(key);
          items.push({ ...toItem(core, definition, value, revision), namespace: own });
        }
      }
      return { revision: list.revision, items };
    },
    async count(workspace, resource) {
      const definition = await served(core, workspace, resource);
      return definition === undefined ? 0 : core.store.count(collectionPrefix(workspace, storedAs(definition)));
    },
    async get(workspace, resource, namespace, name) {
      const definition = await served(core, workspace, resource);
      const entry = definition && (await core.objects.read({ workspace, definition, namespace, name }));
      return definition && entry && toItem(core, definition, entry.value, entry.revision);
    },
    async follow(resource, since, follower, signal) {
      // The same kind in all workspaces: stored under one name, whatever a workspace's own definition says of it.
      const definition = (await served(core, '*', resource)) ?? ofClusters(resource);
      const listener = {
        event: (event: FeedEvent) => follower.change(toChange(core, definition, event)),
        lost: (error: unknown) => follower.lost(error),
      };
      const converting = definition.custom
        ? new ConvertingListener(core, { workspace: '*', definition }, listener, signal)
        : undefined;
      const filter = { workspace: '*', kind: kindKey(storedAs(definition)) };
      await core.feed.follow(filter, since, converting ?? listener, signal);
      return converting ?? core.feed;
    },
  };
}

async function served(core: HubCore, workspace: string, { group, version, resource }: ResourceInfo) {
  return (await core.catalog.of(workspace)).find(group, version, resource);
}

const clusterKinds = new Map<string, ResourceDefinition>();

/** Kinds that the hub does not author: built-in ones by the tables of a cluster, others with what every kind has. */
function ofClusters(info: ResourceInfo): ResourceDefinition {
  if (clusterKinds.size === 0) {
    for (const definition of builtinDefinitions('cluster')) clusterKinds.set(keyOf(definition.info), definition);
  }
  const custom = {
    info,
    storageVersion: info.version,
    schema: undefined,
    custom: true,
    status: false,
    generation: true,
  };
  return clusterKinds.get(keyOf(info)) ?? custom;
}

const keyOf = ({ group, version, resource }: ResourceInfo): string => `${group}/${version}/${resource}`;

/** Stored bytes in the canonical form. */
function toItem(core: HubCore, definition: ResourceDefinition, value: Uint8Array, revision: bigint): Item {
  const { scanned, nameAt, given, refs } = withGiven(itemBytes(core, definition, value, revision), definition.info);
  const { name, uid, labels, bytes } = scanned;
  return { name, uid, resourceVersion: revision, labels, bytes, nameAt, given, mark: refs && { refs } };
}

function itemBytes(core: HubCore, definition: ResourceDefinition, value: Uint8Array, revision: bigint): Buffer {
  const head = itemHead(typeNames(definition.info));
  const encoded = encodeVersion(HUB_SLOT, revision);
  if (core.objects.passesBytes(definition)) {
    return Buffer.concat([Buffer.from(head + metadataHead(encoded)), value.subarray(tailStart)]);
  }
  const {
    apiVersion: _apiVersion,
    kind: _kind,
    ...rest
  } = core.objects.decode(definition, { value, revision: encoded });
  return Buffer.from(head + stringifyJson(rest).slice(1));
}

/** Items are made when first looked at: most changes are of workspaces that nobody watches. */
function toChange(core: HubCore, definition: ResourceDefinition, { change, place }: FeedEvent): HubChange {
  const { type, value, previous, previousRevision, revision } = change;
  const removed = type === 'delete';
  let item: Item | undefined;
  let before: Item | undefined;
  return {
    workspace: place.workspace,
    namespace: place.namespace,
    name: place.name,
    revision,
    get item() {
      if (!removed) item ??= toItem(core, definition, value, revision);
      return item;
    },
    get previous() {
      const old = previous ?? (removed ? value : undefined);
      if (old !== undefined) before ??= toItem(core, definition, old, previousRevision);
      return before;
    },
    get last() {
      return removed ? toItem(core, definition, value, revision) : undefined;
    },
    size: value.length + (previous?.length ?? 0),
  };
}
