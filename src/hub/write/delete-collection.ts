/** DELETE on a collection: each selected object as a delete of its own; what vanished meanwhile is no error. */

import type { KubeObject } from '../../kube/object.ts';
import { apiVersionOf } from '../../kube/resource.ts';
import { ApiError } from '../../kube/status.ts';
import type { HubCore, Target, WriteOptions } from '../core.ts';
import { readList } from '../read/list.ts';
import type { ListQuery } from '../read/list-options.ts';
import { type DeleteOptions, deleteObject, type GracePeriod } from './delete.ts';

/** Deletes in flight at once: they share commits, and none waits for another's sync. */
const PARALLEL = 32;

/** Answers the list of objects that were deleted, as they were. */
export async function deleteCollection(
  core: HubCore,
  target: Target,
  query: ListQuery,
  wanted: DeleteOptions,
  options: WriteOptions,
  gracePeriod: GracePeriod,
): Promise<object> {
  const { info } = target.definition;
  const list = await readList(core, target, query);
  const items: KubeObject[] = [];
  for await (const entries of list.chunks) {
    for (let at = 0; at < entries.length; at += PARALLEL)
      await Promise.all(
        entries.slice(at, at + PARALLEL).map(async (entry) => {
          const object = core.objects.decode(target.definition, entry);
          items.push(target.definition.custom ? object : withoutType(object));
          const place = { ...target, namespace: object.metadata.namespace ?? '', name: object.metadata.name ?? '' };
          await deleteObject(core, place, wanted, options, gracePeriod).catch(ignoreGone);
        }),
      );
  }
  return {
    kind: info.listKind ?? `${info.kind}List`,
    apiVersion: apiVersionOf(info),
    metadata: { resourceVersion: String(list.revision) },
    items,
  };
}

/** Upstream's typed lists leave out each item's kind. */
const withoutType = ({ apiVersion: _a, kind: _k, ...rest }: KubeObject): KubeObject => rest as KubeObject;

function ignoreGone(error: unknown): void {
  if (!(error instanceof ApiError) || error.code !== 404) throw error;
}
