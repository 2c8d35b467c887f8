/** How much memory a gateway uses over a long run, to see whether it levels off. */
import { readFileSync } from 'node:fs';
import type { ApiClient } from '../kube/api-client.ts';

/** In MiB: of the whole process, and of what its own code holds. */
export interface MemorySample {
  readonly rss: number;
  readonly heap: number;
}

const MIB = 1024 * 1024;

/** Of the gateway that runs as this process, now; its administrator may read its metrics. */
export async function sampleMemory(admin: ApiClient, pid: number): Promise<MemorySample> {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const { text } = await admin.fetch('/metrics');
  const heap = Number(/^nodejs_heap_size_used_bytes (\S+)$/m.exec(text)?.[1]);
  return { rss: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024, heap: heap / MIB };
}

/** Pure. The least of each quarter, rounded: what is held after a garbage collection, wherever in it that came. */
export function memoryByQuarter(samples: readonly MemorySample[]): MemorySample[] {
  return [0, 1, 2, 3].map((quarter) => {
    const at = (part: number): number => Math.floor((samples.length * part) / 4);
    const those = samples.slice(at(quarter), Math.max(at(quarter + 1), at(quarter) + 1));
    const least = (of: (sample: MemorySample) => number): number => Math.round(Math.min(...those.map(of)));
    return { rss: least(({ rss }) => rss), heap: least(({ heap }) => heap) };
  });
}
