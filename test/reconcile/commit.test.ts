import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../src/kube/object.ts';
import { commit } from '../../src/reconcile/commit.ts';

function recorder() {
  const writes: { object: KubeObject; subresource: string | undefined }[] = [];
  let version = 1;
  const write = async (object: KubeObject, subresource?: 'status'): Promise<KubeObject> => {
    writes.push({ object, subresource });
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(++version) } };
  };
  return { writes, write };
}

const before: KubeObject = {
  apiVersion: 'v1',
  kind: 'Widget',
  metadata: { name: 'a', resourceVersion: '1' },
  spec: { size: 1 },
  status: { phase: 'Old' },
};

describe('commit', () => {
  it('writes nothing when the draft is left as it was', async () => {
    const { writes, write } = recorder();
    expect(
      await commit(write, before, (draft) => {
        draft.spec = { size: 1 };
      }),
    ).toBe(before);
    expect(writes).toEqual([]);
  });

  it('writes metadata and spec without the new status, then status on the version that came back', async () => {
    const { writes, write } = recorder();
    await commit(write, before, (draft) => {
      draft.metadata.labels = { a: 'b' };
      draft.status = { phase: 'New' };
    });
    expect(
      writes.map(({ object, subresource }) => [subresource, object.status, object.metadata.resourceVersion]),
    ).toEqual([
      [undefined, { phase: 'Old' }, '1'],
      ['status', { phase: 'New' }, '2'],
    ]);
    expect(before.metadata.labels).toBeUndefined();
  });
});
