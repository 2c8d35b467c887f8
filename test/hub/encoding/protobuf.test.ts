import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeProtobuf, encodeProtobuf } from '../../../src/hub/encoding/protobuf.ts';
import type { KubeObject } from '../../../src/kube/object.ts';
import { ApiError } from '../../../src/kube/status.ts';

/** `k8s\0` and runtime.Unknown of v1 <kind> around raw bytes given as hex. */
const envelope = (kind: string, rawHex: string): Uint8Array => {
  const raw = Buffer.from(rawHex.replaceAll(' ', ''), 'hex');
  const type = Buffer.concat([
    Buffer.from([0x0a, 2]),
    Buffer.from('v1'),
    Buffer.from([0x12, kind.length]),
    Buffer.from(kind),
  ]);
  return Buffer.concat([
    Buffer.from('k8s\0'),
    Buffer.from([0x0a, type.length]),
    type,
    Buffer.from([0x12, raw.length]),
    raw,
  ]);
};

const roundTrip = (object: KubeObject): KubeObject => decodeProtobuf(encodeProtobuf(object));

const deployment: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'web',
    creationTimestamp: '2026-03-01T10:00:00Z',
    labels: { app: 'web', ['__proto__']: 'kept' },
    managedFields: [{ manager: 'a', operation: 'Apply', fieldsV1: { 'f:spec': {} } }],
  },
  spec: {
    replicas: 0,
    selector: { matchLabels: { app: 'web' } },
    strategy: { rollingUpdate: { maxSurge: '25%', maxUnavailable: 1 }, type: 'RollingUpdate' },
    template: {
      spec: {
        containers: [
          {
            name: 'c',
            image: 'nginx',
            resources: { limits: { cpu: '500m', memory: '1Gi' } },
            livenessProbe: { httpGet: { path: '/', port: 'http' } },
            env: [{ name: 'A', value: 'ü' }],
          },
        ],
        volumes: [
          { name: 'v', emptyDir: {} },
          { name: 's', secret: { secretName: 'x' } },
        ],
        terminationGracePeriodSeconds: 0,
      },
    },
  },
};

test('an object survives encoding and decoding, with explicit zeros, inlined structures and every special type', () => {
  expect(roundTrip(deployment)).toEqual(deployment);
  const secret: KubeObject = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data: { k: 'aGk=' } };
  expect(roundTrip(secret)).toEqual(secret);
  const lease: KubeObject = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'l' },
    spec: { renewTime: '2026-03-01T10:00:00.123456Z', leaseDurationSeconds: 15 },
  };
  expect(roundTrip(lease)).toEqual(lease);
  const review: KubeObject = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    metadata: {},
    spec: { user: 'u', extra: { k: ['a', 'b'], none: [] }, resourceAttributes: { verb: 'get' } },
  };
  expect(roundTrip(review)).toEqual({ ...review, metadata: undefined, status: undefined });
});

test('schemas of custom resource definitions keep their either-or fields', () => {
  const crd: KubeObject = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'a.b' },
    spec: {
      group: 'b',
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                a: { additionalProperties: false, default: { x: [1, null] }, minimum: 0.5 },
                b: { additionalProperties: { type: 'string' }, items: { type: 'integer' } },
                c: { 'x-kubernetes-int-or-string': true, enum: ['a', 1] },
              },
            },
          },
        },
      ],
    },
  };
  expect(roundTrip(crd).spec).toEqual(crd.spec);
});

test('fields that Go writes at their zero value are left out as JSON leaves them out', () => {
  // ConfigMap: metadata {name: "a", generateName: "", creationTimestamp: {}}.
  const bytes = envelope('ConfigMap', '0a 07 0a 01 61 12 00 42 00');
  expect(decodeProtobuf(bytes)).toEqual({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } });
});

test('unknown fields are skipped', () => {
  expect(decodeProtobuf(envelope('ConfigMap', '0a 03 0a 01 61 a2 06 01 78 a8 06 05'))).toMatchObject({
    metadata: { name: 'a' },
  });
});

const failure = (bytes: Uint8Array): ApiError => {
  try {
    decodeProtobuf(bytes);
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('decoded');
};

test.each([
  ['no magic', Buffer.from('{}'), 'expected prefix'],
  ['truncated length', envelope('ConfigMap', '0a ff'), 'unexpected EOF'],
  ['length beyond the end', envelope('ConfigMap', '0a 7f 61'), 'unexpected EOF'],
  ['wrong wire type', envelope('ConfigMap', '08 01'), 'wrong wireType = 0 for field metadata'],
  ['endless integer', envelope('ConfigMap', '0a ff ff ff ff ff ff ff ff ff ff ff'), 'integer overflow'],
  ['field number 0', envelope('ConfigMap', '02 00'), 'illegal field number 0'],
  ['invalid UTF-8', envelope('ConfigMap', '0a 03 0a 01 ff'), 'not valid UTF-8'],
  ['unknown kind', envelope('Nothing', ''), 'no kind "Nothing" is registered for version "v1"'],
])('%s is answered with 400', (_, bytes, text) => {
  const error = failure(bytes);
  expect(error.code).toBe(400);
  expect(error.message).toContain(text);
});

test('nesting beyond the limit is refused instead of overflowing the stack', () => {
  let schema: Record<string, unknown> = { type: 'object' };
  for (let depth = 0; depth < 250; depth++) schema = { properties: { a: schema } };
  const crd = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {},
    spec: { versions: [{ name: 'v1', schema: { openAPIV3Schema: schema } }] },
  };
  expect(failure(encodeProtobuf(crd)).message).toContain('nested too deeply');
});

test('whatever the bytes, the answer is an object or a 400', () => {
  const good = encodeProtobuf(deployment);
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.nat(255), (at, value) => {
      const bytes = Uint8Array.from(good);
      bytes[at] = value;
      try {
        decodeProtobuf(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(ApiError);
      }
    }),
    { numRuns: 500 },
  );
});
