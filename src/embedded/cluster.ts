/**
 * One simulated cluster: the hub's own API server in its `cluster` profile, and a few controllers that pretend pods run.
 * The product reaches it over HTTP like any other cluster; nothing else here is shared with it.
 */
import { setMaxListeners } from 'node:events';
import type { HubClient, HubInformer } from '../hub/client.ts';
import { createHub } from '../hub/hub.ts';
import { openSqliteStore } from '../hub/store/sqlite.ts';
import type { ApiHandler, ApiRequest } from '../kube/api.ts';
import type { KubeObject } from '../kube/object.ts';
import type { GroupResource } from '../kube/resource.ts';
import { notFound } from '../kube/status.ts';
import { type Clock, systemClock } from '../reconcile/clock.ts';
import type { Logger } from '../reconcile/logger.ts';
import { ContainerRuntime } from './container-runtime.ts';
import type { EmbeddedContext } from './context.ts';
import { daemonSetController } from './daemonset-controller.ts';
import { deploymentController } from './deployment-controller.ts';
import { startEndpointsController } from './endpoints-controller.ts';
import { jobController } from './job-controller.ts';
import { startKubelet } from './kubelet.ts';
import { ensureNodes } from './nodes.ts';
import { evictPod } from './pod-eviction.ts';
import { podStreams, type SubresourceHandler } from './pod-streams.ts';
import { replicaSetController } from './replicaset-controller.ts';
import { startScheduler } from './scheduler.ts';
import { statefulSetController } from './statefulset-controller.ts';
import { CLUSTER_WORKSPACE, PODS, type Pod } from './types.ts';
import { startWorkloadController } from './workload-controller.ts';

export interface EmbeddedClusterOptions {
  readonly name: string;
  /** SQLite file, or `:memory:`. */
  readonly file: string;
  readonly nodes: number;
  /** Given to every node, e.g. topology. */
  readonly nodeLabels?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  readonly log: Logger;
}

export interface EmbeddedCluster {
  readonly name: string;
  /** The cluster's API at its root, to be served by a listener. */
  readonly handle: ApiHandler;
  /** Reads of its own store, for its authorizer. */
  readonly client: HubClient;
  close(): Promise<void>;
}

export async function startEmbeddedCluster(options: EmbeddedClusterOptions): Promise<EmbeddedCluster> {
  const { name, clock = systemClock, log } = options;
  const store = openSqliteStore(options.file);
  const runtime = new ContainerRuntime(name);
  const stop = new AbortController();
  // Every controller listens to it.
  setMaxListeners(0, stop.signal);
  const streams = podStreams(runtime);
  const hub = await createHub({
    store,
    profile: 'cluster',
    clock,
    log,
    subresourceHandlers: {
      ...Object.fromEntries(
        Object.entries(streams).map(([key, handler]) => [`-/${key}`, (request) => onPod(request, handler)]),
      ),
      '-/pods/eviction': (request) => onPod(request, evictPod(context)),
    } satisfies Record<string, ApiHandler>,
  });
  const context: EmbeddedContext = {
    clusterName: name,
    cluster: hub.client,
    informer: <T extends KubeObject>(resource: GroupResource): HubInformer<T> => hub.informer<T>(resource),
    clock,
    log,
    signal: stop.signal,
  };

  async function onPod(request: ApiRequest, handler: SubresourceHandler) {
    const { namespace, name: podName } = request.info;
    const pod = await hub.client.get<Pod>({ ...PODS, workspace: CLUSTER_WORKSPACE, namespace, name: podName });
    if (pod === undefined) throw notFound(PODS, podName);
    return handler(request, pod);
  }

  await ensureNodes(context, options.nodes, options.nodeLabels ?? {});
  startScheduler(context);
  startKubelet(context, runtime);
  startEndpointsController(context);
  startWorkloadController(context, deploymentController);
  startWorkloadController(context, replicaSetController);
  startWorkloadController(context, statefulSetController);
  startWorkloadController(context, daemonSetController);
  startWorkloadController(context, jobController);
  return {
    name,
    handle: hub.handle,
    client: hub.client,
    async close() {
      stop.abort();
      await hub.close();
      await store.close();
    },
  };
}
