import { describe, expect, test } from 'vitest';
import { Sequencer, SourceLog } from '../../src/aggregate/source-log.ts';

const change = (name: string, version: bigint) => ({
  workspace: 'root',
  namespace: 'n',
  name,
  version,
  item: undefined,
  previous: undefined,
  size: 1,
  at: 0,
});

describe('places in a history', () => {
  test('an object that is told again is one, though it is older than the history', () => {
    const log = new SourceLog(new Sequencer());
    log.reset(100n);
    expect(log.find(99n)).toBeUndefined();
    log.append(change('old', 40n));
    // A list that is taken now has this version: whoever watches from there must not be refused.
    const { sequence, version } = log.latest;
    expect(version).toBe(40n);
    expect(log.find(version)).toBe(sequence);
    expect(log.beganAt(version)).toBe(false);
    expect(log.find(41n)).toBeUndefined();
    log.append(change('new', 101n));
    expect(log.after(log.find(40n) as number, 'root').map((entry) => entry.change.name)).toEqual(['new']);
  });
});
