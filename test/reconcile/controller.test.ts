import { describe, expect, it } from 'vitest';
import { objectKey, parseObjectKey, startController, watching } from '../../src/reconcile/controller.ts';
import { silentLogger } from '../../src/reconcile/logger.ts';
import { ManualClock } from '../support/manual-clock.ts';

function source<E>() {
  const listeners = new Set<(event: E) => void>();
  return {
    emit: (event: E) => listeners.forEach((listener) => void listener(event)),
    subscribe: (listener: (event: E) => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    listeners,
  };
}

describe('startController', () => {
  it('maps events of each source to keys, logs a failure once and stops listening on abort', async () => {
    const numbers = source<number>();
    const words = source<string>();
    const stop = new AbortController();
    const seen: string[] = [];
    const logged: object[] = [];
    const queue = startController({
      name: 'test',
      sources: [watching(numbers, (n) => [`n${n}`, `n${n + 1}`]), watching(words, (word) => [word])],
      reconcile: async (key) => {
        seen.push(key);
        if (key === 'bad') throw new Error('bad key');
      },
      signal: stop.signal,
      log: { ...silentLogger, warn: (fields) => void logged.push(fields) },
      clock: new ManualClock(),
    });
    numbers.emit(1);
    words.emit('bad');
    await queue.whenIdle();
    expect(seen).toEqual(['n1', 'n2', 'bad']);
    expect(logged).toMatchObject([{ controller: 'test', key: 'bad', failures: 1 }]);
    stop.abort();
    expect(numbers.listeners.size + words.listeners.size).toBe(0);
  });
});

describe('objectKey', () => {
  it('round-trips', () => {
    expect(parseObjectKey(objectKey('root:a', '', 'system:node|x'))).toEqual({
      workspace: 'root:a',
      namespace: '',
      name: 'system:node|x',
    });
  });
});
