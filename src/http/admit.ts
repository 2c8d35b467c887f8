/** The ladder of DESIGN §3, in the order in which it runs. */
import { ApiError } from '../kube/status.ts';
import type { Admitted, AuditTrail, Described, Gates } from './context.ts';

/** Takes a described request through every gate. Throws the ApiError of the gate that refuses, noted in the trail. */
export async function admit(gates: Gates, request: Described, trail: AuditTrail): Promise<Admitted> {
  try {
    const authenticated = await gates.authenticate(request);
    trail.reached(authenticated);
    const located = await gates.locate(authenticated);
    const impersonated = await gates.impersonate(located);
    trail.reached(impersonated);
    const authorized = await gates.authorize(impersonated);
    trail.reached(authorized);
    return gates.limit(authorized);
  } catch (error) {
    if (error instanceof ApiError && error.code === 403) trail.denied(error.message);
    throw error;
  }
}
