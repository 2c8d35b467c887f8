/** The view of real clusters that are joined to a hub of the test's own: their namespaces are shown as they are. */
import { readFileSync } from 'node:fs';
import { joinCluster } from '../../src/clusters/join.ts';
import { startRegistrationController } from '../../src/clusters/registration-controller.ts';
import { createClusterRegistry } from '../../src/clusters/registry.ts';
import { createHub } from '../../src/hub/hub.ts';
import { openSqliteStore } from '../../src/hub/store/sqlite.ts';
import { systemClock } from '../../src/reconcile/clock.ts';
import { silentLogger } from '../../src/reconcile/logger.ts';
import type { KubeCluster } from '../kube/kube-cluster.ts';
import { waitFor } from '../support/wait-for.ts';
import { type ViewHarness, viewOver } from './view-harness.ts';

export interface RealView {
  readonly view: ViewHarness;
  /** The hub and what it holds of the clusters; these go on. */
  close(): Promise<void>;
}

/** Resolves when all are healthy and have told what they serve. */
export async function viewOfClusters(clusters: readonly KubeCluster[]): Promise<RealView> {
  const stop = new AbortController();
  const hub = await createHub({ store: openSqliteStore(':memory:'), profile: 'hub' });
  const registry = createClusterRegistry({ hub, clock: systemClock, log: silentLogger });
  startRegistrationController({ hub, registry, signal: stop.signal, log: silentLogger });
  for (const { name, kubeconfigPath } of clusters) {
    await joinCluster({
      hub: hub.client,
      workspace: 'root',
      name,
      kubeconfig: readFileSync(kubeconfigPath, 'utf8'),
      spec: { namespaceMapping: 'Identity' },
    });
  }
  const view = viewOver(hub, registry);
  await waitFor('all to be known', () =>
    clusters.every(({ name }) => {
      const downstream = registry.get('root', name);
      return downstream?.health().state === 'Healthy' && downstream.discovery() !== undefined;
    }),
  );
  return {
    view,
    async close() {
      stop.abort();
      await view.close();
      await registry.close();
      await hub.close();
    },
  };
}
