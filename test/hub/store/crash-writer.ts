/**
 * Child of the crash tests: writes pairs, each in one transaction, as fast as it can, and tells on stdout what was
 * acknowledged or refused, until it is killed. Reads along: what it reads must be whole at any moment.
 */
import { openSqliteStore } from '../../../src/hub/store/sqlite.ts';

const [path = '', run = '0', writers = '16'] = process.argv.slice(2);
// A file that may not grow then refuses the write instead of ending the process.
process.on('SIGXFSZ', () => undefined);
// Checkpoints all the time: they must be hit as well.
const store = openSqliteStore(path, { walPages: 100 });
const tell = (line: string): void => void process.stdout.write(`${line}\n`);

async function write(writer: number): Promise<never> {
  for (let count = 0; ; count++) {
    const pair = `${run}-${writer}-${count}`;
    const operations = ['a', 'b'].map((half) => ({
      key: `/root/-/configmaps/${half}/${pair}`,
      value: Buffer.from(`${pair} ${'x'.repeat((count * 131) % 3_000)}`),
      expected: 0n,
    }));
    try {
      const result = await store.commit(operations);
      if (result.ok) tell(`wrote ${pair} ${result.revision}`);
      if (count % 50 === 49) await store.compact((await store.revision()) - 100n);
    } catch (error) {
      tell(`refused ${(error as Error).name}: ${(error as Error).message}`);
      await readBoth();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

async function readBoth(): Promise<void> {
  const [a, b] = await Promise.all(['a', 'b'].map((half) => store.list(`/root/-/configmaps/${half}/`)));
  if (a?.entries.length !== b?.entries.length) tell(`refused torn read ${a?.entries.length} ${b?.entries.length}`);
}

tell('ready');
await Promise.all(Array.from({ length: Number(writers) }, (_, writer) => write(writer)));
