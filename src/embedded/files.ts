/** A container's files, in memory: paths → bytes. Enough for `cat`, `ls`, redirects and `kubectl cp`. */

/** Together per container; a simulation is no place for gigabytes. */
const CAPACITY_BYTES = 64 * 1024 * 1024;

export class Files {
  readonly #files = new Map<string, Buffer>();
  readonly #folders = new Set<string>(['/']);
  #used = 0;

  constructor(initial: Readonly<Record<string, string>>) {
    for (const folder of ['/tmp', '/etc', '/var/log', '/root', '/usr/share', '/home']) this.makeFolder(folder);
    for (const [path, text] of Object.entries(initial)) this.write(path, Buffer.from(text));
  }

  read(path: string): Buffer | undefined {
    return this.#files.get(path);
  }

  /** Makes missing folders. Throws where the container's space is used up. */
  write(path: string, bytes: Buffer): void {
    const used = this.#used - (this.#files.get(path)?.length ?? 0) + bytes.length;
    if (used > CAPACITY_BYTES) throw new Error('No space left on device');
    this.#used = used;
    this.#files.set(path, bytes);
    this.makeFolder(path.slice(0, Math.max(1, path.lastIndexOf('/'))));
  }

  isFolder(path: string): boolean {
    return this.#folders.has(path);
  }

  makeFolder(path: string): void {
    for (let at = path; at !== '' && at !== '/'; at = at.slice(0, at.lastIndexOf('/'))) this.#folders.add(at);
  }

  /** Names directly in a folder, sorted. */
  names(folder: string): string[] {
    const prefix = folder === '/' ? '/' : `${folder}/`;
    const inside = [...this.#files.keys(), ...this.#folders].filter(
      (path) => path.startsWith(prefix) && path !== prefix,
    );
    return [...new Set(inside.map((path) => path.slice(prefix.length).split('/')[0] as string))].filter(Boolean).sort();
  }

  /** Paths of all files at or below a path, sorted. */
  below(path: string): string[] {
    const prefix = path === '/' ? '/' : `${path}/`;
    return [...this.#files.keys()].filter((file) => file === path || file.startsWith(prefix)).sort();
  }

  /** Removes a file, or a folder with all in it. False where there was nothing. */
  remove(path: string): boolean {
    const doomed = this.below(path);
    for (const file of doomed) {
      this.#used -= this.#files.get(file)?.length ?? 0;
      this.#files.delete(file);
    }
    const folders = [...this.#folders].filter((folder) => folder === path || folder.startsWith(`${path}/`));
    for (const folder of folders) this.#folders.delete(folder);
    return doomed.length + folders.length > 0;
  }
}

/** Absolute and without `.`, `..` and doubled slashes. */
export function resolvePath(from: string, path: string): string {
  const parts: string[] = [];
  for (const part of (path.startsWith('/') ? path : `${from}/${path}`).split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}
