/** `jsonpatch.escapeKey("a/b")` (apiserver `cel/library/jsonpatch.go`): only where patches are made. */
import type { Environment } from '@marcbachmann/cel-js';

class JsonPatchNamespace {}

export function registerJsonPatch(env: Environment): void {
  env.registerType('JsonPatchNamespace', JsonPatchNamespace);
  env.registerConstant('jsonpatch', 'JsonPatchNamespace', new JsonPatchNamespace());
  env.registerFunction('JsonPatchNamespace.escapeKey(string): string', (_: unknown, key: string) =>
    key.replaceAll('~', '~0').replaceAll('/', '~1'),
  );
}
