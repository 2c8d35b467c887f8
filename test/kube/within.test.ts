import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { within } from '../../src/kube/within.ts';

setFlagsFromString('--expose-gc');
const ROOT = resolve(import.meta.dirname, '../..');
const collectGarbage = runInNewContext('gc') as () => void;

/** Ends when the signal says so, as calls to clusters do. */
const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));

describe('a call within its time', () => {
  test('ends when the time is over, though garbage was collected meanwhile', async () => {
    const call = within(50, new AbortController().signal, untilAborted);
    setTimeout(collectGarbage, 10);
    await expect(call).rejects.toThrow('it has not answered within 50 ms');
  });

  test('ends with its caller, and is not begun anew for one that has gone', async () => {
    const caller = new AbortController();
    const call = within(60_000, caller.signal, untilAborted);
    caller.abort(new Error('gone'));
    await expect(call).rejects.toThrow('gone');
    expect(await within(60_000, caller.signal, async ({ aborted }) => aborted)).toBe(true);
  });

  test('gives what the call gives', async () => {
    expect(await within(60_000, undefined, async () => 7)).toBe(7);
  });

  test('is how the product gives time to a caller: no file composes signals of which one is a timeout', () => {
    const composing = ['src', 'auth', 'routes'].flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
        .map((name) => join(folder, name))
        .filter((file) => file.endsWith('.ts') && !file.endsWith('within.ts'))
        .filter((file) => {
          const text = readFileSync(join(ROOT, file), 'utf8');
          return text.includes('AbortSignal.any(') && text.includes('AbortSignal.timeout(');
        }),
    );
    expect(composing).toEqual([]);
  });
});
