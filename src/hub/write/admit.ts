/**
 * The admission chain, phase by phase: mutate (in a second round where a step asks) → permit → validate → commit. A
 * step that answers at once costs no turn of the event loop.
 */
import type { AdmissionChain, AdmissionRequest, AdmissionStep, HubCore } from '../core.ts';
import type { CommitResult, StoreOperation } from '../store/store.ts';

export const chainOf = (steps: readonly AdmissionStep[]): AdmissionChain => ({
  mutating: steps.filter((step) => step.mutate !== undefined) as unknown as AdmissionChain['mutating'],
  permitting: steps.filter((step) => step.permit !== undefined) as unknown as AdmissionChain['permitting'],
  validating: steps.filter((step) => step.validate !== undefined) as unknown as AdmissionChain['validating'],
  committing: steps.find((step) => step.commit !== undefined) as AdmissionChain['committing'],
});

/** Answers whether the object is another one now. */
export async function mutate(core: HubCore, request: AdmissionRequest): Promise<boolean> {
  const asked = { again: false };
  const again = (): void => {
    asked.again = true;
  };
  const changed = await mutateOnce(core, request, 0, again);
  return asked.again ? (await mutateOnce(core, request, 1, again)) || changed : changed;
}

async function mutateOnce(
  core: HubCore,
  request: AdmissionRequest,
  number: 0 | 1,
  again: () => void,
): Promise<boolean> {
  let changed = false;
  for (const step of core.admission.mutating) {
    const outcome = step.mutate(request, core, { number, again });
    if (typeof outcome === 'boolean' ? outcome : await outcome) changed = true;
  }
  return changed;
}

export async function permit(core: HubCore, request: AdmissionRequest): Promise<void> {
  for (const step of core.admission.permitting) {
    const pending = step.permit(request, core);
    if (pending !== undefined) await pending;
  }
}

export async function validateAdmission(core: HubCore, request: AdmissionRequest): Promise<void> {
  for (const step of core.admission.validating) {
    const pending = step.validate(request, core);
    if (pending !== undefined) await pending;
  }
}

/** Stores what was admitted. A dry run goes the same way and stores nothing. Throws ApiError. */
export function commitAdmitted(
  core: HubCore,
  request: AdmissionRequest,
  operations: readonly StoreOperation[],
): Promise<CommitResult> {
  const commit = (more: readonly StoreOperation[]): Promise<CommitResult> =>
    request.options.dryRun ? DRY : core.store.commit(more.length === 0 ? operations : [...operations, ...more]);
  const { committing } = core.admission;
  return committing === undefined ? commit([]) : committing.commit(request, core, commit);
}

const DRY: Promise<CommitResult> = Promise.resolve({ ok: true, revision: 0n });
