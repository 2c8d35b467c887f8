/** autoscaling/v1 shows the v2 object: its CPU target as a field, other metrics as an annotation (pkg/apis/autoscaling/v1/conversion.go). */
import type { KubeObject } from '../../kube/object.ts';

const METRICS = 'autoscaling.alpha.kubernetes.io/metrics';

interface Metric {
  type: string;
  resource?: { name: string; target: { type: string; averageUtilization?: number } };
}
interface MetricStatus {
  type: string;
  resource?: { name: string; current: { averageUtilization?: number } };
}
interface Spec {
  metrics?: Metric[];
  targetCPUUtilizationPercentage?: number;
}
interface Status {
  currentMetrics?: MetricStatus[] | null;
  currentCPUUtilizationPercentage?: number;
  currentReplicas?: number;
}

const isCpu = (metric: Metric): boolean =>
  metric.type === 'Resource' && metric.resource?.name === 'cpu' && metric.resource.target.type === 'Utilization';

function otherMetrics(object: KubeObject): Metric[] {
  const text = object.metadata.annotations?.[METRICS];
  if (text === undefined) return [];
  const { [METRICS]: _, ...left } = object.metadata.annotations as Record<string, string>;
  if (Object.keys(left).length > 0) object.metadata.annotations = left;
  else delete object.metadata.annotations;
  try {
    const metrics = JSON.parse(text) as Metric[];
    return Array.isArray(metrics) ? metrics : [];
  } catch {
    return [];
  }
}

export const AUTOSCALER_STORAGE = {
  group: 'autoscaling',
  resource: 'horizontalpodautoscalers',
  toStored: (object: KubeObject): void => {
    const { targetCPUUtilizationPercentage: percentage, ...spec } = (object.spec ?? {}) as Spec;
    const cpu: Metric = {
      type: 'Resource',
      resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: percentage ?? 80 } },
    };
    const metrics = [...otherMetrics(object), ...(percentage === undefined ? [] : [cpu])];
    object.spec = metrics.length > 0 ? { ...spec, metrics } : { ...spec, metrics: [cpu] };
    const { currentCPUUtilizationPercentage: current, currentReplicas, ...status } = (object.status ?? {}) as Status;
    object.status = {
      ...status,
      ...(currentReplicas ? { currentReplicas } : {}),
      currentMetrics:
        current === undefined
          ? null
          : [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: current } } }],
    };
  },
  fromStored: (object: KubeObject): void => {
    const { metrics = [], ...spec } = (object.spec ?? {}) as Spec;
    const cpu = metrics.find(isCpu);
    const others = metrics.filter((metric) => metric !== cpu);
    const percentage = cpu?.resource?.target.averageUtilization;
    object.spec = { ...spec, ...(percentage === undefined ? {} : { targetCPUUtilizationPercentage: percentage }) };
    if (others.length > 0)
      object.metadata.annotations = { ...object.metadata.annotations, [METRICS]: JSON.stringify(others) };
    const { currentMetrics, ...status } = (object.status ?? {}) as Status;
    const current = currentMetrics?.find((one) => one.resource?.name === 'cpu')?.resource?.current.averageUtilization;
    object.status = {
      currentReplicas: 0,
      desiredReplicas: 0,
      ...status,
      ...(current === undefined ? {} : { currentCPUUtilizationPercentage: current }),
    };
  },
};
