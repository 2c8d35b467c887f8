/**
 * The hub: a Kubernetes API server for objects without behaviour, over a small store. One code for two profiles:
 * `hub` (many workspaces, what people author) and `cluster` (one workspace, all kinds: embedded clusters).
 * README.md draws the life of a write and of a watch.
 */
import { randomInt, randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import type { ApiHandler } from '../kube/api.ts';
import type { KubeObject } from '../kube/object.ts';
import { type GroupResource, groupResourceName } from '../kube/resource.ts';
import { type Clock, systemClock } from '../reconcile/clock.ts';
import { type Logger, silentLogger } from '../reconcile/logger.ts';
import type { Authorize } from './admission/access-answers.ts';
import { LIMIT_RANGER } from './admission/limit-range.ts';
import type { MutatingAdmissionPolicy, MutatingAdmissionPolicyBinding } from './admission/mutating-policy.ts';
import {
  createMutatingPolicyAdmission,
  MUTATING_BINDINGS,
  MUTATING_POLICIES,
  type MutatingPolicySources,
} from './admission/mutating-policy-admission.ts';
import { NAMESPACE_LIFECYCLE } from './admission/namespace-lifecycle.ts';
import { BINDINGS, createPolicyAdmission, POLICIES, type PolicySources } from './admission/policy-admission.ts';
import { RESOURCE_QUOTA } from './admission/resource-quota.ts';
import type { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from './admission/validating-policy.ts';
import {
  createWebhookAdmission,
  MUTATING_WEBHOOKS,
  VALIDATING_WEBHOOKS,
  type WebhookSources,
} from './admission/webhook-admission.ts';
import { createWebhookClient, type WebhookClientOptions } from './admission/webhook-client.ts';
import type { WebhookConfiguration } from './admission/webhook-configuration.ts';
import { createHandle } from './answer/handle.ts';
import { createNonResource } from './answer/non-resource.ts';
import { builtinDefinitions, type Profile } from './catalog/builtin-definitions.ts';
import { type Catalog, createCatalog } from './catalog/catalog.ts';
import { ChangeFeed } from './change-feed.ts';
import type { HubClient, HubInformer } from './client.ts';
import { createEntryConverter } from './conversion/converted-entries.ts';
import { createWebhookConverter } from './conversion/webhook-converter.ts';
import type { AdmissionStep, HubCore } from './core.ts';
import { ownDefinitions } from './crd/crds-of.ts';
import { createInProcessClient } from './in-process-client.ts';
import { TMC_KINDS } from './kinds/tmc-kinds.ts';
import { startCompaction } from './lifecycle/history.ts';
import { startLifecycle } from './lifecycle/lifecycle.ts';
import { LiveInformer } from './live-informer.ts';
import { createObjectIo } from './object-io.ts';
import { HotRanges } from './read/hot-ranges.ts';
import type { ResourceDefinition } from './resource-definition.ts';
import type { Store } from './store/store.ts';
import { createValueCipher, type EncryptionKey } from './value-cipher.ts';
import { chainOf } from './write/admit.ts';
import { missingOperations, ofWorkspace } from './write/companions.ts';
import type { GracePeriod } from './write/delete.ts';

/** The workspace that every other one is below; the only one of a cluster. */
export const ROOT_WORKSPACE = 'root';

export interface HubOptions {
  readonly store: Store;
  readonly profile: Profile;
  /**
   * Resources answered by code instead of the store, by `<group>/<resource>` (`authorization.k8s.io/subjectaccessreviews`)
   * or `<group>/<resource>/<subresource>`, '-' for the core group (`-/serviceaccounts/token`).
   */
  readonly virtual?: Readonly<Record<string, ApiHandler>>;
  /** Subresources answered by code (`-/pods/log`, `-/pods/exec`): the same table, kept apart for clusters' controllers. */
  readonly subresourceHandlers?: Readonly<Record<string, ApiHandler>>;
  /** Kinds that only downstream clusters serve; the same array for as long as they are the same, so that workspaces share them. */
  readonly extraResources?: (workspace: string) => readonly ResourceDefinition[];
  /** Further admission steps, after the hub's own. */
  readonly admission?: readonly AdmissionStep[];
  /** Whom webhooks may lead to, and how Services are reached; default: public addresses only. */
  readonly webhooks?: WebhookClientOptions;
  /** Newest first; none: values are stored plain. */
  readonly encryptionKeys?: readonly EncryptionKey[];
  /** What stands before the API's paths in a workspace's URLs; default `/clusters/<workspace>`, nothing for a cluster. */
  readonly urlPrefix?: (workspace: string) => string;
  /** Answers policies that ask the authorizer; default: system:masters may do everything, others nothing. */
  readonly authorize?: Authorize;
  readonly clock?: Clock;
  readonly log?: Logger;
}

export interface Hub {
  readonly handle: ApiHandler;
  readonly client: HubClient;
  /** One per resource, started on first use, shared. */
  informer<T extends KubeObject = KubeObject>(resource: GroupResource): HubInformer<T>;
  readonly catalog: Catalog;
  /** For views, which pass stored bytes on and follow changes without parsing them. */
  readonly core: HubCore;
  close(): Promise<void>;
}

export async function createHub(options: HubOptions): Promise<Hub> {
  const { store, profile, clock = systemClock, log = silentLogger } = options;
  const stop = new AbortController();
  // Every informer's watch ends with it.
  setMaxListeners(0, stop.signal);
  const fixed = [...builtinDefinitions(profile), ...(profile === 'hub' ? TMC_KINDS : [])];
  const catalog = createCatalog(fixed, async (workspace) => {
    const extra = options.extraResources?.(workspace) ?? [];
    const own = await ownDefinitions(store, workspace);
    if (own.length === 0) return extra;
    const names = new Set(own.map(({ info }) => groupResourceName(info)));
    return [...own, ...extra.filter(({ info }) => !names.has(groupResourceName(info)))];
  });
  const webhooks = createWebhookClient(options.webhooks ?? { allowedHosts: [], onlyAllowedHosts: false });
  const converter = createEntryConverter(createWebhookConverter(webhooks.call));
  const objects = createObjectIo(store, createValueCipher(options.encryptionKeys ?? []), converter);
  const feed = new ChangeFeed(store, (change) => objects.openChange(change));
  const ranges = new HotRanges({ store, feed, objects });
  const core: HubCore = {
    store,
    objects,
    feed,
    ranges,
    catalog,
    // A quota counts what all others let pass.
    admission: chainOf([
      NAMESPACE_LIFECYCLE,
      ...(options.admission ?? []),
      LIMIT_RANGER,
      createMutatingPolicyAdmission(() => mutatingPolicySources),
      createPolicyAdmission(() => policySources),
      createWebhookAdmission(() => webhookSources, webhooks.call),
      RESOURCE_QUOTA,
    ]),
    clock,
    log,
    authorize: options.authorize ?? MASTERS_ONLY,
    newUid: randomUUID,
    nameSuffix,
  };
  await ensureRoot(core, profile);
  await feed.start((error) => log.error({ err: error }, 'the change feed broke off'));
  const gracePeriod = profile === 'cluster' ? podGracePeriod : NO_GRACE;
  void startLifecycle(core, gracePeriod, stop.signal).catch((error: unknown) => {
    if (!stop.signal.aborted) log.error({ err: error }, 'lifecycle controllers could not start');
  });
  startCompaction(core, stop.signal);
  const client = createInProcessClient(core, gracePeriod);
  const informers = new Map<string, LiveInformer>();
  const informer = <T extends KubeObject = KubeObject>(resource: GroupResource): HubInformer<T> => {
    const name = groupResourceName(resource);
    const known = informers.get(name) ?? new LiveInformer(client, resource, { clock, log, signal: stop.signal });
    informers.set(name, known);
    return known as unknown as HubInformer<T>;
  };
  const policySources: PolicySources = {
    client,
    get policies() {
      return informer<ValidatingAdmissionPolicy>(POLICIES);
    },
    get bindings() {
      return informer<ValidatingAdmissionPolicyBinding>(BINDINGS);
    },
  };
  const mutatingPolicySources: MutatingPolicySources = {
    client,
    get policies() {
      return informer<MutatingAdmissionPolicy>(MUTATING_POLICIES);
    },
    get bindings() {
      return informer<MutatingAdmissionPolicyBinding>(MUTATING_BINDINGS);
    },
  };
  const webhookSources: WebhookSources = {
    get mutating() {
      return informer<WebhookConfiguration>(MUTATING_WEBHOOKS);
    },
    get validating() {
      return informer<WebhookConfiguration>(VALIDATING_WEBHOOKS);
    },
  };
  const urlPrefix = options.urlPrefix ?? ((workspace) => (profile === 'hub' ? `/clusters/${workspace}` : ''));
  return {
    handle: createHandle(core, {
      nonResource: createNonResource(core, urlPrefix),
      gracePeriod,
      handlers: new Map(Object.entries({ ...options.virtual, ...options.subresourceHandlers })),
      random: Math.random,
    }),
    client,
    informer,
    catalog,
    core,
    async close() {
      stop.abort();
      ranges.close();
      webhooks.close();
      await feed.close();
    },
  };
}

const MASTERS_ONLY: Authorize = async (_, { user }) => ({
  allowed: user.groups.includes('system:masters'),
  reason: '',
});

/** apimachinery `util/rand`: no vowels, nothing that looks alike. */
const SUFFIX_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const nameSuffix = (): string =>
  Array.from({ length: 5 }, () => SUFFIX_ALPHABET[randomInt(SUFFIX_ALPHABET.length)]).join('');

async function ensureRoot(core: HubCore, profile: Profile): Promise<void> {
  const system = ['kube-system', 'kube-public', 'kube-node-lease'];
  const operations = await missingOperations(core, ofWorkspace(ROOT_WORKSPACE, profile === 'cluster' ? system : []));
  if (operations.length > 0) await core.store.commit(operations);
}

const NO_GRACE: GracePeriod = () => undefined;
const DEFAULT_POD_GRACE_SECONDS = 30;

/** A pod that runs on a node gets time to stop; one that never got a node goes at once (core/pod strategy). */
const podGracePeriod: GracePeriod = ({ definition: { info } }, object) => {
  if (info.group !== '' || info.resource !== 'pods') return undefined;
  const spec = object.spec as { nodeName?: string; terminationGracePeriodSeconds?: number } | undefined;
  const { phase } = (object.status ?? {}) as { phase?: string };
  if (!spec?.nodeName || phase === 'Succeeded' || phase === 'Failed') return 0;
  return Number(spec.terminationGracePeriodSeconds ?? DEFAULT_POD_GRACE_SECONDS);
};
