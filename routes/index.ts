/**
 * The URL surface (DESIGN §2). `src/http/describe.ts` has read the URL; this says who answers.
 *
 *   /services/tmc/clusters/<ws>/…                     view     hub and clusters merged
 *   /services/tmc/synctargets/<t>/clusters/<ws>/…     view     one cluster's slice
 *   <ws>.<domain>/…                                   view
 *   /clusters/<ws>/…                                  hub      what was authored
 *   /livez /readyz /healthz /version /metrics         process  also below a workspace, but for /metrics
 */
import type { Admitted } from '../src/http/context.ts';
import type { ApiHandler } from '../src/kube/api.ts';
import { pathNotFound } from '../src/kube/status.ts';

export interface Doors {
  readonly hub: ApiHandler;
  /** Absent where no clusters can be reached: an embedded cluster's own API. */
  readonly view?: ApiHandler | undefined;
  readonly process: ApiHandler;
}

const PROBE = /^\/(livez|readyz|healthz)(\/|$)/;

/** Pure: the same request always goes to the same door. */
export const chooseRoute =
  (doors: Doors) =>
  ({ door, info }: Pick<Admitted, 'door' | 'info'>): ApiHandler => {
    if (door === 'process' || PROBE.test(info.path)) return doors.process;
    return (door === 'view' ? doors.view : doors.hub) ?? notHere;
  };

const notHere: ApiHandler = async () => {
  throw pathNotFound();
};
