/** Probes and lifecycle handlers of containers. */
import {
  child,
  type FieldPath,
  forbiddenField,
  invalidValue,
  notSupported,
  requiredValue,
} from '../../../kube/field-error.ts';
import type { StatusCause } from '../../../kube/status.ts';
import { type Causes, type IntOrString, nonNegative, portNumber, portOrName, present } from './scalars.ts';

export interface Handler {
  readonly exec?: { readonly command?: readonly string[] };
  readonly httpGet?: {
    readonly path?: string;
    readonly port?: IntOrString;
    readonly scheme?: string;
    readonly httpHeaders?: readonly { readonly name: string }[];
  };
  readonly tcpSocket?: { readonly port?: IntOrString };
  readonly grpc?: { readonly port?: number };
  readonly sleep?: { readonly seconds?: number };
}

export interface Probe extends Handler {
  readonly initialDelaySeconds?: number;
  readonly timeoutSeconds?: number;
  readonly periodSeconds?: number;
  readonly successThreshold?: number;
  readonly failureThreshold?: number;
  readonly terminationGracePeriodSeconds?: number;
}

const SECONDS = [
  'initialDelaySeconds',
  'timeoutSeconds',
  'periodSeconds',
  'successThreshold',
  'failureThreshold',
] as const;

export function probeCauses(
  kind: 'liveness' | 'readiness' | 'startup',
  probe: Probe | undefined,
  path: FieldPath,
): Causes {
  if (!probe) return [];
  const grace = child(path, 'terminationGracePeriodSeconds');
  const { terminationGracePeriodSeconds: seconds } = probe;
  return [
    ...handlerCauses(probe, path),
    ...SECONDS.flatMap((field) => nonNegative(probe[field], child(path, field))),
    ...(seconds !== undefined && seconds <= 0 ? [invalidValue(grace, seconds, 'must be greater than 0')] : []),
    ...(kind === 'readiness' && seconds !== undefined
      ? [invalidValue(grace, seconds, 'must not be set for readinessProbes')]
      : []),
    ...(kind !== 'readiness' && probe.successThreshold !== 1
      ? [invalidValue(child(path, 'successThreshold'), probe.successThreshold, 'must be 1')]
      : []),
  ];
}

export const lifecycleCauses = (
  lifecycle: { readonly postStart?: Handler; readonly preStop?: Handler },
  graceSeconds: number | undefined,
  path: FieldPath,
): Causes =>
  (['postStart', 'preStop'] as const).flatMap((hook) => {
    const handler = lifecycle[hook];
    return handler
      ? [...handlerCauses(handler, child(path, hook)), ...sleepCauses(handler, graceSeconds, child(path, hook))]
      : [];
  });

/** A hook must end before its pod is killed. */
function sleepCauses({ sleep }: Handler, graceSeconds = 0, path: FieldPath): Causes {
  const seconds = (sleep as { seconds?: number } | undefined)?.seconds;
  if (seconds === undefined || (seconds >= 0 && seconds <= graceSeconds)) return [];
  const text = `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`;
  return [invalidValue(child(path, 'sleep'), seconds, text)];
}

/** Exactly one handler: the first is checked, further ones are refused. */
function handlerCauses(handler: Handler, path: FieldPath): Causes {
  const given = (['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'] as const).filter(
    (type) => handler[type] !== undefined,
  );
  const [first, ...others] = given;
  if (first === undefined) return [requiredValue(path, 'must specify a handler type')];
  return [
    ...actionCauses(handler, first, child(path, first)),
    ...others.map((type) => forbiddenField(child(path, type), 'may not specify more than 1 handler type')),
  ];
}

function actionCauses(handler: Handler, type: keyof Handler, path: FieldPath): Causes {
  switch (type) {
    case 'exec':
      return (handler.exec?.command ?? []).length === 0 ? [requiredValue(child(path, 'command'))] : [];
    case 'httpGet':
      return httpCauses(handler.httpGet ?? {}, path);
    case 'tcpSocket':
      return portOrName(handler.tcpSocket?.port, child(path, 'port'));
    case 'grpc':
      return portNumber(handler.grpc?.port ?? 0, child(path, 'port'));
    default:
      return [];
  }
}

const HEADER =
  "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')";

function httpCauses(http: NonNullable<Handler['httpGet']>, path: FieldPath): Causes {
  const headers: StatusCause[] = (http.httpHeaders ?? [])
    .filter(({ name }) => !/^[-A-Za-z0-9]+$/.test(name))
    .map(({ name }) => invalidValue(child(path, 'httpHeaders'), name, HEADER));
  return [
    ...present(http.path, child(path, 'path')),
    ...portOrName(http.port, child(path, 'port')),
    ...(http.scheme === 'HTTP' || http.scheme === 'HTTPS'
      ? []
      : [notSupported(child(path, 'scheme'), http.scheme ?? '', ['HTTP', 'HTTPS'])]),
    ...headers,
  ];
}
