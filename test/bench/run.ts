/** `npm run bench [-- case…]`: starts the rig, runs the cases in order, prints the table and writes docs/benchmarks.md. */
import { fileURLToPath } from 'node:url';
import { ensureKubeAssets } from '../kube/assets.ts';
import { createCase } from './cases/create.ts';
import { getCase } from './cases/get.ts';
import { hubListCase } from './cases/hub-list.ts';
import { lagCase } from './cases/lag.ts';
import { listCase } from './cases/list.ts';
import { memoryCase } from './cases/memory.ts';
import { passThroughCase } from './cases/pass-through.ts';
import { podsCase } from './cases/pods.ts';
import { syncCase } from './cases/sync.ts';
import { watchCase } from './cases/watch.ts';
import { watchersCase } from './cases/watchers.ts';
import { manyClustersFact } from './many-clusters-fact.ts';
import { placementFact } from './placement-fact.ts';
import { markdown, type Row, writeReport } from './report.ts';
import { placeEverywhere, type Rig, startRig } from './rig.ts';

const CASES: Readonly<Record<string, (rig: Rig) => Promise<Row[]>>> = {
  'hub-list': hubListCase,
  create: createCase,
  // Before whatever else asks for pods through the view: its first list is to find their caches cold.
  list: listCase,
  get: getCase,
  'pass-through': passThroughCase,
  watch: watchCase,
  sync: syncCase,
  lag: lagCase,
  watchers: watchersCase,
  memory: memoryCase,
  pods: podsCase,
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !Object.hasOwn(CASES, name));
if (unknown.length > 0 || asked.includes('--help')) {
  console.error(`usage: npm run bench [-- ${Object.keys(CASES).join('|')} …]\nruns all cases when none is named`);
  process.exit(unknown.length > 0 ? 2 : 0);
}

const progress = (line: string): void => console.log(`· ${line}`);
await ensureKubeAssets(progress);
const rig = await startRig(progress);
const rows: Row[] = [];
try {
  await placeEverywhere(rig);
  for (const name of asked.length > 0 ? asked : Object.keys(CASES)) {
    progress(name);
    rows.push(...(await (CASES[name] as (typeof CASES)[string])(rig)));
  }
} finally {
  await rig.close();
}
console.log(markdown(rows, []));
// A run of some cases must not replace the figures of all.
if (asked.length === 0) {
  const file = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url));
  writeReport(file, rows, [
    `date: ${new Date().toISOString().slice(0, 10)}`,
    placementFact(),
    await manyClustersFact(),
  ]);
  console.log(`written to ${file}`);
}
