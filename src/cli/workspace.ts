/** `tmc workspace create|list|delete`. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Workspace } from '../hub/kinds/workload.ts';
import { connectGateway, type GatewayOptions } from './gateway.ts';
import { printTable } from './print-table.ts';
import { UsageError } from './usage-error.ts';

const WORKSPACES = { group: 'tenancy.kcp.io', resource: 'workspaces' };
const POLL_MS = 200;
const PATIENCE_MS = 60_000;

export async function createWorkspace(name: string, options: GatewayOptions): Promise<void> {
  const { hub, workspace, close } = await connectGateway(options);
  try {
    await hub.create<Workspace>(workspace, WORKSPACES, {
      apiVersion: 'tenancy.kcp.io/v1alpha1',
      kind: 'Workspace',
      metadata: { name },
      spec: {},
    });
    const ref = { ...WORKSPACES, workspace, name };
    await until(`workspace ${workspace}:${name} is not ready yet`, async () => {
      return (await hub.get<Workspace>(ref))?.status?.phase === 'Ready';
    });
    process.stdout.write(`workspace ${workspace}:${name} is ready\n`);
    process.stdout.write(`  tmc kubeconfig --workspace ${workspace}:${name} --output ${name}.kubeconfig\n`);
  } finally {
    await close();
  }
}

export async function listWorkspaces(options: GatewayOptions): Promise<void> {
  const { hub, workspace, close } = await connectGateway(options);
  try {
    const { items } = await hub.list<Workspace>(workspace, WORKSPACES);
    if (items.length === 0) process.stdout.write(`no workspaces below ${workspace}\n`);
    else {
      printTable(
        ['NAME', 'PATH', 'PHASE', 'CREATED'],
        items.map(({ object }) => [
          object.metadata.name ?? '',
          `${workspace}:${object.metadata.name}`,
          object.metadata.deletionTimestamp ? 'Deleting' : (object.status?.phase ?? ''),
          object.metadata.creationTimestamp ?? '',
        ]),
      );
    }
  } finally {
    await close();
  }
}

export async function deleteWorkspace(name: string, options: GatewayOptions): Promise<void> {
  const { hub, workspace, close } = await connectGateway(options);
  const ref = { ...WORKSPACES, workspace, name };
  try {
    if (!(await hub.get(ref)))
      throw new UsageError(`there is no workspace ${workspace}:${name}`, 'see: tmc workspace list');
    await hub.delete(ref);
    await until(`workspace ${workspace}:${name} still empties: something it placed is not confirmed gone`, async () => {
      return (await hub.get(ref)) === undefined;
    });
    process.stdout.write(`workspace ${workspace}:${name} is gone\n`);
  } finally {
    await close();
  }
}

/** Asks until it is so. Throws UsageError with what is still missing when patience ends. */
async function until(missing: string, holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (Date.now() > deadline)
      throw new UsageError(missing, 'it goes on in the background; look again with: tmc workspace list');
    await sleep(POLL_MS);
  }
}
