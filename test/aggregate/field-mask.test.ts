import { describe, expect, it } from 'vitest';
import { maskObject, parseMask } from '../../src/aggregate/field-mask.ts';
import type { JsonMap } from '../../src/hub/patch/json-value.ts';

const metadata = { name: 'a', uid: 'u', labels: { app: 'web' } };
const object = (): JsonMap => ({
  kind: 'Pod',
  apiVersion: 'v1',
  metadata: { ...metadata, annotations: { 'example.com/note': 'n', other: 'o' }, managedFields: [{ manager: 'm' }] },
  spec: {
    containers: [
      { name: 'x', image: 'i' },
      { name: 'y', env: [1] },
    ],
    nodeName: 'n',
    '*': 'star',
  },
  status: { phase: 'Running', podIPs: [{ ip: '1' }, { ip: '2' }] },
});
const shown = (...fields: string[]) => {
  const { kind, apiVersion, metadata: kept, ...rest } = maskObject(object(), parseMask(fields));
  expect({ kind, apiVersion }).toEqual({ kind: 'Pod', apiVersion: 'v1' });
  return { metadata: kept, ...rest };
};

describe('a field mask', () => {
  it.each<[string[], object]>([
    [['/nothing'], {}],
    [['/spec/nodeName'], { spec: { nodeName: 'n' } }],
    [['/spec/containers/*/image'], { spec: { containers: [{ image: 'i' }] } }],
    [
      ['/spec/containers/*/name', '/spec/containers/1/env'],
      { spec: { containers: [{ name: 'x' }, { name: 'y', env: [1] }] } },
    ],
    [['/status/*'], { status: { phase: 'Running', podIPs: [{ ip: '1' }, { ip: '2' }] } }],
    [['/status/podIPs/1'], { status: { podIPs: [{ ip: '2' }] } }],
    [['/status', '/status/phase'], { status: { phase: 'Running', podIPs: [{ ip: '1' }, { ip: '2' }] } }],
  ])('%j leaves %j and what identifies the object', (fields, expected) =>
    expect(shown(...fields)).toEqual({ metadata, ...expected }),
  );

  it.each<[string[], object]>([
    [['/metadata'], { annotations: { 'example.com/note': 'n', other: 'o' }, managedFields: [{ manager: 'm' }] }],
    [['/metadata/annotations/example.com~1note'], { annotations: { 'example.com/note': 'n' } }],
    [['/metadata/name'], {}],
  ])('%j of metadata leaves %j beside', (fields, expected) =>
    expect(shown(...fields)).toEqual({ metadata: { ...metadata, ...expected } }),
  );

  it('shows keys that are special to JavaScript as data, and changes nothing of what it is given', () => {
    const given = JSON.parse('{"metadata":{"name":"a"},"data":{"__proto__":{"x":1},"constructor":2,"b":3}}') as JsonMap;
    const before = JSON.stringify(given);
    const masked = maskObject(given, parseMask(['/data/__proto__', '/data/constructor']));
    expect(JSON.stringify(masked)).toBe('{"data":{"__proto__":{"x":1},"constructor":2},"metadata":{"name":"a"}}');
    expect(JSON.stringify(given)).toBe(before);
    expect(Object.hasOwn(Object.prototype, 'x')).toBe(false);
  });
});
