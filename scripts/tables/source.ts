/** Where the facts are read from: a running kube-apiserver, or a folder with what it answered. */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

export interface Source {
  version(): Promise<string>;
  /** `/api` or `/apis` as aggregated discovery v2. */
  discovery(root: 'api' | 'apis'): Promise<Discovery>;
  /** Paths of the OpenAPI v3 documents, such as `apis/apps/v1`. */
  documentPaths(): Promise<readonly string[]>;
  document(path: string): Promise<OpenApiDocument>;
}

export interface Discovery {
  readonly items: readonly {
    readonly metadata: { readonly name?: string };
    readonly versions: readonly { readonly version: string; readonly resources: readonly DiscoveredResource[] }[];
  }[];
}

export interface DiscoveredResource {
  readonly resource: string;
  readonly responseKind?: Kind;
  readonly scope: 'Cluster' | 'Namespaced';
  readonly singularResource: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  readonly subresources?: readonly {
    readonly subresource: string;
    readonly responseKind?: Kind;
    readonly verbs: readonly string[];
  }[];
}

interface Kind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

export interface OpenApiDocument {
  readonly components?: { readonly schemas?: Record<string, Record<string, unknown>> };
}

const DISCOVERY = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

export function openSource(from: string): Source {
  return /^https?:/.test(from) ? server(from.replace(/\/$/, '')) : folder(from);
}

function server(base: string): Source {
  const get = async (path: string, accept = 'application/json'): Promise<unknown> => {
    const response = await fetch(`${base}${path}`, { headers: { accept } });
    if (!response.ok) throw new Error(`GET ${base}${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  return {
    version: async () => ((await get('/version')) as { gitVersion: string }).gitVersion,
    discovery: async (root) => (await get(`/${root}`, DISCOVERY)) as Discovery,
    documentPaths: async () => Object.keys(((await get('/openapi/v3')) as { paths: object }).paths),
    document: async (path) => (await get(`/openapi/v3/${path}`)) as OpenApiDocument,
  };
}

function folder(path: string): Source {
  const read = async (name: string): Promise<unknown> => JSON.parse(await readFile(join(path, name), 'utf8'));
  return {
    // A folder named for its version needs no version.json.
    version: async () =>
      /^v\d+\.\d+\.\d+$/.test(basename(path))
        ? basename(path)
        : ((await read('version.json')) as { gitVersion: string }).gitVersion,
    discovery: async (root) => (await read(`discovery-${root}.json`)) as Discovery,
    documentPaths: async () => Object.keys(((await read('v3.json')) as { paths: object }).paths),
    document: async (document) => (await read(`v3/${document.replaceAll('/', '__')}.json`)) as OpenApiDocument,
  };
}
