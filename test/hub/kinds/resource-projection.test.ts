import { describe, expect, it } from 'vitest';
import { compileCondition } from '../../../src/hub/kinds/projection-condition.ts';
import { startHub } from '../hub-harness.ts';

const resources = [{ resource: 'pods' }];
const create = async (spec: object | undefined) => {
  const hub = await startHub();
  const answer = await hub.request('POST', '/apis/tmc.kcp.io/v1alpha1/resourceprojections', {
    apiVersion: 'tmc.kcp.io/v1alpha1',
    kind: 'ResourceProjection',
    metadata: { name: 'p' },
    ...(spec === undefined ? {} : { spec }),
  });
  await hub.close();
  return answer;
};
const INVALID = 'ResourceProjection.tmc.kcp.io "p" is invalid: ';

describe('a ResourceProjection', () => {
  it('shows everything where it says nothing, and names the core group by its absence', async () => {
    const { status, json } = await create({ resources });
    expect(status).toBe(201);
    expect(json.spec).toEqual({ resources: [{ group: '', resource: 'pods' }], projection: 'All' });
  });

  it.each<[string, object]>([
    [
      'by rules',
      { projection: 'Selective', select: [{ namespaces: ['a'] }, { names: ['web-*'], clusters: ['east'] }] },
    ],
    ['by labels of objects and clusters', { projection: 'Selective', select: [{ selector: {}, clusterSelector: {} }] }],
    ['by a condition', { projection: 'Conditional', condition: "object.status.phase == 'Running'" }],
    ['by a condition on the cluster', { projection: 'Conditional', condition: "cluster.labels['tier'] == 'gold'" }],
    ['in part', { fields: ['/spec/containers/*/image', '/status'] }],
    ['otherwise', { transforms: [{ operation: 'Delete', path: '/status/podIP' }] }],
    ['merged', { merge: 'Latest', conflict: 'Manual', status: 'Primary', health: 'Majority', weights: { east: 100 } }],
  ])('may show %s', async (_what, spec) => expect((await create({ resources, ...spec })).status).toBe(201));

  it.each<[object | undefined, string]>([
    [undefined, `${INVALID}spec: Required value`],
    [{ resources: [] }, `${INVALID}spec.resources: Required value`],
    [{ resources: [{ resource: '' }] }, `${INVALID}spec.resources[0].resource: Required value`],
    [
      { resources, projection: 'Some' },
      `${INVALID}spec.projection: Unsupported value: "Some": supported values: "All", "Selective", "Conditional"`,
    ],
    [
      { resources, projection: 'Selective' },
      `${INVALID}spec.select: Required value: must be given with projection Selective`,
    ],
    [
      { resources, select: [{ names: ['a'] }] },
      `${INVALID}spec.select: Forbidden: may only be given with projection Selective`,
    ],
    [
      { resources, projection: 'Selective', select: [{}] },
      `${INVALID}spec.select[0]: Required value: must give at least one of namespaces, names, selector, clusters, clusterSelector`,
    ],
    [
      { resources, projection: 'Selective', select: [{ names: ['a*b*'] }] },
      `${INVALID}spec.select[0].names[0]: Invalid value: "a*b*": must be a name, with one '*' at most`,
    ],
    [
      { resources, projection: 'Conditional' },
      `${INVALID}spec.condition: Required value: must be given with projection Conditional`,
    ],
    [
      { resources, condition: 'true' },
      `${INVALID}spec.condition: Forbidden: may only be given with projection Conditional`,
    ],
    [
      { resources, projection: 'Conditional', condition: '1 + 1' },
      `${INVALID}spec.condition: Invalid value: "1 + 1": must evaluate to bool`,
    ],
    [
      { resources, projection: 'Conditional', condition: 'objekt.x' },
      `${INVALID}spec.condition: Invalid value: "objekt.x": compilation failed: ERROR: <input>:1:1: undeclared reference to 'objekt' (in container '')\n | objekt.x\n | ^`,
    ],
    [
      { resources, fields: ['spec'] },
      `${INVALID}spec.fields[0]: Invalid value: "spec": must be a JSON pointer, such as '/spec/replicas'`,
    ],
    [
      { resources, transforms: [{ operation: 'Delete', path: '/metadata/uid' }] },
      `${INVALID}spec.transforms[0].path: Forbidden: of metadata only labels and annotations can be transformed`,
    ],
    [
      { resources, weights: { east: 101 } },
      `${INVALID}spec.weights.east: Invalid value: 101: spec.weights.east in body should be less than or equal to 100`,
    ],
    [
      { resources, merge: 'First' },
      `${INVALID}spec.merge: Unsupported value: "First": supported values: "Union", "Intersection", "Priority", "Latest"`,
    ],
  ])('is refused as %j', async (spec, message) => {
    const { status, json } = await create(spec);
    expect({ status, message: json.message }).toEqual({ status: 422, message });
  });
});

describe("a projection's condition", () => {
  const values = {
    object: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a', labels: { n: '1' } }, spec: { n: 3 } },
    cluster: { name: 'east', labels: { tier: 'gold' } },
    workspace: 'root:a',
  };
  const answer = (source: string): boolean => {
    const compiled = compileCondition(source);
    if ('fault' in compiled) throw new Error(compiled.fault);
    return compiled.condition(values);
  };

  it.each([
    ["cluster.name == 'east' && workspace.startsWith('root')", true],
    ["cluster.labels['tier'] == 'silver'", false],
    ['object.spec.n > 2', true],
    ['has(object.spec.paused) && object.spec.paused', false],
    ["object.metadata.labels.exists(k, k == 'n')", true],
  ])('%s is %s', (source, expected) => expect(answer(source)).toBe(expected));

  it.each([
    ["object.status.phase == 'Running'", 'no such key: status'],
    ['object.spec.n', 'it is no bool'],
    [
      '[0,1,2,3,4,5,6,7,8,9].all(a, [0,1,2,3,4,5,6,7,8,9].all(b, [0,1,2,3,4,5,6,7,8,9].all(c, [0,1,2,3,4,5,6,7,8,9].all(d, [0,1,2,3,4,5,6,7,8,9].all(e, a + b + c + d + e >= 0)))))',
      'running out of cost budget',
    ],
  ])('%s has no answer', (source, why) => expect(() => answer(source)).toThrow(why));
});
