/** The admission chain: each step in order, any may refuse. */
import type { AdmissionRequest, HubCore } from '../core.ts';

export async function admit(core: HubCore, request: AdmissionRequest): Promise<void> {
  for (const step of core.admission) await step.admit(request, core);
}
