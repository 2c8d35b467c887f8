/** What controllers hold of a view, compared with what the clusters themselves say is there. */
import { foldUid } from '../../src/aggregate/fold.ts';
import { COPY_UID_ANNOTATION } from '../../src/hub/kinds/workload.ts';
import type { KubeObject } from '../../src/kube/object.ts';
import type { ApiClient } from '../kube/api-client.ts';
import type { RunningInformers } from '../kube/informer.ts';
import { VIEW } from './joined-clusters.ts';
import { waitFor } from './wait-for.ts';

/** What is there, by uid: where, and under which name. */
type Objects = ReadonlyMap<string, string>;

async function objectsOf(client: ApiClient, path: string, inWorkspace: boolean): Promise<[string, string][]> {
  const { items } = await client.fetchOk<{ items: KubeObject[] }>(path);
  return items
    .filter(({ metadata }) => !inWorkspace || metadata.namespace?.startsWith('kcp-'))
    .map(({ metadata }) => [uidShown(path, metadata), `${client.url} ${metadata.namespace}/${metadata.name}`]);
}

const SETS = { group: 'apps', resource: 'replicasets' };

/** What several clusters made of one authored Deployment's template is one object. */
function uidShown(path: string, { uid = '', name = '', annotations = {} }: KubeObject['metadata']): string {
  const authored = annotations[COPY_UID_ANNOTATION];
  return path.endsWith('/replicasets') && authored !== undefined ? foldUid(authored, SETS, name) : uid;
}

/** By resource, all that a workspace that has these clusters to itself must show. */
async function union(admin: ApiClient, clusters: readonly ApiClient[]): Promise<Readonly<Record<string, Objects>>> {
  const everywhere = async (path: string, inWorkspace: boolean): Promise<Objects> =>
    new Map((await Promise.all(clusters.map((cluster) => objectsOf(cluster, path, inWorkspace)))).flat());
  const authored = async (path: string): Promise<Objects> => new Map(await objectsOf(admin, VIEW + path, false));
  return {
    pods: await everywhere('/api/v1/pods', true),
    replicasets: await everywhere('/apis/apps/v1/replicasets', true),
    nodes: await everywhere('/api/v1/nodes', false),
    // These are the hub's, or of both: a list of now is what a store must come to.
    deployments: await authored('/apis/apps/v1/deployments'),
    configmaps: await authored('/api/v1/configmaps'),
  };
}

/** Waits until every store holds exactly what is there, by uid, each once. Throws Error with the differences. */
export async function untilStoresEqual(
  informers: RunningInformers,
  admin: ApiClient,
  clusters: readonly ApiClient[],
): Promise<void> {
  let different: string[] = [];
  const equal = async (): Promise<boolean> => {
    const wanted = await union(admin, clusters);
    const stores = Object.entries(await informers.stores());
    different = stores.flatMap(([name, { objects }]) => {
      const there = wanted[name.slice(name.indexOf(':') + 1)] ?? new Map();
      const held = new Set(Object.values(objects));
      const missing = [...there].filter(([uid]) => !held.has(uid));
      const wrong = Object.entries(objects).filter(([, uid]) => !there.has(uid));
      if (missing.length === 0 && wrong.length === 0 && held.size === Object.keys(objects).length) return [];
      return [`${name}: lacks ${missing.join(' ') || 'nothing'}, has too many: ${wrong.join(' ') || 'none'}`];
    });
    return different.length === 0;
  };
  await waitFor('the stores to hold the union', equal, { timeoutMs: 60_000, intervalMs: 500 }).catch((error) => {
    throw new Error([(error as Error).message, ...different, informers.log().slice(-8_000)].join('\n'));
  });
}
