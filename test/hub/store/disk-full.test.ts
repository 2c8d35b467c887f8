/**
 * A disk that fills up at random points: acknowledged writes stay, no half transaction shows, refused writes say why, reads
 * go on, and writing goes on by itself once there is space. Two ways to be full: the limit on a process' file sizes
 * (EFBIG, works anywhere on Linux), and a small file system of its own (ENOSPC, where root may mount).
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { bundleWriter, inspect, startWriter, type WriterProcess } from './writer-process.ts';

const ROUNDS = Number(process.env.TMC_DISK_FULL_ROUNDS ?? 12);
const canLimit = spawnSync('prlimit', ['--version']).status === 0;

/** What a full disk does is the file system's business, not the disk's: no need to wait for one. */
function temporaryFolder(): string {
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'tmc-full-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Resolves when the count has grown by so much. */
async function grown(count: () => number, by: number, what: string): Promise<void> {
  const before = count();
  for (const end = Date.now() + 10_000; count() < before + by; await sleep(2))
    if (Date.now() > end) throw new Error(`${what} did not go on`);
}

const untilRefused = (writer: WriterProcess) => grown(() => writer.refused.length, 1, 'refusing');
const untilWritten = (writer: WriterProcess) => grown(() => writer.acknowledged.size, 50, 'writing');

function expectRefusals({ refused }: WriterProcess): void {
  for (const line of refused)
    expect(line).toMatch(/^refused StoreFullError: The store cannot be written, its disk may be full: /);
}

/** Fills the disk below a store, many times over. */
async function fillAndFree(
  folder: string,
  disk: { fill(pid: number, path: string): void; free(pid: number): void },
): Promise<void> {
  const script = await bundleWriter();
  let refusals = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const path = join(folder, `hub-${round}.db`);
    const writer = startWriter(script, path, round);
    onTestFinished(() => void writer.child.kill('SIGKILL'));
    await writer.ready;
    const pid = writer.child.pid as number;
    await untilWritten(writer);
    disk.fill(pid, path);
    await untilRefused(writer);
    // Killed while the disk is full, or after it went on by itself.
    if (round % 2 === 1) {
      disk.free(pid);
      await untilWritten(writer);
    }
    writer.child.kill('SIGKILL');
    await writer.ended;
    disk.free(0);
    expectRefusals(writer);
    refusals += writer.refused.length;
    expect(await inspect(path, writer.acknowledged)).toEqual({ broken: [], lost: [] });
    for (const suffix of ['', '-wal', '-shm', '.lock']) rmSync(`${path}${suffix}`, { force: true });
  }
  expect(refusals).toBeGreaterThanOrEqual(ROUNDS);
}

describe('a full disk', { timeout: 180_000 }, () => {
  test.runIf(canLimit)('files that may not grow', async () => {
    const limit = (pid: number, bytes: string) => {
      if (pid !== 0) execFileSync('prlimit', ['--pid', `${pid}`, `--fsize=${bytes}:`]);
    };
    await fillAndFree(temporaryFolder(), {
      // Anywhere in the WAL, whose file is written over and over, or a little behind it.
      fill: (pid, path) => limit(pid, `${65_536 + Math.floor(Math.random() * statSync(`${path}-wal`).size)}`),
      free: (pid) => limit(pid, 'unlimited'),
    });
  });

  const small = temporaryMount();
  test.runIf(small)('a file system without space', async () => {
    const folder = temporaryFolder();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', folder]);
    onTestFinished(() => void spawnSync('umount', ['-l', folder]));
    const ballast = join(folder, 'ballast');
    await fillAndFree(folder, {
      // All at once and nearly to the last page, or the writer fills the disk for good meanwhile.
      fill: () => {
        for (let spare = Math.floor(Math.random() * 200_000); ; spare += 100_000) {
          const free = Number(execFileSync('stat', ['-f', '-c', '%a', folder]).toString()) * 4_096;
          const bytes = Math.max(4_096, free - spare);
          if (spawnSync('fallocate', ['-l', `${bytes}`, ballast]).status === 0 || free === 0) return;
        }
      },
      free: () => rmSync(ballast, { force: true }),
    });
  });
});

/** True where this process may mount. */
function temporaryMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'tmc-mount-'));
  mkdirSync(folder, { recursive: true });
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]).status === 0;
  if (mounted) spawnSync('umount', [folder]);
  rmSync(folder, { recursive: true });
  return mounted;
}
