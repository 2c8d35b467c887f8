/**
 * Undoes a join, in order: the registration goes, so that nothing more is placed; with an administrator's kubeconfig what was
 * placed in the cluster is removed, and then what joining made there. Every step may be repeated.
 */

import { connect, endpointFrom, HUB_NAMESPACE, type JoinOptions, secretName } from './join.ts';
import { JoinError } from './join-calls.ts';
import { joinManifests } from './join-manifests.ts';
import { CLUSTER_REGISTRATIONS, SECRETS } from './kinds.ts';
import { removePlaced } from './remove-placed.ts';

export interface LeaveOptions extends Omit<JoinOptions, 'kubeconfig' | 'mode' | 'spec'> {
  /** Without it nothing is removed in the cluster. */
  readonly kubeconfig?: string;
  /** What was placed stays, and is the cluster's from then on. */
  readonly orphan?: boolean;
}

/**
 * What is already gone is no error, as long as the cluster can be asked for the rest: a registration that is not there, and no
 * kubeconfig, is a name that was mistyped. Throws JoinError; ApiError where the hub refuses.
 */
export async function leaveCluster(options: LeaveOptions): Promise<void> {
  const { hub, workspace, name, kubeconfig, orphan = false, onStep = () => undefined } = options;
  const source = kubeconfig === undefined ? undefined : { ...options, kubeconfig, intent: 'leave' as const };
  // Before anything is undone: a kubeconfig that does not work must not leave half of it behind.
  const cluster = source && (await connect(source, await endpointFrom(source)));
  try {
    await cluster?.call('GET', '/version', 'ask for the version');
    const registered = (await hub.get({ ...CLUSTER_REGISTRATIONS, workspace, name })) !== undefined;
    if (!registered && cluster === undefined)
      throw new JoinError(`Cluster "${name}" is not registered in ${workspace}`);
    await hub.delete({ ...CLUSTER_REGISTRATIONS, workspace, name });
    await hub.delete({ ...SECRETS, workspace, namespace: HUB_NAMESPACE, name: secretName(name) });
    onStep(registered ? `removed ${name} from ${workspace}` : `${name} is not registered in ${workspace} any more`);
    if (cluster === undefined) {
      onStep('without --kubeconfig nothing was removed in the cluster');
      return;
    }
    if (orphan) onStep('what was placed in the cluster stays there');
    else await removePlaced(cluster, { workspace, name, onStep, ...(options.signal && { signal: options.signal }) });
    for (const manifest of joinManifests({ impersonateUsers: false }).reverse()) {
      if (await cluster.remove(manifest)) onStep(`deleted ${manifest.what}`);
    }
  } finally {
    cluster?.close();
  }
}
