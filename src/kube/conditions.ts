/** Conditions as API conventions have them: one per type, `lastTransitionTime` moves only when the status does. Pure. */
import type { Condition } from './object.ts';

export type ConditionState = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>;

/** The list with each given condition set; others keep their place. `now` is RFC 3339. */
export function withConditions(
  conditions: readonly Condition[] | undefined,
  next: readonly ConditionState[],
  now: string,
): Condition[] {
  const result = [...(conditions ?? [])];
  for (const state of next) {
    const index = result.findIndex(({ type }) => type === state.type);
    const before = result[index];
    const condition: Condition = {
      ...before,
      ...state,
      lastTransitionTime: before?.status === state.status ? before.lastTransitionTime : now,
    };
    if (before === undefined) result.push(condition);
    else result[index] = condition;
  }
  return result;
}
