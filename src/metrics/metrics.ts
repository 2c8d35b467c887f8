/** The metrics of one server: made from the definitions, read by `/metrics`. The only file that knows prom-client. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { METRICS, type MetricDefinition, type MetricName } from './definitions.ts';

interface Kinds {
  counter: Pick<Counter<string>, 'inc' | 'labels'>;
  gauge: Pick<Gauge<string>, 'set' | 'inc' | 'dec' | 'remove'>;
  histogram: Pick<Histogram<string>, 'observe' | 'startTimer' | 'labels'>;
}

/** Each metric by its name, with the methods of its type: `metrics.tmc_placements_total.inc({ strategy, result })`. */
export type Metrics = { readonly [name in MetricName]: Kinds[(typeof METRICS)[name]['type']] };

export interface MetricsRegistry {
  readonly metrics: Metrics;
  /** Prometheus text exposition and its content type. */
  expose(): Promise<{ readonly contentType: string; readonly text: string }>;
  close(): void;
}

/** `process`: also this process's memory, CPU, event-loop lag and garbage collection; once per process is enough. */
export function createMetrics(options: { readonly process: boolean }): MetricsRegistry {
  const registry = new Registry();
  if (options.process) collectDefaultMetrics({ register: registry });
  const made = Object.entries(METRICS).map(([name, definition]) => [name, make(name, definition, registry)] as const);
  return {
    metrics: Object.fromEntries(made) as unknown as Metrics,
    expose: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
    close: () => registry.clear(),
  };
}

function make(name: string, definition: MetricDefinition, registry: Registry): Counter | Gauge | Histogram {
  const { type, help, labels = [], buckets } = definition;
  const common = { name, help, labelNames: [...labels], registers: [registry] };
  if (type === 'counter') return new Counter(common);
  if (type === 'gauge') return new Gauge(common);
  return new Histogram({ ...common, ...(buckets === undefined ? {} : { buckets: [...buckets] }) });
}
