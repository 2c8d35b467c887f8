/** Runs a subcommand: failures become one line and a hint on stderr, and exit code 1. */
import type { Command } from 'commander';
import pc from 'picocolors';
import { ApiError } from '../kube/status.ts';
import { UsageError } from './usage-error.ts';

// biome-ignore lint/suspicious/noExplicitAny: commander gives options as it parsed them; each command names what it takes
type Action = (options: any, ...args: string[]) => Promise<void>;

/** Takes an action over (options, ...arguments); returns it in commander's order (...arguments, options, command). */
export const runCommand =
  (action: Action) =>
  async (...given: unknown[]): Promise<void> => {
    const command = given.at(-1) as Command;
    const args = given.slice(0, -2) as string[];
    try {
      await action(command.opts(), ...args);
    } catch (error) {
      process.stderr.write(`${pc.red('error:')} ${describe(error)}\n`);
      if (error instanceof UsageError && error.hint) process.stderr.write(`${error.hint}\n`);
      process.exitCode = 1;
    }
  };

function describe(error: unknown): string {
  if (error instanceof UsageError || error instanceof ApiError) return error.message;
  if (!(error instanceof Error)) return String(error);
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'EADDRINUSE') return `${error.message}: choose another port with --port`;
  return process.env.TMC_DEBUG ? (error.stack ?? error.message) : error.message;
}
