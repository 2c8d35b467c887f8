/** How many must be well for the whole to be well. Pure. */
import type { HealthPolicy } from './resource-projection.ts';

export interface Vote {
  /** Undefined: not known. */
  readonly well: boolean | undefined;
  readonly weight: number;
}

/** True or False when the votes that are still out cannot change it. Without any votes nothing is known. */
export function verdictOf(policy: HealthPolicy, votes: readonly Vote[]): 'True' | 'False' | 'Unknown' {
  const enough = ENOUGH[policy];
  const those = (...answers: readonly Vote['well'][]): readonly Vote[] =>
    votes.filter(({ well }) => answers.includes(well));
  if (votes.length === 0) return 'Unknown';
  if (enough(those(true), votes)) return 'True';
  return enough(those(true, undefined), votes) ? 'Unknown' : 'False';
}

const weightOf = (votes: readonly Vote[]): number => votes.reduce((sum, { weight }) => sum + weight, 0);

const ENOUGH: Readonly<Record<HealthPolicy, (well: readonly Vote[], all: readonly Vote[]) => boolean>> = {
  All: (well, all) => well.length === all.length,
  Majority: (well, all) => well.length * 2 > all.length,
  Any: (well) => well.length > 0,
  Weighted: (well, all) => weightOf(well) * 2 > weightOf(all),
};
