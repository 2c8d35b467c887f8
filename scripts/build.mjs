// Bundles the commands into dist/, one file each, dependencies left outside.
import { copyFileSync, existsSync, rmSync } from 'node:fs';
import { build } from 'esbuild';

const commands = ['tmc', 'kubectl-tmc', 'workload-syncer'].filter((name) => existsSync(`src/cli/${name}.ts`));
rmSync('dist', { recursive: true, force: true });
await build({
  entryPoints: commands.map((name) => `src/cli/${name}.ts`),
  outdir: 'dist',
  bundle: true,
  splitting: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  packages: 'external',
  sourcemap: true,
  banner: { js: '#!/usr/bin/env node' },
  logLevel: 'warning',
});
// Data that is read at run time from beside the code (src/hub/builtin).
for (const file of ['tables.json', 'go-structs.json']) copyFileSync(`src/hub/builtin/${file}`, `dist/${file}`);
