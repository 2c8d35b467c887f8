/** What a namespace uses of a quota, counted from its objects (pkg/controller/resourcequota). */
import { addQuantities, formatQuantity, parseQuantity, type Quantity } from '../../kube/quantity.ts';
import { type GroupResource, groupResourceName } from '../../kube/resource.ts';
import type { HubCore } from '../core.ts';
import { collectionPrefix } from '../keys.ts';
import { matchesScopes, type QuotaSpec } from './quota-scopes.ts';
import { evaluatorFor, isPlainCount, measuredKind } from './quota-usage.ts';

export type Used = Readonly<Record<string, string>>;

/** Objects decoded at a time: a long collection must not stand in memory whole. */
const PAGE = 500;

export async function countUsed(core: HubCore, workspace: string, namespace: string, spec: QuotaSpec): Promise<Used> {
  const byKind = new Map<string, { kind: GroupResource; names: string[] }>();
  for (const name of Object.keys(spec.hard ?? {})) {
    const kind = measuredKind(name);
    if (kind === undefined) continue;
    const key = groupResourceName(kind);
    const known = byKind.get(key) ?? { kind, names: [] };
    known.names.push(name);
    byKind.set(key, known);
  }
  const scoped = (spec.scopes?.length ?? 0) > 0 || (spec.scopeSelector?.matchExpressions?.length ?? 0) > 0;
  const counted = await Promise.all(
    [...byKind.values()].map(({ kind, names }) =>
      !scoped && names.every(isPlainCount)
        ? countOnly(core, workspace, namespace, kind, names)
        : sumUsage(core, workspace, namespace, kind, names, spec),
    ),
  );
  return Object.assign({}, ...counted) as Used;
}

async function countOnly(
  core: HubCore,
  workspace: string,
  namespace: string,
  kind: GroupResource,
  names: readonly string[],
): Promise<Used> {
  const count = String(await core.store.count(collectionPrefix(workspace, kind, namespace)));
  return Object.fromEntries(names.map((name) => [name, count]));
}

async function sumUsage(
  core: HubCore,
  workspace: string,
  namespace: string,
  kind: GroupResource,
  names: readonly string[],
  spec: QuotaSpec,
): Promise<Used> {
  const totals = new Map<string, Quantity>(names.map((name) => [name, parseQuantity('0')]));
  const definition = (await core.catalog.of(workspace)).preferred(kind);
  const { usage } = evaluatorFor(kind);
  for (let after: string | undefined; definition !== undefined; ) {
    const options = { limit: PAGE, count: false, ...(after === undefined ? {} : { after }) };
    const page = await core.store.list(collectionPrefix(workspace, kind, namespace), options);
    for (const entry of page.entries) {
      const object = core.objects.decode(definition, core.objects.open(entry));
      if (!matchesScopes(spec, kind.resource, object)) continue;
      for (const [name, quantity] of usage(object, core.clock.now())) {
        const total = totals.get(name);
        // The first of all decides how the sum is written.
        if (total !== undefined) totals.set(name, total.nanos === 0n ? quantity : addQuantities(total, quantity));
      }
    }
    after = page.entries.at(-1)?.key;
    if (page.remaining === 0 || after === undefined) break;
  }
  return Object.fromEntries([...totals].map(([name, quantity]) => [name, formatQuantity(quantity)]));
}
