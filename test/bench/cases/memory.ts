/** A gateway of its own with 10,000 workspaces, first empty, then with ten objects each: what its process holds. */
import { setTimeout as sleep } from 'node:timers/promises';
import { runGateway } from '../../support/run-gateway.ts';
import { type Client, createClient, measure } from '../load.ts';
import { configMap } from '../objects.ts';
import { processFacts } from '../process-facts.ts';
import type { Row } from '../report.ts';
import { CONNECTIONS, type Rig, subjectOf } from '../rig.ts';

const WORKSPACES = 10_000;
const OBJECTS_EACH = 10;
const WRITERS = 32;
const WORKSPACE_PATH = '/clusters/root/apis/tenancy.kcp.io/v1alpha1/workspaces';
const PATIENCE_MS = 120_000;
/** Until what the writing itself needed is given back. */
const SETTLE_MS = 5_000;

export async function memoryCase(rig: Pick<Rig, 'progress'>): Promise<Row[]> {
  const gateway = await runGateway({ built: true, args: ['--clusters', 'none', '--no-sample'] });
  const client = createClient({ ...subjectOf(gateway, 'gateway'), prefix: '' }, CONNECTIONS);
  try {
    rig.progress(`creating ${WORKSPACES} workspaces`);
    await measure({ workers: WRITERS, count: WORKSPACES }, (index) =>
      client.send('POST', WORKSPACE_PATH, JSON.stringify(workspace(`w${index}`))),
    );
    await untilReady(client);
    const empty = await settled(client);
    rig.progress(`creating ${WORKSPACES * OBJECTS_EACH} objects in them`);
    await measure({ workers: WRITERS, count: WORKSPACES * OBJECTS_EACH }, (index) =>
      client.send('POST', pathIn(index % WORKSPACES), JSON.stringify(configMap(`m-${index}`))),
    );
    const full = await settled(client);
    const restarted = await afterRestart(gateway);
    return [
      { what: '10,000 workspaces, empty: memory', unit: 'MB', ours: empty },
      { what: '100,000 objects over 10,000 workspaces, just written: memory', unit: 'MB', ours: full, wanted: '≤ 500' },
      { what: 'the same after a restart', unit: 'MB', ours: restarted, wanted: '≤ 500' },
    ];
  } finally {
    await client.close();
    await gateway.stop();
  }
}

const workspace = (name: string): object => ({
  apiVersion: 'tenancy.kcp.io/v1alpha1',
  kind: 'Workspace',
  metadata: { name },
  spec: {},
});

const pathIn = (index: number): string => `/clusters/root:w${index}/api/v1/namespaces/default/configmaps`;

async function untilReady(client: Client): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const { items } = JSON.parse((await client.send('GET', WORKSPACE_PATH)).toString()) as {
      items: { status?: { phase?: string } }[];
    };
    const ready = items.filter(({ status }) => status?.phase === 'Ready').length;
    if (ready >= WORKSPACES) return;
    if (Date.now() > deadline) throw new Error(`${ready} of ${WORKSPACES} workspaces are ready`);
    await sleep(500);
  }
}

async function settled(client: Client): Promise<number> {
  await sleep(SETTLE_MS);
  return (await processFacts(client)).residentMegabytes;
}

async function afterRestart(gateway: Awaited<ReturnType<typeof runGateway>>): Promise<number> {
  await gateway.kill('SIGTERM');
  const again = await gateway.restart();
  const client = createClient({ ...subjectOf(again, 'gateway'), prefix: '' }, 1);
  try {
    return await settled(client);
  } finally {
    await client.close();
    await again.stop();
  }
}
