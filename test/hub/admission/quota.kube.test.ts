/** Quotas and limit ranges in the hub and in a cluster with its controllers: the same answers, the same sums. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, askPatiently, hubSide, kubeSide, type Side } from '../oracle/sides.ts';
import { configMap, post, type RequestStep } from '../oracle/step.ts';
import { QUOTA_CASES } from './quota-cases.ts';

let sides: { hub: Side; kube: Side };
beforeAll(async () => {
  sides = { hub: await hubSide(), kube: await kubeSide('quotas', { controllers: true, nodes: 0 }) };
});
afterAll(async () => {
  await sides?.hub.close();
  await sides?.kube.close();
});

describe('quotas and limits hold as in kube-apiserver', () => {
  test.each(QUOTA_CASES.map((one, at) => [one.name, one, at] as const))('%s', async (_, { steps }, at) => {
    const namespace = `quota-${at}`;
    const [hub, kube] = await Promise.all([run(sides.hub, steps, namespace), run(sides.kube, steps, namespace)]);
    expect(hub).toEqual(kube);
  });
});

async function run(side: Side, steps: readonly RequestStep[], namespace: string): Promise<unknown[]> {
  await side.ask(post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }));
  // Every namespace begins with what the cluster's controllers put there; so does this one.
  const collections = `/api/v1/namespaces/${namespace}`;
  await askPatiently(side, { method: 'GET', url: `${collections}/serviceaccounts/default`, until: 200 });
  const trust = configMap('kube-root-ca.crt', { data: {} });
  await askPatiently(side, { ...post(`${collections}/configmaps`, trust), until: 409 });
  const answers: unknown[] = [];
  for (const step of steps) {
    const filled = JSON.parse(JSON.stringify(step).replaceAll('{ns}', namespace)) as RequestStep;
    answers.push([`${step.method} ${step.url}`, essence(await askPatiently(side, filled))]);
  }
  return answers;
}

interface Essential {
  readonly kind: string;
  readonly message?: string;
  readonly metadata: { readonly annotations?: Record<string, string> };
  readonly spec?: {
    readonly limits?: unknown;
    readonly containers?: readonly { readonly resources?: unknown }[];
    readonly initContainers?: readonly { readonly resources?: unknown }[];
  };
  readonly status?: unknown;
}

/** What quotas and limits decide of an answer. */
function essence({ status, text }: Answer): unknown {
  const { kind, message, metadata, spec = {}, status: state } = JSON.parse(text) as Essential;
  const resources = [...(spec.containers ?? []), ...(spec.initContainers ?? [])].map((one) => one.resources);
  return {
    status,
    message,
    annotation: metadata?.annotations?.['kubernetes.io/limit-ranger'],
    resources,
    limits: spec.limits,
    state: kind === 'ResourceQuota' ? state : undefined,
  };
}
