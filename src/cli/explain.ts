/** `tmc explain`: where a workload is placed, and why; what a policy would change. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { KubeObject } from '../kube/object.ts';
import type { Explanation } from '../placement/explain.ts';
import type { PlacementReview } from '../placement/placement-review.ts';
import type { Rehearsal, Whereabouts } from '../placement/rehearse.ts';
import { connectGateway, type Gateway, type GatewayOptions } from './gateway.ts';
import { printTable } from './print-table.ts';
import { UsageError } from './usage-error.ts';

const REVIEWS = { group: 'placement.kcp.io', resource: 'placementreviews' };

interface ResourceList {
  readonly groupVersion: string;
  readonly resources: readonly { name: string; singularName: string; kind: string; shortNames?: string[] }[];
}

export interface ExplainOptions extends GatewayOptions {
  readonly namespace: string;
  /** A file with a Placement or WorkloadPlacement that is not there yet. */
  readonly policy?: string;
}

/** Without a subject: everything that the policy would change. */
export async function explain(subject: string | undefined, options: ExplainOptions): Promise<void> {
  const policy = options.policy === undefined ? {} : { policy: readPolicy(options.policy) };
  const [type = '', name = ''] = subject?.split('/') ?? [];
  if (subject === undefined && options.policy === undefined)
    throw new UsageError('nothing is asked about', 'for example: tmc explain deployment/web, or: --policy policy.yaml');
  if (subject !== undefined && name === '')
    throw new UsageError(`"${subject}" names no object`, 'for example: tmc explain deployment/web');
  const gateway = await connectGateway(options);
  try {
    const about =
      subject === undefined ? {} : { ...(await findResource(gateway, type)), namespace: options.namespace, name };
    const { status } = await gateway.hub.create<PlacementReview>(gateway.workspace, REVIEWS, {
      apiVersion: 'placement.kcp.io/v1alpha1',
      kind: 'PlacementReview',
      metadata: {},
      spec: { ...about, ...policy },
    });
    process.stdout.write(`${status?.summary}\n`);
    if (status !== undefined && 'clusters' in status) printClusters(status);
    else if (status !== undefined) printChanges(status);
  } finally {
    await gateway.close();
  }
}

function readPolicy(file: string): KubeObject {
  try {
    return parse(readFileSync(file, 'utf8')) as KubeObject;
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function printClusters({ clusters }: Explanation): void {
  if (clusters.length === 0) return;
  process.stdout.write('\n');
  printTable(
    ['CLUSTER', 'CHOSEN', 'WHY'],
    clusters.map(({ name, chosen, reason }) => [name, chosen ? 'yes' : 'no', reason]),
  );
}

function printChanges({ changes, more }: Rehearsal): void {
  if (changes.length === 0) return;
  process.stdout.write('\n');
  printTable(
    ['NAMESPACE', 'OBJECT', 'NOW', 'THEN'],
    changes.map(({ namespace, resource, name, before, after }) => [
      namespace,
      `${resource}/${name}`,
      places(before),
      places(after),
    ]),
  );
  if (more > 0) process.stdout.write(`and ${more} more\n`);
}

/** `east 2, west 1` */
function places(whereabouts: Whereabouts): string {
  const all = Object.entries(whereabouts).map(([cluster, replicas]) =>
    replicas === null ? cluster : `${cluster} ${replicas}`,
  );
  return all.length === 0 ? 'nowhere' : all.join(', ');
}

/** Plural, singular, short name or kind, as kubectl takes them; the workspace's discovery knows. */
async function findResource(gateway: Gateway, type: string): Promise<{ group: string; resource: string }> {
  const root = `/clusters/${gateway.workspace}`;
  const { status, body } = await gateway.getJson(`${root}/apis`);
  if (status !== 200) throw new Error((body as { message?: string }).message ?? `discovery answered ${status}`);
  const { groups } = body as { groups: { preferredVersion: { groupVersion: string } }[] };
  const paths = ['/api/v1', ...groups.map(({ preferredVersion }) => `/apis/${preferredVersion.groupVersion}`)];
  for (const path of paths) {
    const { groupVersion, resources } = (await gateway.getJson(root + path)).body as ResourceList;
    const wanted = type.toLowerCase();
    const found = resources.find(
      ({ name, singularName, kind, shortNames = [] }) =>
        !name.includes('/') && [name, singularName, kind.toLowerCase(), ...shortNames].includes(wanted),
    );
    if (found)
      return { group: groupVersion.includes('/') ? (groupVersion.split('/')[0] as string) : '', resource: found.name };
  }
  throw new UsageError(
    `the workspace ${gateway.workspace} has no resource type "${type}"`,
    'see: kubectl api-resources',
  );
}
