/** `tmc serve`: the gateway for production. */
import { readFileSync } from 'node:fs';
import { pino } from 'pino';
import { parse } from 'yaml';
import { parseServerConfig, withEnvironment } from '../config.ts';
import { startServer } from '../server.ts';
import { endAtOnce } from './end-at-once.ts';
import { boundHeapGrowth } from './heap-growth.ts';
import { UsageError } from './usage-error.ts';

export async function serve(options: { config: string }): Promise<void> {
  boundHeapGrowth();
  const config = parseServerConfig(withEnvironment(readConfig(options.config), process.env));
  const log = pino({ level: config.logLevel });
  const server = await startServer(config, { log, onStoreFailure: endAtOnce });
  log.info({ url: server.url }, 'serving');
  process.stdout.write('ready\n');
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  await server.close();
}

function readConfig(file: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new UsageError(`${file} cannot be read`, 'give a YAML file with --config; see docs/configuration.md');
  }
  const value: unknown = parse(text) ?? {};
  if (typeof value !== 'object' || Array.isArray(value)) throw new UsageError(`${file} must be a YAML mapping`);
  return value as Record<string, unknown>;
}
