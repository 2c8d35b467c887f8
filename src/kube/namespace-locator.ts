/** Where a workspace's namespace lives downstream: kcp's scheme, so its tools recognize our namespaces. */
import { createHash } from 'node:crypto';

export const NAMESPACE_LOCATOR_ANNOTATION = 'kcp.io/namespace-locator';
export const TENANT_LABEL = 'kcp.io/tenant-id';

export interface NamespaceLocator {
  readonly syncTarget: { readonly workspace: string; readonly name: string; readonly uid: string };
  readonly workspace: string;
  readonly namespace: string;
}

/** The annotation's text. Key order is fixed: the downstream name is its hash. */
export const locatorJson = (locator: NamespaceLocator): string =>
  JSON.stringify({
    syncTarget: { workspace: locator.syncTarget.workspace, name: locator.syncTarget.name, uid: locator.syncTarget.uid },
    workspace: locator.workspace,
    namespace: locator.namespace,
  });

/** `kcp-` + the first 12 digits of base36(sha224(locator JSON)). */
export const downstreamNamespace = (locator: NamespaceLocator): string =>
  `kcp-${toBase(sha224(locatorJson(locator)), BASE36).slice(0, 12)}`;

/** Label value that all namespaces of one workspace on one target share. */
export const tenantId = (locator: Pick<NamespaceLocator, 'syncTarget' | 'workspace'>): string =>
  toBase(
    sha224(`${locator.workspace}/${locator.syncTarget.workspace}/${locator.syncTarget.name}/${locator.syncTarget.uid}`),
    BASE62,
  ).slice(0, 20);

/** Undefined when the annotation is missing or not a locator: such a namespace is nobody's. */
export function parseLocator(annotation: string | undefined): NamespaceLocator | undefined {
  if (annotation === undefined) return undefined;
  try {
    const { syncTarget, workspace, namespace } = JSON.parse(annotation) as NamespaceLocator;
    const strings = [syncTarget?.workspace, syncTarget?.name, syncTarget?.uid, workspace, namespace];
    return strings.every((part) => typeof part === 'string') ? { syncTarget, workspace, namespace } : undefined;
  } catch {
    return undefined;
  }
}

/** Key of a SyncTarget in labels and annotations: base62(sha224(`<workspace>:<name>`)) (kcp ToSyncTargetKey). */
export const syncTargetKey = (workspace: string, name: string): string =>
  toBase(sha224(`${workspace}:${name}`), BASE62);

const BASE36 = '0123456789abcdefghijklmnopqrstuvwxyz';
const BASE62 = `${BASE36}ABCDEFGHIJKLMNOPQRSTUVWXYZ`;

const sha224 = (text: string): Buffer => createHash('sha224').update(text).digest();

function toBase(bytes: Buffer, digits: string): string {
  let value = BigInt(`0x${bytes.toString('hex')}`);
  const base = BigInt(digits.length);
  let text = '';
  while (value > 0n) {
    text = digits[Number(value % base)] + text;
    value /= base;
  }
  return text === '' ? '0' : text;
}
