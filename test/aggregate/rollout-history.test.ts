import { describe, expect, test } from 'vitest';
import type { MergedItem } from '../../src/aggregate/merge.ts';
import { withOneHistory } from '../../src/aggregate/rollout-history.ts';

const KEY = 'deployment.kubernetes.io/revision';

function replicaSet(name: string, clusterName: string, annotations: Record<string, string>): MergedItem {
  const text = JSON.stringify({ metadata: { annotations, name, namespace: 'n' } });
  return {
    namespace: 'n',
    clusterName,
    qualified: true,
    item: {
      name,
      uid: `${name}-${clusterName}`,
      resourceVersion: 1n,
      labels: {},
      bytes: Buffer.from(text),
      nameAt: text.indexOf(`"name":"`) + 8,
    },
  };
}

const shown = (items: readonly MergedItem[]): (string | undefined)[] =>
  [...withOneHistory(items)].map(({ item }) => {
    const { metadata } = JSON.parse(item.bytes.toString()) as { metadata: { annotations: Record<string, string> } };
    expect(item.bytes.toString('utf8', item.nameAt, item.nameAt + item.name.length)).toBe(item.name);
    return metadata.annotations[KEY];
  });

describe('revisions of ReplicaSets', () => {
  test('are told once for each template, by the highest number', () => {
    const items = [
      replicaSet('web-1', 'a', { [KEY]: '1' }),
      replicaSet('web-1', 'b', { [KEY]: '1' }),
      replicaSet('web-2', 'a', { [KEY]: '2', other: 'x' }),
      replicaSet('web-2', 'b', { other: 'x', [KEY]: '10' }),
      replicaSet('web-3', 'b', { [KEY]: '3' }),
    ];
    expect(shown(items)).toEqual(['1', undefined, undefined, '10', '3']);
  });

  test.each([[{ [KEY]: '7' }], [{ before: 'x', [KEY]: '7' }], [{ [KEY]: '7', after: 'x' }]])(
    'are taken out of %j without harm to the rest',
    (annotations) => {
      const items = [replicaSet('web', 'a', { [KEY]: '8' }), replicaSet('web', 'b', annotations)];
      expect(shown(items)).toEqual(['8', undefined]);
    },
  );

  test('stay where there is nothing to choose between', () => {
    expect(shown([replicaSet('web', 'a', {}), replicaSet('web', 'b', { [KEY]: '2' })])).toEqual([undefined, '2']);
    expect(shown([])).toEqual([]);
  });
});
