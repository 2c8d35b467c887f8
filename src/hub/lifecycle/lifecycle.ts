/** The hub's own controllers: what happens to objects because of other objects, or of time. */
import type { HubCore } from '../core.ts';
import type { GracePeriod } from '../write/delete.ts';
import { catalogUpkeep, customResourceLifecycle } from './custom-resources.ts';
import { eventExpiry } from './event-expiry.ts';
import { garbageCollector } from './garbage-collector.ts';
import { namespaceLifecycle } from './namespaces.ts';
import { observeAll } from './observe.ts';
import { quotaLifecycle } from './quotas.ts';
import { workspaceLifecycle } from './workspaces.ts';

/** Resolves when all of them know the present state. */
export const startLifecycle = (core: HubCore, gracePeriod: GracePeriod, signal: AbortSignal): Promise<void> =>
  observeAll(
    core,
    [
      catalogUpkeep(core),
      customResourceLifecycle(core, gracePeriod, signal),
      namespaceLifecycle(core, gracePeriod, signal),
      workspaceLifecycle(core, gracePeriod, signal),
      garbageCollector(core, gracePeriod, signal),
      quotaLifecycle(core, signal),
      eventExpiry(core, signal),
    ],
    signal,
  );
