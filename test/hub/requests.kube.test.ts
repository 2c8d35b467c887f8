/** The same requests to the hub and to a kube-apiserver: status, reason, message and body must be the same. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCluster } from '../kube/cluster.ts';
import type { KubeCluster } from '../kube/kube-cluster.ts';
import { type HubHarness, startHub } from './hub-harness.ts';
import { REQUEST_CASES, type RequestStep } from './request-cases.ts';

let cluster: KubeCluster;
let hub: HubHarness;
beforeAll(async () => {
  cluster = await startCluster({ name: 'requests', controllers: false });
  hub = await startHub();
});
afterAll(async () => {
  await hub?.close();
  await cluster?.stop();
});

const MEDIA: Readonly<Record<string, string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

interface Side {
  readonly status: number;
  readonly body: unknown;
  readonly warnings: readonly string[];
}

const mediaOf = (step: RequestStep): string => MEDIA[step.patch ?? ''] ?? step.type ?? 'application/json';

/** What an earlier answer said: `$<step>.path` in URLs and bodies, so that versions and uids can be named. */
function fill<T>(value: T, answers: readonly Side[]): T {
  if (value === undefined) return value;
  const text = JSON.stringify(value).replace(/\$(\d+)\.([A-Za-z.]+)/g, (_, step: string, path: string) =>
    String(path.split('.').reduce((at, key) => (at as Record<string, unknown>)?.[key], answers[Number(step)]?.body)),
  );
  return JSON.parse(text) as T;
}

async function askKube(step: RequestStep): Promise<Side> {
  const answer = await cluster.fetch<unknown>(step.url, {
    method: step.method,
    ...(step.body === undefined
      ? {}
      : { body: step.body as object, headers: { 'content-type': mediaOf(step), ...accept(step) } }),
    ...(step.body === undefined ? { headers: accept(step) } : {}),
  });
  const warning = answer.headers.warning ?? [];
  return { status: answer.status, body: answer.json, warnings: [warning].flat() };
}

/** The user agent is the field manager of writes that name none. */
const accept = (step: RequestStep): Record<string, string> => ({
  'user-agent': 'test/1.0',
  ...(step.accept === undefined ? {} : { accept: step.accept }),
});

async function askHub(step: RequestStep): Promise<Side> {
  const answer = await hub.request(step.method, step.url, step.body, {
    type: mediaOf(step),
    ...(step.accept === undefined ? {} : { accept: step.accept }),
  });
  return { status: answer.status, body: answer.json, warnings: [answer.headers.warning ?? []].flat() };
}

/** Identity, time and version differ by nature. */
const VARIES = new Set([
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'deletionTimestamp',
  'continue',
  'lastTransitionTime',
  'time',
  'managedFields',
  // Columns are described in our own words.
  'description',
]);
function normalize(value: unknown, key = ''): unknown {
  if (VARIES.has(key)) return `<${key}>`;
  if (Array.isArray(value)) return value.map((one) => normalize(one));
  if (typeof value === 'string')
    return value
      .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '<uid>')
      .replace(/\(\d+\)/g, '(<n>)')
      .replace(/Bad_[a-z0-9]{5}/g, 'Bad_<random>');
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      // Lists of custom resources have an empty `continue` while their cache is young.
      .filter(([name, one]) => name !== 'managedFields' && !(name === 'continue' && one === ''))
      .map(([name, one]) => [name, normalize(one, name)]),
  );
}

describe('the hub answers as kube-apiserver does', () => {
  test.each(REQUEST_CASES.map((one) => [one.name, one] as const))('%s', async (_, { steps }) => {
    const [kubeAnswers, hubAnswers]: [Side[], Side[]] = [[], []];
    for (const [at, step] of steps.entries()) {
      if (step.until !== undefined)
        await expect
          .poll(async () => [(await askKube(step)).status, (await askHub(step)).status], { timeout: 10_000 })
          .toEqual([step.until, step.until]);
      const kube = await askKube(fill(step, kubeAnswers));
      const own = await askHub(fill(step, hubAnswers));
      kubeAnswers.push(kube);
      hubAnswers.push(own);
      expect(normalize(own), `step ${at}: ${step.method} ${step.url}`).toEqual(normalize(kube));
    }
  });
});
