/** What the gateway says of its own process at /metrics. */
import { type Client, createClient } from './load.ts';

export interface ProcessFacts {
  readonly residentMegabytes: number;
  /** 99th percentile since it was last asked. Node's timer resolution, 10 ms here, is part of it. */
  readonly eventLoopLagP99Ms: number;
}

/** `any`: a client of the gateway, whose credentials are used. */
export async function processFacts(any: Client): Promise<ProcessFacts> {
  const client = createClient({ ...any.subject, prefix: '' }, 1);
  try {
    const text = (await client.send('GET', '/metrics')).toString();
    const value = (name: string): number => {
      const found = new RegExp(`^${name} (\\S+)$`, 'm').exec(text);
      if (found === null) throw new Error(`/metrics has no ${name}`);
      return Number(found[1]);
    };
    return {
      residentMegabytes: value('process_resident_memory_bytes') / 1e6,
      eventLoopLagP99Ms: value('nodejs_eventloop_lag_p99_seconds') * 1e3,
    };
  } finally {
    await client.close();
  }
}
