/** `tmc explain`: where a workload is placed, and why. */
import type { PlacementReview } from '../placement/placement-review.ts';
import { connectGateway, type Gateway, type GatewayOptions } from './gateway.ts';
import { printTable } from './print-table.ts';
import { UsageError } from './usage-error.ts';

const REVIEWS = { group: 'placement.kcp.io', resource: 'placementreviews' };

interface ResourceList {
  readonly groupVersion: string;
  readonly resources: readonly { name: string; singularName: string; kind: string; shortNames?: string[] }[];
}

export async function explain(subject: string, options: GatewayOptions & { namespace: string }): Promise<void> {
  const [type = '', name = ''] = subject.split('/');
  if (name === '') throw new UsageError(`"${subject}" names no object`, 'for example: tmc explain deployment/web');
  const gateway = await connectGateway(options);
  try {
    const { group, resource } = await findResource(gateway, type);
    const review = await gateway.hub.create<PlacementReview>(gateway.workspace, REVIEWS, {
      apiVersion: 'placement.kcp.io/v1alpha1',
      kind: 'PlacementReview',
      metadata: {},
      spec: { group, resource, namespace: options.namespace, name },
    });
    process.stdout.write(`${review.status?.summary}\n`);
    const clusters = review.status?.clusters ?? [];
    if (clusters.length === 0) return;
    process.stdout.write('\n');
    printTable(
      ['CLUSTER', 'CHOSEN', 'WHY'],
      clusters.map(({ name: cluster, chosen, reason }) => [cluster, chosen ? 'yes' : 'no', reason]),
    );
  } finally {
    await gateway.close();
  }
}

/** Plural, singular, short name or kind, as kubectl takes them; the workspace's discovery knows. */
async function findResource(gateway: Gateway, type: string): Promise<{ group: string; resource: string }> {
  const root = `/clusters/${gateway.workspace}`;
  const { body } = await gateway.getJson(`${root}/apis`);
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
