/** What a real kube-apiserver makes of bodies, beside what decoding and defaulting make of them here. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defaultsFor } from '../../../../src/hub/builtin/defaults/defaults-for.ts';
import { builtinDefinitionName } from '../../../../src/hub/builtin/tables.ts';
import { decodeGo } from '../../../../src/hub/schema/go-decode.ts';
import type { KubeObject } from '../../../../src/kube/object.ts';
import { parseApiVersion } from '../../../../src/kube/resource.ts';
import { startCluster } from '../../../kube/cluster.ts';
import type { KubeCluster } from '../../../kube/kube-cluster.ts';
import { SAMPLES, type Sample } from '../../../support/builtin-samples.ts';

let cluster: KubeCluster;

beforeAll(async () => {
  cluster = await startCluster({ name: 'defaults', controllers: false });
  const accounts = '/api/v1/namespaces/default/serviceaccounts';
  for (const name of ['default', 'runner']) {
    await cluster.fetchOk(accounts, { method: 'POST', body: { metadata: { name } } });
  }
});
afterAll(async () => {
  await cluster?.stop();
});

/** What admission, allocation and generated identity add; defaulting has no part in it. */
const ADDED: Readonly<Record<string, readonly string[]>> = {
  Pod: ['spec.tolerations', 'spec.priority', 'spec.preemptionPolicy'],
  Service: ['spec.clusterIP', 'spec.clusterIPs', 'spec.ipFamilies', 'spec.ipFamilyPolicy'],
  Job: ['spec.selector', 'spec.template.metadata.labels', 'metadata.labels'],
  DaemonSet: ['metadata.annotations'],
  Namespace: ['spec'],
  Node: ['spec.taints'],
  PersistentVolume: ['metadata.finalizers'],
  PersistentVolumeClaim: ['metadata.finalizers'],
  CertificateSigningRequest: ['spec.username', 'spec.uid', 'spec.groups', 'spec.extra'],
  Event: ['eventTime', 'deprecatedFirstTimestamp', 'deprecatedLastTimestamp'],
};
const IDENTITY = ['uid', 'creationTimestamp', 'managedFields', 'generation', 'resourceVersion', 'namespace'].map(
  (field) => `metadata.${field}`,
);

function without(object: KubeObject, paths: readonly string[]): KubeObject {
  const copy = structuredClone(object) as unknown as Record<string, unknown>;
  for (const path of paths) {
    const steps = path.split('.');
    const last = steps.pop() as string;
    const holder = steps.reduce<Record<string, unknown> | undefined>(
      (value, step) => value?.[step] as Record<string, unknown> | undefined,
      copy,
    );
    if (holder) delete holder[last];
  }
  return copy as unknown as KubeObject;
}

const samples = SAMPLES.filter(({ object }) => object.metadata.name !== 'runner');

test.each(samples.map((sample) => [`${sample.object.kind} ${sample.object.metadata.name}`, sample] as const))(
  '%s',
  async (_, sample) => {
    const { path, object } = JSON.parse(JSON.stringify(sample).replaceAll('"NS"', '"default"')) as Sample;
    const theirs = await cluster.fetchOk(`${path.replace('/NS/', '/default/')}?dryRun=All`, {
      method: 'POST',
      body: object,
    });
    const gvk = { ...parseApiVersion(object.apiVersion), kind: object.kind };
    const ours = decodeGo(structuredClone(object) as never, builtinDefinitionName(gvk) as string)
      .value as unknown as KubeObject;
    defaultsFor(gvk)?.(ours);
    const skipped = [...IDENTITY, 'status', ...(ADDED[object.kind] ?? [])];
    expect(without(ours, skipped)).toEqual(without(theirs, skipped));
  },
);
