/** Conditions of several copies as one list (API conventions, "Typical status properties"). Pure. */

import { verdictOf } from '../hub/kinds/health-rule.ts';
import type { ProjectionRules } from '../hub/kinds/projection-rules.ts';
import { at, list, record, text } from '../kube/fields.ts';
import type { KubeObject } from '../kube/object.ts';
import { isBadNews, isHealth } from './status-rules.ts';

interface Reporter {
  readonly clusterName: string;
  readonly status: Readonly<Record<string, unknown>> | undefined;
}

interface Reported {
  readonly clusterName: string;
  readonly condition: Readonly<Record<string, unknown>>;
}

/**
 * One condition per type, in the order in which types first appear. Good news is True when every target says so, bad news
 * when any does; a target that says nothing of good news that others report makes it Unknown at best. The reason is that
 * of the targets that decide; messages name their clusters where they differ.
 * @param rules how many targets must be well, for the conditions that say so
 * @param before the conditions that the object shows now: an unchanged status keeps its transition time
 */
export function foldConditions(
  reporters: readonly Reporter[],
  before: readonly unknown[],
  rules: Pick<ProjectionRules, 'health' | 'weight'>,
): Record<string, unknown>[] | undefined {
  const byType = new Map<string, Reported[]>();
  for (const { clusterName, status } of reporters)
    for (const found of list(status?.conditions)) {
      const condition = record(found);
      const type = text(condition?.type);
      if (condition === undefined || type === undefined) continue;
      byType.set(type, [...(byType.get(type) ?? []), { clusterName, condition }]);
    }
  if (byType.size === 0) return undefined;
  return [...byType].map(([type, reported]) => {
    const status = isHealth(type) ? healthOf(reported, reporters, rules) : statusOf(type, reported, reporters.length);
    return fold(type, status, reported, before);
  });
}

const CONFLICT = 'SyncConflict';

/** Tells in the conditions, of kinds that have any, that copies wait for a decision. */
export function withSyncConflict(
  status: Record<string, unknown>,
  hubObject: KubeObject,
  message: string | undefined,
  now: string,
): Record<string, unknown> {
  if (message === undefined || !Array.isArray(status.conditions)) return status;
  const before = list(at(hubObject.status, 'conditions')).find((condition) => at(condition, 'type') === CONFLICT);
  const lastTransitionTime = text(at(before, 'lastTransitionTime')) ?? now;
  const condition = { type: CONFLICT, status: 'True', lastTransitionTime, reason: 'DecisionNeeded', message };
  return { ...status, conditions: [...list(status.conditions), condition] };
}

function fold(
  type: string,
  status: string,
  reported: readonly Reported[],
  before: readonly unknown[],
): Record<string, unknown> {
  const deciding = reported.filter(({ condition }) => condition.status === status);
  const voices = deciding.length > 0 ? deciding : reported;
  // A rollout that is still going on says more than one that has ended.
  const lead = voices.find(({ condition }) => condition.reason !== 'NewReplicaSetAvailable') ?? voices[0];
  const shown = before.find((condition) => at(condition, 'type') === type && at(condition, 'status') === status);
  const latest = (field: string): string | undefined =>
    voices
      .flatMap(({ condition }) => text(condition[field]) ?? [])
      .sort()
      .at(-1);
  const transition = text(at(shown, 'lastTransitionTime')) ?? latest('lastTransitionTime');
  const update = latest('lastUpdateTime');
  return {
    type,
    status,
    ...(update === undefined ? {} : { lastUpdateTime: update }),
    ...(transition === undefined ? {} : { lastTransitionTime: transition }),
    ...(lead?.condition.reason === undefined ? {} : { reason: lead.condition.reason }),
    message: messageOf(voices),
    ...observedGeneration(voices),
  };
}

function statusOf(type: string, reported: readonly Reported[], expected: number): string {
  const statuses = reported.map(({ condition }) => condition.status);
  if (isBadNews(type)) return statuses.includes('True') ? 'True' : statuses.includes('Unknown') ? 'Unknown' : 'False';
  if (statuses.includes('False')) return 'False';
  return statuses.length === expected && statuses.every((status) => status === 'True') ? 'True' : 'Unknown';
}

/** A target that says nothing of it may yet. */
function healthOf(
  reported: readonly Reported[],
  reporters: readonly Reporter[],
  { health, weight }: Pick<ProjectionRules, 'health' | 'weight'>,
): string {
  const votes = reporters.map(({ clusterName }) => {
    const status = reported.find((one) => one.clusterName === clusterName)?.condition.status;
    return { well: status === 'True' ? true : status === 'False' ? false : undefined, weight: weight(clusterName) };
  });
  return verdictOf(health, votes);
}

/** Equal messages are told once. */
function messageOf(voices: readonly Reported[]): string {
  const messages = new Set(voices.map(({ condition }) => text(condition.message) ?? ''));
  if (messages.size === 1) return [...messages][0] ?? '';
  return voices.map(({ clusterName, condition }) => `${clusterName}: ${text(condition.message) ?? ''}`).join('; ');
}

function observedGeneration(voices: readonly Reported[]): { observedGeneration?: number } {
  const observed = voices.flatMap(({ condition }) =>
    typeof condition.observedGeneration === 'number' ? [condition.observedGeneration] : [],
  );
  return observed.length === 0 ? {} : { observedGeneration: Math.min(...observed) };
}
