/** Does one set of rules grant all that another does (component-helpers auth/rbac/validation Covers). Pure. */
import type { PolicyRule } from './rbac-rules.ts';

/** What of `wanted` no rule of `held` covers, broken down to single rights. */
export function uncovered(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(breakDown).filter((right) => !held.some((rule) => covers(rule, right)));
}

function breakDown(rule: PolicyRule): PolicyRule[] {
  const names = rule.resourceNames?.length ? rule.resourceNames.map((name) => [name]) : [undefined];
  const rights: PolicyRule[] = [];
  for (const group of rule.apiGroups ?? []) {
    for (const resource of rule.resources ?? []) {
      for (const verb of rule.verbs) {
        for (const name of names) {
          rights.push({
            apiGroups: [group],
            resources: [resource],
            verbs: [verb],
            ...(name ? { resourceNames: name } : {}),
          });
        }
      }
    }
  }
  for (const url of rule.nonResourceURLs ?? []) {
    for (const verb of rule.verbs) rights.push({ nonResourceURLs: [url], verbs: [verb] });
  }
  return rights;
}

const hasAll = (set: readonly string[] | undefined, wanted: readonly string[] | undefined): boolean =>
  wanted === undefined || wanted.every((one) => set?.includes(one) || set?.includes('*'));

function covers(rule: PolicyRule, right: PolicyRule): boolean {
  if (!hasAll(rule.verbs, right.verbs)) return false;
  if (right.nonResourceURLs !== undefined) {
    return right.nonResourceURLs.every((url) => rule.nonResourceURLs?.some((held) => pathCovers(held, url)));
  }
  const names = right.resourceNames;
  return (
    hasAll(rule.apiGroups, right.apiGroups) &&
    (right.resources ?? []).every((resource) => resourceCovers(rule.resources ?? [], resource)) &&
    (!rule.resourceNames?.length || names?.every((name) => rule.resourceNames?.includes(name)) === true)
  );
}

function resourceCovers(held: readonly string[], resource: string): boolean {
  if (held.includes('*') || held.includes(resource)) return true;
  const slash = resource.indexOf('/');
  return slash >= 0 && held.includes(`*${resource.slice(slash)}`);
}

const pathCovers = (held: string, path: string): boolean =>
  held === path || (held.endsWith('*') && path.startsWith(held.replace(/\*+$/, '')));

/** Single rights on the same resource as one line, in the form of upstream's messages, sorted. */
export function describeRights(rights: readonly PolicyRule[]): string[] {
  const byResource = new Map<string, PolicyRule>();
  for (const right of rights) {
    const key = right.nonResourceURLs === undefined ? JSON.stringify({ ...right, verbs: [] }) : JSON.stringify(right);
    const known = byResource.get(key);
    byResource.set(key, known === undefined ? right : { ...known, verbs: [...known.verbs, ...right.verbs] });
  }
  return [...new Set([...byResource.values()].map(describe))].sort();
}

function describe(rule: PolicyRule): string {
  const parts: [string, readonly string[] | undefined][] = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['ResourceNames', rule.resourceNames],
    ['Verbs', rule.verbs],
  ];
  return `{${parts
    .filter(([, values]) => values?.length)
    .map(([name, values]) => `${name}:${goList(values ?? [])}`)
    .join(', ')}}`;
}

/** Go's `%q` of a list. */
export const goList = (values: readonly string[]): string =>
  `[${values.map((value) => JSON.stringify(value)).join(' ')}]`;
