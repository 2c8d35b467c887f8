/** RFC 6901: a JSON pointer as its segments. */

/** `/metadata/labels/a~1b` → `['metadata', 'labels', 'a/b']`; '' → `[]`. Undefined where it is none. */
export function parsePointer(pointer: string): readonly string[] | undefined {
  if (pointer === '') return [];
  if (!pointer.startsWith('/') || /~(?![01])/.test(pointer)) return undefined;
  return pointer
    .slice(1)
    .split('/')
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}
