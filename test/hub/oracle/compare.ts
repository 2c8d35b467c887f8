/** Runs a sequence on both sides and lists where the answers differ. */
import { isDeepStrictEqual } from 'node:util';
import { Names, type Normal, normalize } from './normalize.ts';
import { type Answer, askPatiently, type Side } from './sides.ts';
import type { RequestSequence, RequestStep } from './step.ts';

export interface Difference {
  readonly sequence: string;
  readonly step: number;
  readonly request: string;
  /** `status`, `headers.warning`, `body.metadata.name`. */
  readonly path: string;
  /** undefined: there is none on this side. */
  readonly hub: unknown;
  readonly kube: unknown;
}

export interface Sides {
  readonly hub: Side;
  readonly kube: Side;
}

/** Creates the sequence's namespace on both sides first. */
export async function compareSequence(
  sides: Sides,
  { name, steps }: RequestSequence,
  namespace: string,
): Promise<Difference[]> {
  const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
  const create = { method: 'POST', url: '/api/v1/namespaces', body };
  await Promise.all([sides.hub.ask(create), sides.kube.ask(create)]);
  const hub = { names: new Names(), answers: [] as Answer[] };
  const kube = { names: new Names(), answers: [] as Answer[] };
  const differences: Difference[] = [];
  for (const [at, step] of steps.entries()) {
    const [hubAnswer, kubeAnswer] = await Promise.all([
      askPatiently(sides.hub, fill(step, namespace, hub.answers)),
      askPatiently(sides.kube, fill(step, namespace, kube.answers)),
    ]);
    hub.answers.push(hubAnswer);
    kube.answers.push(kubeAnswer);
    const found = answersDiffer(normalize(hubAnswer, hub.names), normalize(kubeAnswer, kube.names));
    const request = `${step.method} ${step.url}`;
    differences.push(...found.map((one) => ({ sequence: name, step: at, request, ...one })));
  }
  return differences;
}

/** What an earlier answer said: `$<step>.path` in URLs and bodies, so that versions and uids can be named. */
function fill(step: RequestStep, namespace: string, answers: readonly Answer[]): RequestStep {
  if (step.body instanceof Uint8Array)
    return { ...fill({ method: step.method, url: step.url }, namespace, answers), ...pick(step) };
  const text = JSON.stringify(step)
    .replaceAll('{ns}', namespace)
    .replace(/\$(\d+)\.([A-Za-z0-9.]+)/g, (_, at: string, path: string) => {
      const value = path
        .split('.')
        .reduce<unknown>((object, key) => (object as Record<string, unknown>)?.[key], jsonOf(answers[Number(at)]));
      return JSON.stringify(String(value)).slice(1, -1);
    });
  return JSON.parse(text) as RequestStep;
}

const pick = ({ url: _url, method: _method, ...rest }: RequestStep) => rest;

function jsonOf(answer: Answer | undefined): unknown {
  try {
    return JSON.parse(answer?.text ?? '');
  } catch {
    return undefined;
  }
}

type Found = Pick<Difference, 'path' | 'hub' | 'kube'>;
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An object on one side and a Status on the other are one difference, not thirty. */
function answersDiffer(hub: Normal, kube: Normal): Found[] {
  if (hub.status === kube.status && kindOf(hub) === kindOf(kube)) return differencesOf(hub, kube, '');
  return [{ path: 'status', hub: summary(hub), kube: summary(kube) }];
}

const kindOf = ({ body }: Normal): unknown => (isRecord(body) ? body.kind : typeof body);
const summary = ({ status, body }: Normal): unknown =>
  isRecord(body) && body.kind === 'Status' ? `${status} ${body.reason}: ${body.message}` : status;

/** The innermost places that differ. */
function differencesOf(hub: unknown, kube: unknown, path: string): Found[] {
  if (isDeepStrictEqual(hub, kube)) return [];
  const keys = isRecord(hub) && isRecord(kube) ? [...new Set([...Object.keys(hub), ...Object.keys(kube)])] : undefined;
  if (keys !== undefined)
    return keys.flatMap((key) =>
      differencesOf(
        (hub as Record<string, unknown>)[key],
        (kube as Record<string, unknown>)[key],
        path ? `${path}.${key}` : key,
      ),
    );
  if (Array.isArray(hub) && Array.isArray(kube) && hub.length === kube.length)
    return hub.flatMap((item, at) => differencesOf(item, kube[at], `${path}[${at}]`));
  return [{ path, hub, kube }];
}
