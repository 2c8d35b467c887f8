import { afterEach, describe, expect, it } from 'vitest';
import { type CustomKinds, createCustomKinds } from '../../src/clusters/custom-kinds.ts';
import { silentLogger } from '../../src/reconcile/logger.ts';
import { type FakeDownstream, fakeDownstream, fakeRegistry } from '../support/fake-downstream.ts';
import { waitFor } from '../support/wait-for.ts';

let kinds: CustomKinds | undefined;
afterEach(() => kinds?.close());

const crd = (plural: string, properties: object, established = 'True') => ({
  metadata: { name: `${plural}.acme.com` },
  spec: {
    group: 'acme.com',
    scope: 'Namespaced',
    names: { plural, kind: plural.toUpperCase() },
    versions: [
      { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties } } },
    ],
  },
  status: { conditions: [{ type: 'Established', status: established }] },
});

/** Serves the CRDs one to a page. */
function cluster(name: string, workspace: string, crds: object[]): FakeDownstream {
  const made = fakeDownstream(name, workspace);
  made.answer(({ path }) => {
    const at = Number(/continue=(\d+)/.exec(path)?.[1] ?? 0);
    const more = at + 1 < crds.length ? String(at + 1) : '';
    return { body: JSON.stringify({ metadata: { continue: more }, items: crds.slice(at, at + 1) }) };
  });
  return made;
}

function follow(...clusters: FakeDownstream[]) {
  const registry = fakeRegistry(...clusters);
  let changes = 0;
  const made = createCustomKinds({ registry, log: silentLogger, onChange: () => (changes += 1) });
  kinds = made;
  const names = (workspace: string) => made.of(workspace).map(({ info }) => info.resource);
  return { made, registry, names, changes: () => changes };
}

describe('custom kinds of clusters', () => {
  it('are those of the clusters that a workspace may use', async () => {
    const { names } = follow(
      cluster('east', 'root', [crd('widgets', {}), crd('gears', {})]),
      cluster('own', 'root:a', [crd('gadgets', {})]),
    );
    await waitFor('all', () => names('root:a').length === 3);
    expect(names('root:a').sort()).toEqual(['gadgets', 'gears', 'widgets']);
    expect(names('root:b')).toEqual(['widgets', 'gears']);
  });

  it('are one array for workspaces with the same clusters, until something changes', async () => {
    const crds = [crd('widgets', {})];
    const east = cluster('east', 'root', crds);
    const { made, registry, names, changes } = follow(east);
    await waitFor('the kind', () => names('root').length === 1);
    const before = made.of('root:a');
    expect(made.of('root:b')).toBe(before);
    registry.emit({ type: 'definitions', downstream: east });
    await waitFor('the question', () => east.requests.length === 2);
    expect(made.of('root:a')).toBe(before);
    crds[0] = crd('widgets', { size: { type: 'integer' } });
    const until = changes();
    registry.emit({ type: 'definitions', downstream: east });
    await waitFor('the change', () => changes() > until);
    expect(made.of('root:a')[0]?.schema?.root.properties).toHaveProperty('size');
  });

  it('leave out what is not served yet and what its cluster refuses to tell, and go with their cluster', async () => {
    const silent = fakeDownstream('silent');
    silent.answer(() => ({ status: 403 }));
    const east = cluster('east', 'root', [crd('pending', {}, 'False'), crd('widgets', {})]);
    const { registry, names } = follow(silent, east);
    await waitFor('the kind', () => names('root').length === 1);
    expect(names('root')).toEqual(['widgets']);
    registry.emit({ type: 'left', downstream: east });
    expect(names('root')).toEqual([]);
  });

  it('stay as they were while a cluster does not answer, or answers nonsense', async () => {
    const east = cluster('east', 'root', [crd('widgets', {})]);
    const { registry, names } = follow(east);
    await waitFor('the kind', () => names('root').length === 1);
    east.answer(() => ({ body: '<html>' }));
    registry.emit({ type: 'definitions', downstream: east });
    east.setHealth('Unhealthy');
    registry.emit({ type: 'definitions', downstream: east });
    await waitFor('both', () => east.requests.length >= 2);
    expect(names('root')).toEqual(['widgets']);
  });
});
