/** Forgets history that nobody should need any more: watches resume and pages continue for at least ten minutes. */
import type { HubCore } from '../core.ts';

const STEP_MS = 300_000;
/** Steps that history is kept. */
const KEPT_STEPS = 2;

export function startCompaction(
  { store, clock, log }: Pick<HubCore, 'store' | 'clock' | 'log'>,
  signal: AbortSignal,
): void {
  const marks: bigint[] = [];
  const tick = async (): Promise<void> => {
    if (signal.aborted) return;
    try {
      marks.push(await store.revision());
      const due = marks.length > KEPT_STEPS ? marks.shift() : undefined;
      if (due !== undefined) await store.compact(due);
    } catch (error) {
      log.warn({ err: error }, 'history could not be compacted');
    }
    schedule();
  };
  const schedule = () => {
    const cancel = clock.after(STEP_MS, () => void tick());
    signal.addEventListener('abort', cancel, { once: true });
  };
  schedule();
}
