/**
 * Writes src/hub/builtin/go-structs.json from the Go modules of the Kubernetes version in tables.json:
 * `tsx scripts/generate-go-structs.ts <folder with api@v0.X.Y, apimachinery@v0.X.Y, …>`.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { builtinDefinitionNames, builtinVersion } from '../src/hub/builtin/tables.ts';
import { goStructs } from './tables/go-structs.ts';

const modules = process.argv[2];
if (modules === undefined) {
  console.error('usage: tsx scripts/generate-go-structs.ts <folder of Go modules, e.g. ~/go/pkg/mod/k8s.io>');
  process.exit(2);
}
const version = builtinVersion().replace(/^v1\./, 'v0.');
const structs = goStructs(modules, version, new Set(builtinDefinitionNames()));
const lines = Object.keys(structs)
  .sort()
  .map((name) => `${JSON.stringify(name)}:${JSON.stringify(structs[name])}`);
writeFileSync(
  fileURLToPath(new URL('../src/hub/builtin/go-structs.json', import.meta.url)),
  `{\n${lines.join(',\n')}\n}\n`,
);
