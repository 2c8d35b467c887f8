import { describe, expect, test } from 'vitest';
import { rewriteObjectLiterals } from '../../../src/hub/cel/object-literals.ts';

const compact = (source: string) => {
  const rewritten = rewriteObjectLiterals(source);
  return 'fault' in rewritten ? rewritten.fault : rewritten.source.replace(/\s+/g, ' ').trim();
};

describe('typed literals are read as maps', () => {
  test.each([
    ['Object{spec: Object.spec{replicas: 3}}', '{"spec": {"replicas": 3}}'],
    [
      '[JSONPatch{op: "add", path: "/a", value: {"b": c ? d : e}}]',
      '[ {"op": "add", "path": "/a", "value": {"b": c ? d : e}}]',
    ],
    ['Object{ ?spec: x.?y }', '{ ?"spec": x.?y }'],
    ['"Object{a: 1}" + r\'b{c: 1}\'', '"Object{a: 1}" + r\'b{c: 1}\''],
    [
      'Object{spec: Object.spec{items: [Object.spec.items{name: f({"k": v})}]}}',
      '{"spec": {"items": [ {"name": f({"k": v})}]}}',
    ],
    ['object.a.b == {"x": y}', 'object.a.b == {"x": y}'],
    ['Object // }{\n{a: 1}', '// }{ {"a": 1}'],
    ['Object{a: x ? y : z, b: w}', '{"a": x ? y : z, "b": w}'],
  ])('%s', (source, expected) => {
    expect(compact(source)).toBe(expected);
  });

  test('of another type than their field they are refused', () => {
    expect(compact('Object{spec: Object.wrong{a: 1}}')).toContain('expected "Object.spec"');
    expect(compact('Thing{a: 1}')).toBe("undeclared reference to 'Thing' (in container '')");
  });

  test('whatever the text, nothing is thrown', () => {
    for (const source of ['', '}', '{', 'Object{', 'Object{a', '"', "'''", '\\', 'a{b{c{', ']])']) {
      expect(rewriteObjectLiterals(source)).toBeDefined();
    }
  });
});
