/** What `kubectl logs` shows, in files as the kubelet reads them. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';

export interface PodLogTarget {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** What `kubectl logs --previous` shows. */
  readonly previous?: boolean;
  /** Default `stdout`. */
  readonly stream?: 'stdout' | 'stderr';
}

/** Adds lines as a container runtime writes them (CRI logging format); without a target, to the log of all others. */
export function appendPodLog(logsFolder: string, text: string, target?: PodLogTarget): void {
  const name =
    target === undefined
      ? 'all'
      : `${target.namespace}_${target.pod}_${target.container}${target.previous ? '_previous' : ''}`;
  const lines = text.replace(/\n$/, '').split('\n');
  const prefix = `${new Date().toISOString()} ${target?.stream ?? 'stdout'} F`;
  appendFileSync(join(logsFolder, `${name}.log`), lines.map((line) => `${prefix} ${line}\n`).join(''));
}
