/** Holds DESIGN §8: folders import up the table only, one package has one door, no cycles, no barrel files. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');

/** Folder → folders that it may import. A folder may always import itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'src/kube': [],
  'src/errors': ['src/kube'],
  'src/metrics': [],
  'src/reconcile': ['src/kube', 'src/errors', 'src/metrics'],
  'src/hub': ['src/kube', 'src/errors', 'src/metrics', 'src/reconcile'],
  'src/workspaces': ['src/hub', 'src/reconcile', 'src/kube', 'src/errors'],
  'src/clusters': ['src/hub', 'src/reconcile', 'src/kube', 'src/errors', 'src/metrics'],
  'src/aggregate': [
    'src/clusters',
    'src/workspaces',
    'src/hub',
    'src/reconcile',
    'src/kube',
    'src/errors',
    'src/metrics',
  ],
  'src/placement': ['src/hub', 'src/clusters', 'src/reconcile', 'src/kube', 'src/errors', 'src/metrics'],
  'src/sync': ['src/hub', 'src/clusters', 'src/reconcile', 'src/kube', 'src/errors', 'src/metrics'],
  'src/recovery': ['src/clusters', 'src/hub', 'src/reconcile', 'src/kube', 'src/errors', 'src/metrics'],
  'src/embedded': ['src/hub', 'src/reconcile', 'src/kube'],
  'src/http': ['src/kube', 'src/errors', 'src/metrics', 'src/workspaces'],
  auth: ['src/hub', 'src/workspaces', 'src/http', 'src/kube', 'src/errors', 'src/metrics', 'src/reconcile'],
  routes: [
    'src/http',
    'src/aggregate',
    'src/hub',
    'src/clusters',
    'src/workspaces',
    'src/metrics',
    'src/kube',
    'src/errors',
  ],
};

/** Folders that see another one's types only. */
const TYPES_ONLY: readonly (readonly [from: string, to: string])[] = [
  ['src/http', 'src/workspaces'],
  ['src/placement', 'src/clusters'],
];

/** Values that a types-only folder gives all the same: pure names and constants. */
const PURE_FILES = new Set(['src/clusters/kinds.ts', 'src/clusters/downstream.ts']);

/** Package → where it may be imported. */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  jose: ['auth/'],
  'prom-client': ['src/metrics/'],
  '@kubernetes/client-node': ['src/clusters/', 'src/hub/'],
  'http-proxy': ['src/http/proxy.ts'],
  fastify: ['routes/', 'src/http/', 'src/server.ts'],
  libsql: ['src/hub/store/'],
  '@peculiar/x509': ['src/http/certificates.ts'],
  commander: ['src/cli/'],
};

interface Import {
  readonly from: string;
  /** Path in the repository, or the package's name. */
  readonly to: string;
  readonly local: boolean;
  readonly typeOnly: boolean;
}

function filesBelow(directory: string): string[] {
  return readdirSync(join(ROOT, directory), { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return /\.ts$/.test(entry.name) ? [path] : [];
  });
}

const STATEMENT = /^(?:import|export)\s+(type\s+)?(?:([^'";]*?)\s+from\s+)?['"]([^'"]+)['"]/gm;
const DYNAMIC = /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const found = [...text.matchAll(STATEMENT)].map(([, type, names, specifier]) => ({
    specifier: specifier as string,
    typeOnly: type !== undefined || onlyTypes(names),
  }));
  const dynamic = [...text.matchAll(DYNAMIC)].map(([, specifier]) => ({
    specifier: specifier as string,
    typeOnly: false,
  }));
  return [...found, ...dynamic].map(({ specifier, typeOnly }) => {
    const local = specifier.startsWith('.');
    const to = local ? relative(ROOT, resolve(ROOT, dirname(file), specifier)) : packageOf(specifier);
    return { from: file, to, local, typeOnly };
  });
}

/** `{ type A, type B }`. */
const onlyTypes = (names: string | undefined): boolean =>
  names !== undefined &&
  /^\{[^}]*\}$/.test(names) &&
  names
    .slice(1, -1)
    .split(',')
    .every((name) => name.trim() === '' || name.trim().startsWith('type '));

const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

/** Undefined for the roots (`src/server.ts`), which may import anything. */
const folderOf = (file: string): string | undefined =>
  Object.keys(MAY_IMPORT).find((folder) => file.startsWith(`${folder}/`));

const sources = ['src', 'auth', 'routes'].flatMap(filesBelow);
const imports = sources.flatMap(importsOf);
const arrow = ({ from, to }: Import) => `${from} → ${to}`;

describe('imports', () => {
  it('are found: this test would otherwise pass for nothing', () => {
    expect(sources.length).toBeGreaterThan(100);
    expect(imports.filter(({ local }) => local).length).toBeGreaterThan(300);
    expect(imports.some(({ to, from }) => to === 'fastify' && from === 'src/http/listen.ts')).toBe(true);
  });

  it('go up the table of folders only', () => {
    const wrong = imports.filter(({ from, to, local }) => {
      const folder = folderOf(from);
      if (!local || folder === undefined) return false;
      const target = folderOf(to);
      return target === undefined || (target !== folder && !MAY_IMPORT[folder]?.includes(target));
    });
    expect(wrong.map(arrow)).toEqual([]);
  });

  it('take types only where the table says so', () => {
    const wrong = imports.filter(
      ({ from, to, local, typeOnly }) =>
        local &&
        !typeOnly &&
        !PURE_FILES.has(to) &&
        TYPES_ONLY.some(([folder, other]) => folderOf(from) === folder && folderOf(to) === other),
    );
    expect(wrong.map(arrow)).toEqual([]);
  });

  it('of a package stand behind its one door', () => {
    const wrong = imports.filter(({ from, to, local }) => {
      const doors = local ? undefined : DOORS[to];
      return doors !== undefined && !doors.some((door) => from.startsWith(door));
    });
    expect(wrong.map(arrow)).toEqual([]);
  });

  it('never go round in a circle', () => {
    const graph = new Map<string, string[]>();
    for (const { from, to, local, typeOnly } of imports) {
      if (local && !typeOnly) graph.set(from, [...(graph.get(from) ?? []), to]);
    }
    expect(cyclesOf(graph)).toEqual([]);
  });

  it('are not hidden behind barrel files or grab-bags', () => {
    const barrel = (file: string) => {
      const code = readFileSync(join(ROOT, file), 'utf8')
        .replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
        .trim();
      return (
        code !== '' &&
        code.split(/;\s*/).every((one) => one === '' || /^export\s+(\*|(type\s+)?\{[^}]*\})[^;]*from/.test(one.trim()))
      );
    };
    expect(sources.filter(barrel)).toEqual([]);
    expect(sources.filter((file) => /(^|\/)(utils?|helpers?|common|misc)(\.ts|\/)/.test(file))).toEqual([]);
  });
});

/** Each as `a → b → a`, found by depth-first search. */
function cyclesOf(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file);
    if (at >= 0) {
      cycles.push([...path.slice(at), file].join(' → '));
      return;
    }
    if (done.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return cycles;
}
