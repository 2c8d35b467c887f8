/** Decisions in words. */
import type { ObjectDecision } from './decide.ts';
import type { ClusterReason } from './model.ts';

/**
 * `Cannot place "web": no ready cluster fits (2 clusters: its labels do not match …; east: it is cordoned …)`.
 * Equal reasons are told once, with how many clusters they hold for.
 */
export function unplaceableMessage(name: string, reasons: readonly ClusterReason[]): string {
  if (reasons.length === 0) return `Cannot place "${name}": the workspace may use no cluster`;
  const byMessage = new Map<string, string[]>();
  for (const { name: cluster, message } of reasons)
    byMessage.set(message, [...(byMessage.get(message) ?? []), cluster]);
  const parts = [...byMessage].map(([message, clusters]) =>
    clusters.length === 1 ? `${clusters[0]}: ${message}` : `${clusters.length} clusters: ${message}`,
  );
  return `Cannot place "${name}": no ready cluster fits (${parts.join('; ')})`;
}

export interface Explanation {
  /** One sentence: which rule decided. */
  readonly summary: string;
  readonly clusters: readonly { readonly name: string; readonly chosen: boolean; readonly reason: string }[];
}

/** A decision for people (`tmc explain`): every cluster with its reason. */
export function explain(name: string, decision: ObjectDecision): Explanation {
  switch (decision.rule) {
    case 'unmanaged':
      return { summary: `"${name}" is not placed: its kind stays in the hub, or a controller owns it`, clusters: [] };
    case 'follows':
      return {
        summary:
          decision.because.length === 0
            ? `"${name}" is not placed: nothing that is placed needs it`
            : `"${name}" follows ${decision.because.length} other object${decision.because.length === 1 ? '' : 's'}`,
        clusters: decision.targets.map((target) => ({ name: target.name, chosen: true, reason: 'needed there' })),
      };
    case 'policy': {
      const { policy, reasons, targets, shortOf } = decision.decision;
      const short = shortOf > 0 ? `, ${shortOf} fewer than minClusters asks for` : '';
      return {
        summary:
          targets.length === 0
            ? unplaceableMessage(name, reasons)
            : `"${name}" is placed in ${targets.map((target) => target.name).join(', ')} by ${policy}${short}`,
        clusters: reasons.map(({ name: cluster, chosen, message }) => ({ name: cluster, chosen, reason: message })),
      };
    }
  }
}
