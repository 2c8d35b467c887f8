/** Quality-of-service class of a pod (k8s.io/kubernetes/pkg/apis/core/v1/helper/qos): by requests and limits of cpu and memory. */
import { at, list, record } from './fields.ts';
import { parseQuantity } from './quantity.ts';

const COMPUTE = ['cpu', 'memory'] as const;

/** Takes a pod's spec, defaulted (limits stand as requests where none are given). */
export function podQosClass(spec: unknown): 'Guaranteed' | 'Burstable' | 'BestEffort' {
  const containers = [...list(at(spec, 'initContainers')), ...list(at(spec, 'containers'))].map((container) => ({
    requests: amounts(at(container, 'resources', 'requests')),
    limits: amounts(at(container, 'resources', 'limits')),
  }));
  if (containers.every(({ requests, limits }) => requests.size === 0 && limits.size === 0)) return 'BestEffort';
  const guaranteed = containers.every(({ requests, limits }) =>
    COMPUTE.every((name) => limits.has(name) && (requests.get(name) ?? limits.get(name)) === limits.get(name)),
  );
  return guaranteed ? 'Guaranteed' : 'Burstable';
}

/** Those above zero, in billionths. */
function amounts(resources: unknown): ReadonlyMap<string, bigint> {
  const found = new Map<string, bigint>();
  for (const name of COMPUTE) {
    const text = record(resources)?.[name];
    const nanos = typeof text === 'string' || typeof text === 'number' ? nanosOf(String(text)) : 0n;
    if (nanos > 0n) found.set(name, nanos);
  }
  return found;
}

/** What is no quantity is refused by validation, which comes later. */
function nanosOf(text: string): bigint {
  try {
    return parseQuantity(text).nanos;
  } catch {
    return 0n;
  }
}
