/** Child of the crash test: writes as fast as it can and tells on stdout what was acknowledged, until it is killed. */
import { openSqliteStore } from '../../../src/hub/store/sqlite.ts';

const [path = '', run = '0'] = process.argv.slice(2);
const store = openSqliteStore(path);
const WRITERS = 16;

async function write(writer: number): Promise<never> {
  for (let count = 0; ; count++) {
    const pair = `${run}-${writer}-${count}`;
    const operations = ['a', 'b'].map((half) => ({
      key: `/root/-/configmaps/${half}/${pair}`,
      value: Buffer.from(`${pair} ${'x'.repeat(count % 3_000)}`),
      expected: 0n,
    }));
    const result = await store.commit(operations);
    if (result.ok) process.stdout.write(`${pair} ${result.revision}\n`);
    if (count % 50 === 49) await store.compact((await store.revision()) - 100n);
  }
}
process.stdout.write('ready\n');
await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
