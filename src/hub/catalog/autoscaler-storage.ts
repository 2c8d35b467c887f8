/** autoscaling/v1 shows the v2 object: its CPU target as a field, other metrics as an annotation (pkg/apis/autoscaling/v1/conversion.go). */
import type { KubeObject } from '../../kube/object.ts';

const METRICS = 'autoscaling.alpha.kubernetes.io/metrics';
const BEHAVIOR = 'autoscaling.alpha.kubernetes.io/behavior';

interface Metric {
  type: string;
  resource?: { name: string; target: { type: string; averageUtilization?: number } };
}
interface MetricStatus {
  type: string;
  resource?: { name: string; current: { averageUtilization?: number } };
}
interface ScalingRules {
  stabilizationWindowSeconds?: number;
  selectPolicy?: string;
  policies?: { type: string; value: number; periodSeconds: number }[];
  tolerance?: string;
}
interface Behavior {
  scaleUp?: ScalingRules;
  scaleDown?: ScalingRules;
}
interface Spec {
  metrics?: Metric[];
  behavior?: Behavior;
  targetCPUUtilizationPercentage?: number;
}
interface Status {
  currentMetrics?: MetricStatus[] | null;
  currentCPUUtilizationPercentage?: number;
  currentReplicas?: number;
}

const isCpu = (metric: Metric): boolean =>
  metric.type === 'Resource' && metric.resource?.name === 'cpu' && metric.resource.target.type === 'Utilization';

/** What an annotation holds, which goes from the object; undefined where it is none of ours. */
function takeAnnotation(object: KubeObject, key: string): unknown {
  const text = object.metadata.annotations?.[key];
  if (text === undefined) return undefined;
  const { [key]: _, ...left } = object.metadata.annotations as Record<string, string>;
  if (Object.keys(left).length > 0) object.metadata.annotations = left;
  else delete object.metadata.annotations;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function putAnnotation(object: KubeObject, key: string, value: unknown): void {
  object.metadata.annotations = { ...object.metadata.annotations, [key]: JSON.stringify(value) };
}

/** Upstream writes its internal type there, which has no JSON names. */
function behaviorText({ scaleUp, scaleDown }: Behavior): object {
  const rules = (one: ScalingRules | undefined): object | null =>
    one === undefined
      ? null
      : {
          StabilizationWindowSeconds: one.stabilizationWindowSeconds ?? null,
          SelectPolicy: one.selectPolicy ?? null,
          Policies:
            one.policies?.map(({ type, value, periodSeconds }) => ({
              Type: type,
              Value: value,
              PeriodSeconds: periodSeconds,
            })) ?? null,
          Tolerance: one.tolerance ?? null,
        };
  return { ScaleUp: rules(scaleUp), ScaleDown: rules(scaleDown) };
}

/** The inverse; nulls are fields that are not set. */
function uncapitalized(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(uncapitalized);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) =>
      item === null ? [] : [[`${key.charAt(0).toLowerCase()}${key.slice(1)}`, uncapitalized(item)]],
    ),
  );
}

function otherMetrics(object: KubeObject): Metric[] {
  const metrics = takeAnnotation(object, METRICS);
  return Array.isArray(metrics) ? (metrics as Metric[]) : [];
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
    const behavior = uncapitalized(takeAnnotation(object, BEHAVIOR)) as Behavior | undefined;
    object.spec = { ...spec, metrics: metrics.length > 0 ? metrics : [cpu], ...(behavior ? { behavior } : {}) };
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
    const { metrics = [], behavior, ...spec } = (object.spec ?? {}) as Spec;
    const cpu = metrics.find(isCpu);
    const others = metrics.filter((metric) => metric !== cpu);
    const percentage = cpu?.resource?.target.averageUtilization;
    object.spec = { ...spec, ...(percentage === undefined ? {} : { targetCPUUtilizationPercentage: percentage }) };
    if (others.length > 0) putAnnotation(object, METRICS, others);
    if (behavior !== undefined) putAnnotation(object, BEHAVIOR, behaviorText(behavior));
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
