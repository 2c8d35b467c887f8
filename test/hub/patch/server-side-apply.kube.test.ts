import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { builtinDefinitionName, builtinType } from '../../../src/hub/builtin/tables.ts';
import { withoutManagedFields } from '../../../src/hub/patch/managed-fields.ts';
import { type ApplyType, recordUpdate, serverSideApply } from '../../../src/hub/patch/server-side-apply.ts';
import { zeroObject } from '../../../src/hub/schema/go-decode.ts';
import type { KubeObject, ManagedFieldsEntry } from '../../../src/kube/object.ts';
import { parseApiVersion } from '../../../src/kube/resource.ts';
import type { TypeSchema } from '../../../src/kube/schema.ts';
import type { ApiError, Status } from '../../../src/kube/status.ts';
import { startCluster } from '../../kube/cluster.ts';
import type { KubeCluster } from '../../kube/kube-cluster.ts';
import { OWNERSHIP_CASES, type OwnershipCase, type Step } from './ownership-cases.ts';

let cluster: KubeCluster;
beforeAll(async () => {
  cluster = await startCluster({ name: 'ownership', controllers: false });
});
afterAll(() => cluster?.stop());

const CONTENT_TYPES = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
};

async function send({ path }: OwnershipCase, name: string, step: Step) {
  const query = new URLSearchParams({ fieldManager: step.manager, fieldValidation: 'Ignore' });
  if (step.verb === 'apply' && step.force) query.set('force', 'true');
  const object = `${path}/${name}${step.subresource ? `/${step.subresource}` : ''}?${query}`;
  if (step.verb === 'create')
    return cluster.fetch(`${path}?${query}`, { method: 'POST', body: named(step.body, name) });
  if (step.verb === 'update') return cluster.fetch(object, { method: 'PUT', body: named(step.body, name) });
  const body = step.verb === 'apply' ? named(step.body, name) : (step.body as object);
  return cluster.fetch(object, {
    method: 'PATCH',
    body,
    headers: { 'content-type': CONTENT_TYPES[step.verb] },
  });
}

const named = (body: unknown, name: string): KubeObject => {
  const object = body as KubeObject;
  return { ...object, metadata: { ...object.metadata, name, namespace: 'default' } };
};

const timeless = (entries: readonly ManagedFieldsEntry[] | undefined) =>
  (entries ?? []).map(({ time, ...entry }) => ({ ...entry, timed: time !== undefined }));

/** Entries in an order that does not depend on the second in which a step ran. */
const settled = (entries: readonly ManagedFieldsEntry[] | undefined) =>
  timeless(entries).sort((a, b) =>
    JSON.stringify([a.manager, a.operation, a.subresource]) < JSON.stringify([b.manager, b.operation, b.subresource])
      ? -1
      : 1,
  );

/** What kube-apiserver resets on the endpoint (each strategy's GetResetFields). */
const resetFields = (test: OwnershipCase, step: Step): string[] => {
  if (test.kind === 'ConfigMap') return [];
  return step.subresource === 'status' ? ['spec', 'metadata.labels'] : ['status'];
};

describe('ownership is recorded as kube-apiserver records it', () => {
  test.each(OWNERSHIP_CASES.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    const name = `case-${OWNERSHIP_CASES.indexOf(one)}`;
    const { apiVersion, kind } = one;
    const gvk = { ...parseApiVersion(apiVersion), kind };
    const empty = zeroObject(apiVersion, kind, builtinDefinitionName(gvk) as string);
    const type: ApplyType = { apiVersion, kind, schema: builtinType(gvk) as TypeSchema, empty };
    let before: KubeObject | undefined;
    for (const [at, step] of one.steps.entries()) {
      const what = `step ${at} (${step.verb} by ${step.manager})`;
      const answer = await send(one, name, step);
      const context = {
        type,
        manager: step.manager,
        subresource: step.subresource ?? '',
        now: `${new Date().toISOString().slice(0, 19)}Z`,
        resetFields: resetFields(one, step),
      };
      if (step.verb === 'apply') {
        const input = { ...context, live: before, applied: named(step.body, name), force: step.force === true };
        if (answer.status >= 300) {
          const wanted = answer.json as unknown as Status;
          // What validation says comes after merging, and is not told here.
          if (wanted.reason === 'Invalid') continue;
          let error: ApiError | undefined;
          try {
            serverSideApply(input);
          } catch (caught) {
            error = caught as ApiError;
          }
          expect(error?.status, `${what}: ${answer.text}`).toMatchObject({
            code: wanted.code,
            message: wanted.message,
            ...(wanted.details === undefined || wanted.code === 500 ? {} : { details: wanted.details }),
          });
          continue;
        }
        const { object } = serverSideApply(input);
        expect(settled(object.metadata.managedFields), `${what}: managedFields`).toEqual(
          settled(answer.json.metadata.managedFields),
        );
        if (before !== undefined) {
          expect(comparable(object), `${what}: object`).toEqual(comparable(answer.json, object));
        }
      } else {
        expect(answer.status, `${what}: ${answer.text}`).toBeLessThan(300);
        const sent = sentManagedFields(step);
        const bare = withoutManagedFields(answer.json);
        // The server records before it assigns these.
        const after = before === undefined ? strip(bare) : bare;
        const recorded = recordUpdate({
          ...context,
          before,
          after: {
            ...after,
            metadata: {
              ...after.metadata,
              ...(sent ?? { managedFields: before?.metadata.managedFields ?? [] }),
            } as never,
          },
        });
        expect(settled(recorded.metadata.managedFields), `${what}: managedFields`).toEqual(
          settled(answer.json.metadata.managedFields),
        );
      }
      before = answer.json;
    }
  });
});

/** Managed fields that the step's body itself sends, as they reach the server's recorder. */
function sentManagedFields(step: Step): object | undefined {
  const text = JSON.stringify(step.body);
  if (text.includes('"managedFields":[{}]')) return { managedFields: [{}] };
  return text.includes('/metadata/managedFields') ? { managedFields: [] } : undefined;
}

function strip(object: KubeObject): KubeObject {
  const { uid: _u, creationTimestamp: _c, resourceVersion: _r, generation: _g, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** Without what the server sets after merging; of the answer only what the other value has too: defaulting adds. */
function comparable(object: KubeObject, other?: KubeObject): unknown {
  const {
    managedFields: _m,
    resourceVersion: _r,
    generation: _g,
    creationTimestamp: _c,
    uid: _u,
    ...metadata
  } = object.metadata;
  const bare = { ...object, metadata };
  return other === undefined ? withoutNulls(bare) : common(bare, other);
}

function common(value: unknown, other: unknown): unknown {
  if (Array.isArray(value) && Array.isArray(other)) return value.map((item, at) => common(item, other[at]));
  if (!isObject(value) || !isObject(other)) return value;
  const keys = Object.keys(value).filter((key) => Object.hasOwn(other, key));
  return Object.fromEntries(keys.map((key) => [key, common(value[key], other[key])]));
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null)
      .map(([key, item]) => [key, withoutNulls(item)]),
  );
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
