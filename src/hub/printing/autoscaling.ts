/** HorizontalPodAutoscalers of autoscaling/v1 and v2: TARGETS shows current and wanted values of up to two metrics. */
import type { KubeObject } from '../../kube/object.ts';
import { ageOf, nameOf } from './cells.ts';
import { AGE, column, NAME } from './columns.ts';
import { type Printers, printer } from './printer.ts';

interface MetricValue {
  readonly averageUtilization?: number;
  readonly averageValue?: string;
  readonly value?: string;
}

type Source = 'resource' | 'containerResource' | 'pods' | 'object' | 'external';

/** One metric of spec or of status; which source is set follows from `type`. */
type Metric = { readonly type?: string } & {
  readonly [source in Source]?: {
    readonly name?: string;
    readonly target?: MetricValue;
    readonly current?: MetricValue;
  };
};

interface AutoscalerShape {
  readonly spec?: {
    readonly scaleTargetRef?: { readonly kind?: string; readonly name?: string };
    readonly minReplicas?: number;
    readonly maxReplicas?: number;
    readonly metrics?: readonly Metric[];
    readonly targetCPUUtilizationPercentage?: number;
  };
  readonly status?: {
    readonly currentReplicas?: number;
    readonly currentMetrics?: readonly Metric[];
    readonly currentCPUUtilizationPercentage?: number;
  };
}

export const autoscalingPrinters: Printers = {
  'autoscaling/HorizontalPodAutoscaler': printer<AutoscalerShape>(
    [
      NAME,
      column('Reference', 'What is scaled.'),
      column('Targets', 'Current and wanted values of the metrics.'),
      column('MinPods', 'Fewest replicas.'),
      column('MaxPods', 'Most replicas.'),
      column('Replicas', 'Replicas now.'),
      AGE,
    ],
    (object, now) => [
      nameOf(object),
      `${object.spec?.scaleTargetRef?.kind ?? ''}/${object.spec?.scaleTargetRef?.name ?? ''}`,
      targetsText(...metricsOf(object)),
      String(object.spec?.minReplicas ?? '<unset>'),
      object.spec?.maxReplicas ?? 0,
      object.status?.currentReplicas ?? 0,
      ageOf(object, now),
    ],
  ),
};

/** Metrics of spec and status. autoscaling/v1 has fields for the CPU only and keeps the others in annotations. */
function metricsOf(object: KubeObject & AutoscalerShape): [readonly Metric[], readonly Metric[]] {
  const { spec, status } = object;
  if (object.apiVersion !== 'autoscaling/v1') return [spec?.metrics ?? [], status?.currentMetrics ?? []];
  const annotations = object.metadata.annotations ?? {};
  const target = spec?.targetCPUUtilizationPercentage;
  const current = status?.currentCPUUtilizationPercentage;
  const cpu = (values: { target: MetricValue } | { current: MetricValue }): Metric => ({
    type: 'Resource',
    resource: { name: 'cpu', ...values },
  });
  const currentMetrics = fromAnnotation(annotations['autoscaling.alpha.kubernetes.io/current-metrics'], 'current');
  // The annotation of the status repeats the CPU, with its average value.
  const repeated = currentMetrics.some(({ resource }) => resource?.name === 'cpu');
  return [
    [
      ...(target === undefined ? [] : [cpu({ target: { averageUtilization: target } })]),
      ...fromAnnotation(annotations['autoscaling.alpha.kubernetes.io/metrics'], 'target'),
    ],
    [
      ...(current === undefined || repeated ? [] : [cpu({ current: { averageUtilization: current } })]),
      ...currentMetrics,
    ],
  ];
}

type FlatSource = Readonly<Record<string, unknown>> & { readonly name?: string };

/** v1's metrics name their values flat: `targetAverageValue`, `currentAverageUtilization`. */
function fromAnnotation(text: string | undefined, side: 'target' | 'current'): readonly Metric[] {
  return parseList(text).map(({ type, ...sources }) => {
    const metric: Record<string, unknown> = { type };
    for (const [source, flat] of Object.entries(sources as Record<string, FlatSource>)) {
      const values = {
        averageUtilization: flat[`${side}AverageUtilization`],
        averageValue: flat[`${side}AverageValue`] ?? flat.averageValue,
        value: flat[`${side}Value`],
      };
      metric[source] = { name: flat.name, [side]: values };
    }
    return metric as Metric;
  });
}

function parseList(text: string | undefined): readonly ({ type?: string } & Record<string, unknown>)[] {
  if (text === undefined) return [];
  try {
    const list = JSON.parse(text) as unknown;
    return Array.isArray(list) ? list.filter((entry) => typeof entry === 'object' && entry !== null) : [];
  } catch {
    return [];
  }
}

function targetsText(specs: readonly Metric[], statuses: readonly Metric[]): string {
  if (specs.length === 0) return '<none>';
  const texts = specs.map((spec, position) => metricText(spec, statuses[position]));
  const shown = texts.slice(0, 2).join(', ');
  return texts.length > 2 ? `${shown} + ${texts.length - 2} more...` : shown;
}

const UNKNOWN = '<unknown>';

function metricText(spec: Metric, status: Metric | undefined): string {
  switch (spec.type) {
    case 'External':
      return valueText(spec.external?.target, status?.external?.current);
    case 'Object':
      return valueText(spec.object?.target, status?.object?.current);
    case 'Pods':
      return `${status?.pods ? (status.pods.current?.averageValue ?? '0') : UNKNOWN}/${spec.pods?.target?.averageValue ?? '0'}`;
    case 'Resource':
      return resourceText(spec.resource, status?.resource);
    case 'ContainerResource':
      return resourceText(spec.containerResource, status?.containerResource);
    default:
      return '<unknown type>';
  }
}

function valueText(target: MetricValue | undefined, current: MetricValue | undefined): string {
  if (target?.averageValue !== undefined) return `${current?.averageValue ?? UNKNOWN}/${target.averageValue} (avg)`;
  return `${current ? (current.value ?? '0') : UNKNOWN}/${target?.value ?? '0'}`;
}

function resourceText(spec: Metric[Source], status: Metric[Source]): string {
  const { averageValue, averageUtilization } = spec?.target ?? {};
  if (averageValue !== undefined) {
    return `${spec?.name ?? ''}: ${status ? (status.current?.averageValue ?? '0') : UNKNOWN}/${averageValue}`;
  }
  const used = status?.current?.averageUtilization;
  const wanted = averageUtilization === undefined ? '<auto>' : `${averageUtilization}%`;
  return `${spec?.name ?? ''}: ${used === undefined ? UNKNOWN : `${used}%`}/${wanted}`;
}
