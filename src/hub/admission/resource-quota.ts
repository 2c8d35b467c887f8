/** Refuses what would exceed a ResourceQuota's object counts (plugin/pkg/admission/resourcequota). */
import type { KubeObject } from '../../kube/object.ts';
import { forbidden } from '../../kube/status.ts';
import type { AdmissionStep, HubCore } from '../core.ts';
import { collectionPrefix } from '../keys.ts';
import { decodeStored } from '../stored-object.ts';
import { countObjects, counts, limitOf } from './quota-counts.ts';

const QUOTAS = { group: '', resource: 'resourcequotas' };

export interface ResourceQuota extends KubeObject {
  spec?: { hard?: Record<string, string> };
  status?: { hard?: Record<string, string>; used?: Record<string, string> };
}

export const RESOURCE_QUOTA: AdmissionStep = {
  name: 'ResourceQuota',
  async validate({ operation, target, object }, core) {
    const { info } = target.definition;
    if (operation !== 'create' || !info.namespaced || target.subresource !== '') return;
    for (const quota of await quotasOf(core, target.workspace, target.namespace)) {
      for (const [name, hard] of Object.entries(quota.spec?.hard ?? {})) {
        const limit = counts(name, info) ? limitOf(hard) : undefined;
        if (limit === undefined) continue;
        const used = await countObjects(core, target.workspace, target.namespace, name);
        if (used + 1 > limit)
          throw forbidden(
            info,
            object.metadata.name ?? '',
            `exceeded quota: ${quota.metadata.name}, requested: ${name}=1, used: ${name}=${used}, limited: ${name}=${hard}`,
          );
      }
    }
  },
};

async function quotasOf(core: HubCore, workspace: string, namespace: string): Promise<ResourceQuota[]> {
  const page = await core.store.list(collectionPrefix(workspace, QUOTAS, namespace));
  return page.entries.map(
    ({ value, revision }) =>
      decodeStored({ apiVersion: 'v1', kind: 'ResourceQuota' }, value, revision) as ResourceQuota,
  );
}
