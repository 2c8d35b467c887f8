import { describe, expect, it } from 'vitest';
import { sumCapacity } from '../../src/clusters/node-capacity.ts';

const ready = { conditions: [{ type: 'Ready', status: 'True' }] };

describe('capacity', () => {
  it('counts cordoned and lost nodes as capacity, not as allocatable', () => {
    const amounts = { capacity: { cpu: '2' }, allocatable: { cpu: '1900m' } };
    const nodes = [
      { status: { ...amounts, ...ready } },
      { spec: { unschedulable: true }, status: { ...amounts, ...ready } },
      { status: amounts },
    ];
    expect(sumCapacity(nodes)).toEqual({ capacity: { cpu: '6' }, allocatable: { cpu: '1900m' } });
  });

  it('leaves out what is no quantity and survives prototype keys', () => {
    const capacity = JSON.parse('{"cpu":"1","memory":"lots","__proto__":"5"}');
    expect(sumCapacity([{ status: { capacity, ...ready } }]).capacity).toEqual(
      JSON.parse('{"__proto__":"5","cpu":"1"}'),
    );
  });
});
