/** Continue tokens of a view: where the list goes on, and at which version each source is read. Readable by any replica. */
import { badRequest } from '../kube/status.ts';

export interface ViewContinue {
  /** `metadata.resourceVersion` of the list; '' begins a new snapshot (an inconsistent continue). */
  readonly listVersion: string;
  /** Each source's own version by its slot. */
  readonly versions: Readonly<Record<string, string>>;
  /** The last object that was sent. */
  readonly after: ContinueKey;
}

export interface ContinueKey {
  readonly namespace: string;
  readonly name: string;
  /** '' for the hub. */
  readonly clusterName: string;
}

const FORMAT = 'tmc.kcp.io/v1';

export const encodeContinue = ({ listVersion, versions, after }: ViewContinue): string =>
  Buffer.from(
    JSON.stringify({
      v: FORMAT,
      rv: listVersion,
      at: versions,
      start: [after.namespace, after.name, after.clusterName],
    }),
  ).toString('base64url');

const refuse = (why: string): Error => badRequest(`continue key is not valid: ${why}`);
const isDecimal = (value: unknown): value is string => typeof value === 'string' && /^[0-9]{1,19}$/.test(value);

/** Throws ApiError 400. */
export function decodeContinue(text: string): ViewContinue {
  let token: { v?: unknown; rv?: unknown; at?: unknown; start?: unknown };
  try {
    token = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as typeof token;
  } catch {
    throw refuse('not a token of this server');
  }
  if (typeof token !== 'object' || token === null || token.v !== FORMAT) {
    throw refuse('server does not recognize this encoded version');
  }
  const { rv, at, start } = token;
  if (rv !== '' && !isDecimal(rv)) throw refuse('incorrect encoded start resourceVersion');
  if (!Array.isArray(start) || start.length !== 3 || !start.every((part) => typeof part === 'string')) {
    throw refuse('encoded start key empty');
  }
  const pairs = typeof at === 'object' && at !== null ? Object.entries(at) : [];
  if (!pairs.every(([slot, version]) => /^[0-9]{1,5}$/.test(slot) && isDecimal(version))) {
    throw refuse('incorrect encoded source versions');
  }
  const [namespace, name, clusterName] = start as [string, string, string];
  return {
    listVersion: rv as string,
    versions: Object.fromEntries(pairs as [string, string][]),
    after: { namespace, name, clusterName },
  };
}
