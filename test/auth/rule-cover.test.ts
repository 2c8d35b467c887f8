import { describe, expect, it } from 'vitest';
import type { PolicyRule } from '../../auth/rbac-rules.ts';
import { describeRights, uncovered } from '../../auth/rule-cover.ts';

const rule = (groups: string[], resources: string[], verbs: string[], resourceNames?: string[]): PolicyRule => ({
  apiGroups: groups,
  resources,
  verbs,
  ...(resourceNames === undefined ? {} : { resourceNames }),
});

describe('rules held', () => {
  it.each<[string, PolicyRule[], PolicyRule, boolean]>([
    ['the same', [rule([''], ['pods'], ['get'])], rule([''], ['pods'], ['get']), true],
    [
      'spread over several rules',
      [rule([''], ['pods'], ['get']), rule([''], ['pods'], ['list'])],
      rule([''], ['pods'], ['get', 'list']),
      true,
    ],
    ['stars', [rule(['*'], ['*'], ['*'])], rule(['x'], ['a/b'], ['y'], ['z']), true],
    ['a star asked of those without', [rule([''], ['pods'], ['get', 'list'])], rule([''], ['pods'], ['*']), false],
    [
      'a subresource by its star',
      [rule(['apps'], ['*/scale'], ['get'])],
      rule(['apps'], ['deployments/scale'], ['get']),
      true,
    ],
    ['a name, where all are held', [rule([''], ['secrets'], ['get'])], rule([''], ['secrets'], ['get'], ['a']), true],
    ['all, where a name is held', [rule([''], ['secrets'], ['get'], ['a'])], rule([''], ['secrets'], ['get']), false],
    [
      'paths below a star',
      [{ nonResourceURLs: ['/a/*'], verbs: ['get'] }],
      { nonResourceURLs: ['/a/b'], verbs: ['get'] },
      true,
    ],
    ['paths by a resource star', [rule(['*'], ['*'], ['*'])], { nonResourceURLs: ['/a'], verbs: ['get'] }, false],
  ])('%s: %j', (_what, held, wanted, covered) => {
    expect(uncovered(held, [wanted]).length === 0).toBe(covered);
  });

  it("that are missing are told per resource, in upstream's form", () => {
    const missing = uncovered(
      [],
      [rule(['', 'apps'], ['pods'], ['get', 'list']), { nonResourceURLs: ['/x'], verbs: ['get'] }],
    );
    expect(describeRights(missing)).toEqual([
      '{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}',
      '{APIGroups:["apps"], Resources:["pods"], Verbs:["get" "list"]}',
      '{NonResourceURLs:["/x"], Verbs:["get"]}',
    ]);
  });
});
