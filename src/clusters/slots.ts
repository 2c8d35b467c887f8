/**
 * A cluster's slot: the low bits of every resourceVersion that comes from it, so unique over the whole hub and kept.
 *
 * Each slot is a Lease named for its number: creating it is the claim, which two replicas cannot both win. A released
 * Lease stays behind: versions that clients still hold must not come to mean another cluster, so slots that were never
 * used are given first, then the one that was released longest ago.
 */
import type { HubClient } from '../hub/client.ts';
import type { KubeObject } from '../kube/object.ts';
import { ApiError } from '../kube/status.ts';
import { MAX_SLOT } from './desired-connection.ts';
import { LEASES, NAMESPACES } from './kinds.ts';

interface SlotLease extends KubeObject {
  spec: { holderIdentity?: string; renewTime?: string };
}

export interface SlotHolder {
  readonly workspace: string;
  readonly name: string;
  readonly uid: string;
}

export interface SlotAllocator {
  /** The holder's slot; the same one when it is asked again. Throws Error when all 16381 are held. */
  claim(holder: SlotHolder): Promise<number>;
  /** Frees the slots of all registrations of that name but `keepUid`. */
  release(workspace: string, name: string, keepUid?: string): Promise<void>;
}

export interface SlotAllocatorOptions {
  readonly client: Pick<HubClient, 'get' | 'list' | 'create' | 'update'>;
  readonly now: () => number;
  /** Slots that registrations hold in their status, whether or not a Lease says so. */
  readonly heldSlots: () => Iterable<number>;
}

const HOME = 'root';
const NAMESPACE = 'tmc-system';
const SLOT_LABEL = 'tmc.kcp.io/cluster-slot';
const ATTEMPTS = 20;

export function createSlotAllocator({ client, now, heldSlots }: SlotAllocatorOptions): SlotAllocator {
  const leases = async (): Promise<SlotLease[]> => {
    const { items } = await client.list<SlotLease>(HOME, LEASES, { namespace: NAMESPACE, labelSelector: SLOT_LABEL });
    return items.map(({ object }) => object);
  };

  async function tryClaim(holder: SlotHolder): Promise<number | undefined> {
    const all = await leases();
    const identity = identityOf(holder);
    const own = all.find(({ spec }) => spec.holderIdentity === identity);
    if (own !== undefined) return slotOf(own);
    const held = new Set(heldSlots());
    const unused = firstUnused(new Set([...all.map(slotOf), ...held]));
    if (unused !== undefined) {
      return (await won(() => client.create(HOME, LEASES, newLease(unused, identity)))) ? unused : undefined;
    }
    const released = all
      .filter((lease) => !lease.spec.holderIdentity && !held.has(slotOf(lease)))
      .sort((a, b) => (a.spec.renewTime ?? '').localeCompare(b.spec.renewTime ?? ''))[0];
    if (released === undefined) throw new Error(`all ${MAX_SLOT} cluster slots are held`);
    const taken = { ...released, spec: { ...released.spec, holderIdentity: identity } };
    return (await won(() => client.update(HOME, LEASES, taken))) ? slotOf(released) : undefined;
  }

  return {
    async claim(holder) {
      await ensureNamespace(client);
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const slot = await tryClaim(holder);
        if (slot !== undefined) return slot;
      }
      throw new Error('too many others claim cluster slots at the same time');
    },
    async release(workspace, name, keepUid) {
      const prefix = identityOf({ workspace, name, uid: '' });
      for (const lease of await leases()) {
        const holder = lease.spec.holderIdentity ?? '';
        if (!holder.startsWith(prefix) || holder === prefix + keepUid) continue;
        const freed = { ...lease, spec: { ...lease.spec, holderIdentity: '', renewTime: microTime(now()) } };
        await client.update(HOME, LEASES, freed);
      }
    },
  };
}

/** Workspaces and names hold no `/`. */
const identityOf = ({ workspace, name, uid }: SlotHolder): string => `${workspace}/${name}/${uid}`;
const slotOf = (lease: SlotLease): number => Number(lease.metadata.labels?.[SLOT_LABEL]);
const microTime = (milliseconds: number): string => new Date(milliseconds).toISOString().replace('Z', '000Z');

function firstUnused(used: ReadonlySet<number>): number | undefined {
  for (let slot = 1; slot <= MAX_SLOT; slot++) if (!used.has(slot)) return slot;
  return undefined;
}

const newLease = (slot: number, holderIdentity: string): SlotLease => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name: `cluster-slot-${slot}`, namespace: NAMESPACE, labels: { [SLOT_LABEL]: String(slot) } },
  spec: { holderIdentity },
});

/** False when somebody else was faster. */
async function won(write: () => Promise<unknown>): Promise<boolean> {
  try {
    await write();
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.code === 409) return false;
    throw error;
  }
}

async function ensureNamespace(client: SlotAllocatorOptions['client']): Promise<void> {
  if (await client.get({ ...NAMESPACES, workspace: HOME, name: NAMESPACE })) return;
  await won(() =>
    client.create(HOME, NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } }),
  );
}
