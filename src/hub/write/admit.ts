/**
 * The admission chain, phase by phase: mutate (in a second round where a step asks) → permit → validate. A step that
 * answers at once costs no turn of the event loop.
 */
import type { AdmissionChain, AdmissionRequest, AdmissionStep, HubCore } from '../core.ts';

export const chainOf = (steps: readonly AdmissionStep[]): AdmissionChain => ({
  mutating: steps.filter((step) => step.mutate !== undefined) as unknown as AdmissionChain['mutating'],
  permitting: steps.filter((step) => step.permit !== undefined) as unknown as AdmissionChain['permitting'],
  validating: steps.filter((step) => step.validate !== undefined) as unknown as AdmissionChain['validating'],
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
