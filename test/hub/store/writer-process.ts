/** A process of its own that writes a store (crash-writer.ts), bundled once so that it starts in a tenth of a second. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { onTestFinished } from 'vitest';
import { openSqliteStore } from '../../../src/hub/store/sqlite.ts';

/** Bundles the script beside the installed packages, which it imports. Removed after the test. */
export async function bundleWriter(): Promise<string> {
  const modules = dirname(dirname(createRequire(import.meta.url).resolve('libsql')));
  const folder = join(modules, '.cache', `tmc-writer-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const outfile = join(folder, 'crash-writer.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'crash-writer.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    packages: 'external',
    logLevel: 'warning',
  });
  return outfile;
}

export interface WriterProcess {
  readonly child: ChildProcess;
  /** Resolves when it writes. */
  readonly ready: Promise<void>;
  /** Pairs that it was told are written, with their revisions. */
  readonly acknowledged: Map<string, bigint>;
  /** Messages of refused writes. */
  readonly refused: string[];
  /** Resolves when it ended, with all of its output read. */
  readonly ended: Promise<void>;
}

/** Starts the writer; `run` makes its pairs' names differ from other runs'. */
export function startWriter(script: string, path: string, run: number, writers = 16): WriterProcess {
  const child = spawn(process.execPath, [script, path, `${run}`, `${writers}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const acknowledged = new Map<string, bigint>();
  const refused: string[] = [];
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  let rest = '';
  const ready = new Promise<void>((resolve, reject) => {
    child.once('close', () => reject(new Error('the writer ended before it wrote')));
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      // What follows the last newline was not told in full.
      rest = lines.pop() as string;
      for (const line of lines) {
        const [what, pair = '', revision = ''] = line.split(' ');
        if (what === 'ready') resolve();
        else if (what === 'wrote') acknowledged.set(pair, BigInt(revision));
        else refused.push(line);
      }
    });
  });
  ready.catch(() => undefined);
  return { child, ready, acknowledged, refused, ended };
}

export interface Findings {
  /** Pairs of which one half is missing, or whose halves are not of one transaction, or hold what was not written. */
  readonly broken: string[];
  /** Acknowledged and not there as it was acknowledged. */
  readonly lost: string[];
}

/** Opens the store as a start would, checks it in full, and compares it with what was acknowledged. */
export async function inspect(path: string, acknowledged: ReadonlyMap<string, bigint>): Promise<Findings> {
  const store = openSqliteStore(path, { integrityCheck: 'full' });
  try {
    const halves = new Map<string, bigint[]>();
    const broken = new Set<string>();
    for (const { key, value, revision } of (await store.list('/root/-/configmaps/')).entries) {
      const pair = key.split('/')[5] as string;
      if (!Buffer.from(value).toString().startsWith(`${pair} `)) broken.add(pair);
      halves.set(pair, [...(halves.get(pair) ?? []), revision]);
    }
    for (const [pair, [first, second, ...more]] of halves)
      if (first === undefined || first !== second || more.length > 0) broken.add(pair);
    const lost = [...acknowledged].filter(([pair, revision]) => halves.get(pair)?.[0] !== revision);
    return { broken: [...broken], lost: lost.map(([pair]) => pair) };
  } finally {
    await store.close();
  }
}
