import { expect, it } from 'vitest';
import { parsePointer } from '../../src/kube/json-pointer.ts';

it.each([
  ['', []],
  ['/', ['']],
  ['/metadata/labels/a~1b~0c', ['metadata', 'labels', 'a/b~c']],
  ['/spec/containers/0', ['spec', 'containers', '0']],
  ['/a~01', ['a~1']],
  ['spec/replicas', undefined],
  ['/a~2', undefined],
  ['/a~', undefined],
])('%j is read as RFC 6901 says', (pointer, segments) => {
  expect(parsePointer(pointer)).toEqual(segments);
});
