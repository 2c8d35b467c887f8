/** kill -9 at random points loses no acknowledged write and shows no half commit. `TMC_CRASH_RUNS=200` for the long version. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openSqliteStore } from '../../../src/hub/store/sqlite.ts';

const RUNS = Number(process.env.TMC_CRASH_RUNS ?? 4);

/** Answers the pairs that the child acknowledged, with their revisions. */
async function writeUntilKilled(path: string, run: number, ms: number): Promise<Map<string, bigint>> {
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', join(import.meta.dirname, 'crash-writer.ts'), path, `${run}`],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let output = '';
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    if (output === '') setTimeout(() => child.kill('SIGKILL'), ms);
    output += text;
  });
  await exited;
  // The last line may be cut; what follows the last newline was not told in full.
  const lines = output
    .slice(0, output.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '' && line !== 'ready');
  return new Map(
    lines.map((line): [string, bigint] => [line.split(' ')[0] as string, BigInt(line.split(' ')[1] as string)]),
  );
}

test(`acknowledged writes survive ${RUNS} kills`, { timeout: 60_000 + RUNS * 5_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tmc-crash-'));
  const path = join(folder, 'hub.db');
  const acknowledged = new Map<string, bigint>();
  for (let run = 0; run < RUNS; run++) {
    const told = await writeUntilKilled(path, run, 30 + Math.random() * 400);
    for (const [pair, revision] of told) acknowledged.set(pair, revision);
    const store = openSqliteStore(path, { integrityCheck: 'full' });
    const halves = new Map<string, Set<string>>();
    const revisions = new Map<string, bigint>();
    for (const { key, value, revision } of (await store.list('/root/-/configmaps/')).entries) {
      const [, , , , half = '', pair = ''] = key.split('/');
      expect(Buffer.from(value).toString().startsWith(`${pair} `)).toBe(true);
      halves.set(pair, (halves.get(pair) ?? new Set()).add(half));
      revisions.set(pair, revision);
    }
    const halved = [...halves].filter(([, present]) => present.size !== 2);
    expect(halved).toEqual([]);
    const lost = [...acknowledged].filter(([pair, revision]) => revisions.get(pair) !== revision);
    expect(lost).toEqual([]);
    await store.close();
  }
  expect(acknowledged.size).toBeGreaterThan(RUNS * 10);
  rmSync(folder, { recursive: true });
});
