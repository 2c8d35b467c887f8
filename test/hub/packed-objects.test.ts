import { describe, expect, it } from 'vitest';
import { PackedObjects } from '../../src/hub/packed-objects.ts';

const object = (name: string, rest: object = {}) => ({ apiVersion: 'v1', kind: 'Thing', metadata: { name }, ...rest });

describe('packed objects', () => {
  it('come back as they were, long after they were put', () => {
    const packed = new PackedObjects();
    const odd = object('odd', {
      spec: { big: 9007199254740993n, text: 'gr\u00fc\u00df \u4e16', list: [null, true, -1] },
    });
    packed.set('odd', odd);
    for (let i = 0; i < 3_000; i++) packed.set(`k${i}`, object(`k${i}`));
    expect(packed.get('odd')).not.toBe(odd);
    expect(packed.get('odd')).toEqual(odd);
    expect(packed.get('k0')?.metadata.name).toBe('k0');
    expect(packed.size).toBe(3_001);
  });

  it('are the last that was put, and gone once deleted, however often they were looked at', () => {
    const packed = new PackedObjects();
    packed.set('a', object('first'));
    for (let i = 0; i < 700; i++) packed.set(`k${i}`, object(`k${i}`));
    expect(packed.get('a')?.metadata.name).toBe('first');
    packed.set('a', object('second'));
    for (let i = 0; i < 700; i++) packed.get(`k${i}`);
    expect(packed.get('a')?.metadata.name).toBe('second');
    packed.delete('a');
    expect(packed.get('a')).toBeUndefined();
    expect([...packed.keys()]).not.toContain('a');
  });

  it('may be named like what every object has', () => {
    const packed = new PackedObjects();
    const hostile = JSON.parse('{"apiVersion":"v1","kind":"T","metadata":{"name":"x"},"__proto__":{"polluted":true}}');
    packed.set('__proto__', hostile);
    for (let i = 0; i < 1_500; i++) packed.set(`k${i}`, object(`k${i}`));
    expect(Object.hasOwn(packed.get('__proto__') as object, '__proto__')).toBe(true);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});
