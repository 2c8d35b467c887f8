/** kill -9 at random points loses no acknowledged write and shows no half transaction. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { bundleWriter, inspect, startWriter } from './writer-process.ts';

const RUNS = Number(process.env.TMC_CRASH_RUNS ?? 60);
/** Runs on one file: the store grows over them, and starts over soon enough to be read quickly. */
const RUNS_PER_STORE = 8;
const LANES = 2;
/** A kill is survived by the page cache, not by the disk: most runs do not wait for one. */
const MEMORY = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const folderOf = (store: number): string => (store % 5 === 0 ? tmpdir() : MEMORY);

async function crashes(script: string, folder: string, runs: number): Promise<number> {
  const path = join(folder, 'hub.db');
  const acknowledged = new Map<string, bigint>();
  for (let run = 0; run < runs; run++) {
    const writer = startWriter(script, path, run);
    await writer.ready;
    await sleep(Math.random() * 80);
    writer.child.kill('SIGKILL');
    await writer.ended;
    expect(writer.refused).toEqual([]);
    for (const [pair, revision] of writer.acknowledged) acknowledged.set(pair, revision);
    expect(await inspect(path, acknowledged)).toEqual({ broken: [], lost: [] });
  }
  return acknowledged.size;
}

test(`acknowledged writes survive ${RUNS} kills`, { timeout: 60_000 + RUNS * 1_000 }, async () => {
  const script = await bundleWriter();
  const stores = Array.from({ length: Math.ceil(RUNS / RUNS_PER_STORE) }, (_, index) => index);
  let survived = 0;
  const lane = async (): Promise<void> => {
    for (let index = stores.shift(); index !== undefined; index = stores.shift()) {
      const folder = mkdtempSync(join(folderOf(index), 'tmc-crash-'));
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      survived += await crashes(script, folder, Math.min(RUNS_PER_STORE, RUNS - index * RUNS_PER_STORE));
      rmSync(folder, { recursive: true });
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  expect(survived).toBeGreaterThan(RUNS * 10);
});
