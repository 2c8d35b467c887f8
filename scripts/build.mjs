// Bundles the commands into dist/, one file each, dependencies left outside.
import { copyFileSync, existsSync } from 'node:fs';
import { build } from 'esbuild';

const commands = ['tmc', 'kubectl-tmc', 'workload-syncer'].filter((name) => existsSync(`src/cli/${name}.ts`));
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
// Data that is read at run time from beside the code (src/hub/builtin/tables.ts).
copyFileSync('src/hub/builtin/tables.json', 'dist/tables.json');
