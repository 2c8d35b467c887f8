/** Wiring of one controller: sources of events → keys → reconcile(key). It logs failures; reconcilers throw them. */
import type { BackoffPolicy } from './backoff.ts';
import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';
import { type QueueMetrics, type Reconciled, WorkQueue } from './queue.ts';

/** Anything that one can listen to: hub informers, reflectors, a registry of clusters. */
export interface EventSource<E> {
  subscribe(listener: (event: E) => void): () => void;
}

/** One source with the rule that says which keys an event concerns. Made by `watching`, which keeps the event's type. */
export interface ControllerSource {
  start(add: (key: string) => void): () => void;
}

/** Keys to reconcile for each event of the source; the rule must be cheap: an index look-up, not a scan. */
export const watching = <E>(source: EventSource<E>, keysOf: (event: E) => Iterable<string>): ControllerSource => ({
  start: (add) =>
    source.subscribe((event) => {
      for (const key of keysOf(event)) add(key);
    }),
});

export interface ControllerOptions {
  /** In logs and metrics. */
  readonly name: string;
  readonly sources: readonly ControllerSource[];
  readonly reconcile: (key: string, signal: AbortSignal) => Reconciled;
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly concurrency?: number;
  readonly clock?: Clock;
  readonly random?: () => number;
  readonly backoff?: BackoffPolicy;
  readonly metrics?: QueueMetrics;
}

/** Subscribes to every source and works until the signal aborts. Returns the queue: for keys that come from elsewhere. */
export function startController(options: ControllerOptions): WorkQueue {
  const { name, log, signal, reconcile, sources, ...queueOptions } = options;
  const queue = new WorkQueue({
    ...queueOptions,
    signal,
    process: reconcile,
    onError: (key, error, retry) => log.warn({ controller: name, key, err: error, ...retry }, 'reconcile failed'),
  });
  const stops = sources.map((source) => source.start((key) => queue.add(key)));
  signal.addEventListener('abort', () => stops.forEach((stop) => void stop()), { once: true });
  return queue;
}

/** Keys of objects: workspace, namespace and name cannot contain '|'. */
export const objectKey = (workspace: string, namespace: string, name: string): string =>
  `${workspace}|${namespace}|${name}`;

export function parseObjectKey(key: string): { workspace: string; namespace: string; name: string } {
  const [workspace = '', namespace = '', ...name] = key.split('|');
  return { workspace, namespace, name: name.join('|') };
}
