/** The same conversion webhook behind the hub and a kube-apiserver: both must store, serve and refuse alike. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { waitFor } from '../../support/wait-for.ts';
import type { AdmissionReview, WebhookServer } from '../../support/webhook-server.ts';
import { compareSequence } from '../oracle/compare.ts';
import type { Side } from '../oracle/sides.ts';
import { get, post } from '../oracle/step.ts';
import { type WebhookSides, webhookSides } from '../oracle/webhook-sides.ts';
import { CONVERSION_CASES, type ConversionCase, convertWidget, type Widget } from './conversion-cases.ts';
import { widgetCrd, widgetVersions } from './widget-crd.ts';

let world: WebhookSides;
let sides: WebhookSides['sides'];
let server: WebhookServer;
beforeAll(async () => {
  world = await webhookSides('conversion');
  ({ sides, server } = world);
});
afterAll(() => world?.close());

describe('custom resources are converted as kube-apiserver does', () => {
  test.each(CONVERSION_CASES.map((one, at) => [one.name, one, at] as const))('%s', async (_, one, at) => {
    const namespace = `conversion-${at}`;
    serve(one, namespace);
    await Promise.all([define(sides.hub, one, namespace), define(sides.kube, one, namespace)]);
    expect(await compareSequence(sides, { name: one.name, steps: stepsOf(one) }, namespace)).toEqual([]);
  });
});

function serve({ spoil = (given) => given, answer }: ConversionCase, namespace: string): void {
  const convert = (review: AdmissionReview) => {
    const { uid, objects, desiredAPIVersion } = review.request as {
      uid: string;
      objects: Widget[];
      desiredAPIVersion: string;
    };
    const converted = objects.map((object) => spoil(convertWidget(object, desiredAPIVersion)));
    if (answer !== undefined) return answer(review, converted);
    const response = { uid, result: { status: 'Success' }, convertedObjects: converted };
    return { text: JSON.stringify({ apiVersion: review.apiVersion, kind: review.kind, response }) };
  };
  server.serve({ [`/${namespace}`]: convert });
}

/** Versions are named whole where a patch replaces them. */
const stepsOf = ({ steps }: ConversionCase): ConversionCase['steps'] =>
  JSON.parse(JSON.stringify(steps).replaceAll('"<storage v2>"', JSON.stringify(widgetVersions('v2'))));

async function define(side: Side, { storage = 'v1' }: ConversionCase, namespace: string): Promise<void> {
  const crd = widgetCrd(namespace, storage, { url: `${server.origin}/${namespace}`, caBundle: server.caBundle });
  const answer = await side.ask(post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd));
  expect(answer.status, answer.text).toBe(201);
  for (const version of ['v1', 'v2'])
    await waitFor(
      'the kind to be served',
      async () => (await side.ask(get(`/apis/${namespace}.example.com/${version}/widgets`))).status === 200,
      { timeoutMs: 30_000 },
    );
}
