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
      mark: {
        refs: [{ target: { kind: 'apps/Deployment', namespace: 'n', name: 'web', uid: '' }, nameEnd: 0, uidAt: -1 }],
      },
    },
  };
}

const shown = (items: readonly MergedItem[]): (string | undefined)[] =>
  [...withOneHistory(items, items)].map(({ item }) => {
    const { metadata } = JSON.parse(item.bytes.toString()) as { metadata: { annotations: Record<string, string> } };
    expect(item.bytes.toString('utf8', item.nameAt, item.nameAt + item.name.length)).toBe(item.name);
    return metadata.annotations[KEY];
  });

describe('revisions of ReplicaSets', () => {
  test('are told as one number for each template; of the newest by one cluster alone', () => {
    const items = [
      replicaSet('web-1', 'a', { [KEY]: '1' }),
      replicaSet('web-1', 'b', { [KEY]: '1' }),
      replicaSet('web-2', 'a', { [KEY]: '2', other: 'x' }),
      replicaSet('web-2', 'b', { other: 'x', [KEY]: '10' }),
      replicaSet('web-3', 'b', { [KEY]: '3' }),
    ];
    expect(shown(items)).toEqual(['1', '1', '10@a', '10', '3']);
  });

  test.each([[{ [KEY]: '7' }], [{ before: 'x', [KEY]: '7' }], [{ [KEY]: '7', after: 'x' }]])(
    'change in %j without harm to the rest',
    (annotations) => {
      const items = [
        replicaSet('new', 'a', { [KEY]: '9' }),
        replicaSet('web', 'a', { [KEY]: '8' }),
        replicaSet('web', 'b', annotations),
      ];
      expect(shown(items)).toEqual(['9', '8', '8']);
    },
  );

  test('stay where there is nothing to choose between', () => {
    expect(shown([replicaSet('web', 'a', {}), replicaSet('web', 'b', { [KEY]: '2' })])).toEqual([undefined, '2']);
    expect(shown([])).toEqual([]);
  });
});
