/** The CEL environment of Kubernetes 1.37: the standard library of cel-js and, on top, Kubernetes' own (apiserver `cel/library`). */
import { Environment } from '@marcbachmann/cel-js';
import { registerAddresses } from './library-addresses.ts';
import { registerLists } from './library-lists.ts';
import { registerQuantities } from './library-quantities.ts';
import { registerStrings } from './library-strings.ts';
import { registerUrls } from './library-urls.ts';
import { registerVersions } from './library-versions.ts';

let base: Environment | undefined;

/** A copy to declare variables and types on. */
export function newEnvironment(): Environment {
  if (base === undefined) {
    base = new Environment({
      enableOptionalTypes: true,
      homogeneousAggregateLiterals: false,
      limits: { maxAstNodes: 20_000, maxDepth: 100 },
    });
    for (const register of [
      registerLists,
      registerStrings,
      registerQuantities,
      registerAddresses,
      registerUrls,
      registerVersions,
    ]) {
      register(base);
    }
  }
  return base.clone();
}
