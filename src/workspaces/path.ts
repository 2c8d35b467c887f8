/** The grammar of workspace paths: `root`, `root:team-a:dev`. */

const SEGMENT = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

export const ROOT_WORKSPACE = 'root';
/** Deeper trees than this are a mistake or an attack. */
export const MAX_DEPTH = 16;
/** All workspaces at once: list and watch only. */
export const ALL_WORKSPACES = '*';

export const isWorkspacePath = (path: string): boolean => path.split(':').every((segment) => SEGMENT.test(segment));

/** `root:a:b` → {parent: 'root:a', name: 'b'}; undefined for a path of one segment. */
export function splitWorkspacePath(path: string): { parent: string; name: string } | undefined {
  const colon = path.lastIndexOf(':');
  return colon < 0 ? undefined : { parent: path.slice(0, colon), name: path.slice(colon + 1) };
}

export const childWorkspace = (parent: string, name: string): string => `${parent}:${name}`;

/** True for the workspace itself and everything below it. */
export const isWithin = (path: string, ancestor: string): boolean =>
  path === ancestor || path.startsWith(`${ancestor}:`);
