/** Objects are made only in namespaces that exist and are not going away (plugin/namespace/lifecycle). */
import { ApiError, forbidden, notFound } from '../../kube/status.ts';
import type { AdmissionRequest, AdmissionStep, HubCore } from '../core.ts';

const NAMESPACES = { group: '', resource: 'namespaces' };
/** Never deleted: a workspace without them would be unusable. */
const PROTECTED = new Set(['default', 'kube-system', 'kube-public']);

export const NAMESPACE_LIFECYCLE: AdmissionStep = {
  name: 'NamespaceLifecycle',
  mutate(request, core) {
    const { operation, target } = request;
    const { info } = target.definition;
    if (info.group === '' && info.resource === 'namespaces') {
      // The hub itself empties a workspace that goes.
      if (operation === 'delete' && PROTECTED.has(target.name) && request.options.user !== undefined)
        throw forbidden(NAMESPACES, target.name, 'this namespace may not be deleted');
      return false;
    }
    return operation === 'create' && info.namespaced ? requireLiveNamespace(request, core) : false;
  },
};

/** Stored bytes never change: those that said once that their namespace is live need not be parsed for each new object. */
const KNOWN_LIVE = new WeakSet<Uint8Array>();

async function requireLiveNamespace({ target, object }: AdmissionRequest, core: HubCore): Promise<false> {
  const { workspace, namespace, definition } = target;
  const namespaces = (await core.catalog.of(workspace)).preferred(NAMESPACES);
  if (namespaces === undefined) return false;
  const entry = await core.objects.read({ workspace, definition: namespaces, namespace: '', name: namespace });
  if (entry === undefined) throw notFound(NAMESPACES, namespace);
  if (KNOWN_LIVE.has(entry.value)) return false;
  const found = core.objects.decode(namespaces, entry);
  const { phase } = (found.status ?? {}) as { phase?: string };
  if (found.metadata.deletionTimestamp === undefined && phase !== 'Terminating') {
    KNOWN_LIVE.add(entry.value);
    return false;
  }
  const { group, resource } = definition.info;
  const name = object.metadata.name ?? '';
  const refusal = forbidden(
    definition.info,
    name,
    `unable to create new content in namespace ${namespace} because it is being terminated`,
  );
  throw new ApiError(403, 'Forbidden', refusal.message, {
    name,
    ...(group === '' ? {} : { group }),
    kind: resource,
    causes: [
      {
        reason: 'NamespaceTerminating',
        message: `namespace ${namespace} is being terminated`,
        field: 'metadata.namespace',
      },
    ],
  });
}
