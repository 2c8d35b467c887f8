import { describe, expect, it } from 'vitest';
import { admits, selfAndAncestors, VisibilityTree } from '../../src/clusters/visibility.ts';

const at = (workspace: string, clusterName: string) => ({ workspace, clusterName });
const shown = (items: readonly { workspace: string; clusterName: string }[]) =>
  items.map(({ workspace, clusterName }) => `${workspace}/${clusterName}`);

describe('visibility', () => {
  it('walks a path up to its root', () => {
    expect(selfAndAncestors('root:a:b')).toEqual(['root:a:b', 'root:a', 'root']);
    expect(selfAndAncestors('root')).toEqual(['root']);
  });

  it.each([
    [undefined, 'root:a', true],
    [['root:a'], 'root:a', true],
    [['root:a'], 'root:ab', false],
    [['root:a'], 'root:a:b', false],
    [['root:a:*'], 'root:a:b:c', true],
    [['root:a:*'], 'root:a', false],
    [['root:a:*'], 'root:ab:c', false],
    [['*'], 'root:x', true],
    [['root:b', 'root:a:*'], 'root:a:b', true],
  ])('narrowing by %j admits %s: %s', (patterns, workspace, expected) => {
    expect(admits(patterns, workspace)).toBe(expected);
  });

  it('gives a workspace its own clusters and those above, the nearest of equal name, by name', () => {
    const tree = new VisibilityTree<ReturnType<typeof at>>();
    tree.put(at('root', 'west'), undefined);
    tree.put(at('root', 'east'), undefined);
    tree.put(at('root:a', 'east'), undefined);
    tree.put(at('root:b', 'other'), undefined);
    expect(shown(tree.visibleTo('root:a:dev'))).toEqual(['root:a/east', 'root/west']);
    expect(shown(tree.visibleTo('root'))).toEqual(['root/east', 'root/west']);
    expect(tree.get('root:a:dev', 'east')).toEqual(at('root:a', 'east'));
    expect(tree.get('root:a:dev', 'other')).toBeUndefined();
  });

  it('does not let a cluster that a workspace may not use hide one that it may', () => {
    const tree = new VisibilityTree<ReturnType<typeof at>>();
    tree.put(at('root', 'east'), undefined);
    tree.put(at('root:a', 'east'), ['root:a']);
    expect(shown(tree.visibleTo('root:a:dev'))).toEqual(['root/east']);
    expect(tree.get('root:a:dev', 'east')).toEqual(at('root', 'east'));
  });

  it('never reaches workspaces outside its own subtree, whatever the narrowing says', () => {
    const tree = new VisibilityTree<ReturnType<typeof at>>();
    tree.put(at('root:a', 'east'), ['root:b', '*']);
    expect(tree.visibleTo('root:b')).toEqual([]);
  });

  it('shares one array between workspaces with the same set, until something changes', () => {
    const tree = new VisibilityTree<ReturnType<typeof at>>();
    tree.put(at('root', 'east'), undefined);
    const set = tree.visibleTo('root:a');
    expect(tree.visibleTo('root:b:c')).toBe(set);
    tree.put(at('root', 'west'), undefined);
    expect(shown(tree.visibleTo('root:a'))).toEqual(['root/east', 'root/west']);
    tree.remove('root', 'east');
    expect(shown(tree.visibleTo('root:b:c'))).toEqual(['root/west']);
  });
});
