import { expect, test } from 'vitest';
import { listBody } from '../../src/aggregate/list-body.ts';
import type { MergedItem } from '../../src/aggregate/merge.ts';
import type { ResourceDefinition } from '../../src/hub/resource-definition.ts';
import type { ResourceInfo } from '../../src/kube/resource.ts';

const info = { group: '', version: 'v1', kind: 'Pod', resource: 'pods' } as ResourceInfo;
const COUNT = 3_000;
const text = (index: number): string => 'é'.repeat(index % 900);

function item(index: number): MergedItem {
  const name = `p-${index}`;
  const bytes = Buffer.from(`{"kind":"Pod","apiVersion":"v1","metadata":{"name":"${name}"},"x":"${text(index)}"}`);
  const own = { name, uid: '', resourceVersion: 1n, labels: {}, bytes, nameAt: bytes.indexOf(name) };
  return { namespace: 'a', clusterName: index % 3 === 0 ? undefined : 'east', qualified: index % 3 === 1, item: own };
}

test.each([false, true])('a long list is whole, whatever its buffers; items name their kind: %s', async (custom) => {
  let resumed = 0;
  const list = {
    items: Array.from({ length: COUNT }, (_, index) => item(index)),
    resume: () => void resumed++,
    metadata: { resourceVersion: '7' },
  };
  const parts: Uint8Array[] = [];
  for await (const part of listBody(info, { custom } as ResourceDefinition, list) as AsyncIterable<Uint8Array>)
    parts.push(part);
  const { items, ...head } = JSON.parse(Buffer.concat(parts).toString());
  expect(head).toEqual({ kind: 'PodList', apiVersion: 'v1', metadata: { resourceVersion: '7' } });
  expect(items).toEqual(
    Array.from({ length: COUNT }, (_, index) => ({
      ...(custom ? { kind: 'Pod', apiVersion: 'v1' } : {}),
      metadata: { name: index % 3 === 1 ? `p-${index}@east` : `p-${index}` },
      x: text(index),
    })),
  );
  expect(resumed).toBeGreaterThan(5);
});
