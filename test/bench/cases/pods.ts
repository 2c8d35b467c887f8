/** A gateway of its own that caches 100,000 pods of ten clusters (fakes, over HTTP): what its process holds. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type RunningGateway, runGateway } from '../../support/run-gateway.ts';
import { startFakePods } from '../fake-pods.ts';
import { type Client, createClient } from '../load.ts';
import { processFacts } from '../process-facts.ts';
import type { Row } from '../report.ts';
import { CONNECTIONS, type Rig, subjectOf } from '../rig.ts';

const CLUSTERS = 10;
const PODS_EACH = 10_000;
const PATIENCE_MS = 180_000;
const SETTLE_MS = 5_000;

export async function podsCase(rig: Pick<Rig, 'progress'>): Promise<Row[]> {
  const directory = mkdtempSync(join(tmpdir(), 'tmc-bench-'));
  rig.progress(`caching ${CLUSTERS * PODS_EACH} pods of ${CLUSTERS} clusters`);
  const names = Array.from({ length: CLUSTERS }, (_, index) => `fake-${index}`);
  const fakes = await Promise.all(names.map((name) => startFakePods(directory, name, PODS_EACH)));
  const joins = fakes.flatMap(({ kubeconfigPath }, index) => ['--join', `${names[index]}=${kubeconfigPath}`]);
  const gateway = await runGateway({ built: true, args: ['--clusters', 'none', '--no-sample', ...joins] });
  const view = createClient(subjectOf(gateway, 'gateway'), CONNECTIONS);
  try {
    await shareNamespaces(gateway, names);
    await untilCached(view);
    await sleep(SETTLE_MS);
    const { residentMegabytes } = await processFacts(view);
    const what = '100,000 pods of 10 clusters (fakes over HTTP) cached: memory';
    return [{ what, unit: 'MB', ours: residentMegabytes, wanted: '≤ 700' }];
  } finally {
    await view.close();
    await gateway.stop();
    for (const fake of fakes) fake.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The workspace sees the clusters' own namespaces: nothing has to be placed before. */
async function shareNamespaces(gateway: RunningGateway, names: readonly string[]): Promise<void> {
  const subject = subjectOf(gateway, 'registrations');
  const root = createClient({ ...subject, prefix: '/clusters/root', contentType: 'application/merge-patch+json' }, 1);
  try {
    for (const name of names) {
      const path = `/apis/tmc.kcp.io/v1alpha1/clusterregistrations/${name}`;
      await root.send('PATCH', path, JSON.stringify({ spec: { namespaceMapping: 'Identity' } }));
    }
  } finally {
    await root.close();
  }
}

async function untilCached(view: Client): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const pods = await count(view);
    if (pods >= CLUSTERS * PODS_EACH) return;
    if (Date.now() > deadline) throw new Error(`${pods} of ${CLUSTERS * PODS_EACH} pods are in the view`);
    await sleep(1_000);
  }
}

async function count(view: Client): Promise<number> {
  const bytes = await view.send('GET', '/api/v1/namespaces/default/pods');
  let found = 0;
  for (let at = bytes.indexOf('"nodeName":'); at >= 0; at = bytes.indexOf('"nodeName":', at + 1)) found++;
  return found;
}
