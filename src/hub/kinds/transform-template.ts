/**
 * Values by template: text with `{{ .cluster.name }}` in it, and Go's form for keys that are no plain words,
 * `{{ index .cluster.labels "topology.kubernetes.io/region" }}`. No functions, no conditions. Pure.
 */

/** What templates can name. Map entries that are not there are an error, so that no half-made value reaches a cluster. */
export interface TemplateValues {
  readonly cluster: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly workspace: string;
  readonly object: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
}

type Part = { readonly text: string } | { readonly path: readonly string[]; readonly source: string };
export type Template = readonly Part[];

const MAPS = new Set(['cluster.labels', 'object.labels', 'object.annotations']);
const SCALARS = new Set(['cluster.name', 'workspace', 'object.name', 'object.namespace']);
const ACTION = /\{\{(.*?)\}\}/gs;
const PLAIN = /^\.([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)$/;
const INDEX = /^index\s+\.([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\s+"([^"\\]+)"$/;

/** Throws Error with what is wrong: an action of another form, or one that names nothing that there is. */
export function parseTemplate(text: string): Template {
  const parts: Part[] = [];
  let end = 0;
  for (const { 0: source, 1: action = '', index } of text.matchAll(ACTION)) {
    parts.push({ text: plainText(text.slice(end, index)) }, { path: pathOf(action.trim(), source), source });
    end = index + source.length;
  }
  parts.push({ text: plainText(text.slice(end)) });
  return parts;
}

function plainText(text: string): string {
  if (text.includes('{{') || text.includes('}}')) throw new Error('an action is opened or closed alone');
  return text;
}

function pathOf(action: string, source: string): readonly string[] {
  const indexed = INDEX.exec(action);
  const path = indexed?.[1]?.split('.') ?? PLAIN.exec(action)?.[1]?.split('.');
  if (path === undefined) throw new Error(`${source} is not of the form {{ .path }} or {{ index .map "key" }}`);
  const whole = indexed?.[2] === undefined ? path : [...path, indexed[2]];
  if (!SCALARS.has(whole.join('.')) && !(whole.length === 3 && MAPS.has(whole.slice(0, 2).join('.'))))
    throw new Error(
      `${source} names nothing: there are ${[...SCALARS, ...[...MAPS].map((map) => `${map}.<key>`)].join(', ')}`,
    );
  return whole;
}

/** Throws Error where a map has no such entry. */
export const renderTemplate = (template: Template, values: TemplateValues): string =>
  template.map((part) => ('text' in part ? part.text : valueAt(values, part.path, part.source))).join('');

function valueAt(values: TemplateValues, path: readonly string[], source: string): string {
  let here: unknown = values;
  for (const key of path) {
    here = typeof here === 'object' && here !== null && Object.hasOwn(here, key) ? (here as Fields)[key] : undefined;
  }
  if (typeof here !== 'string') throw new Error(`${source} has no value here`);
  return here;
}

type Fields = Readonly<Record<string, unknown>>;
