/**
 * `Object.spec{replicas: 3}` and `JSONPatch{op: "add", …}`, the objects that mutating policies make, as maps: the language
 * of cel-js has no typed literals. Only the text is changed, before it is parsed.
 */

export type Rewritten = { readonly source: string } | { readonly fault: string };

interface Open {
  readonly close: string;
  /** Of a typed literal; undefined for other brackets. */
  readonly type: string | undefined;
  /** The field whose value is being read. */
  field: string | undefined;
}

const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}' };
const TOKEN =
  /\/\/[^\n]*|[rR]?[bB]?[rR]?(?:"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')|[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)*|\d[\w.]*|\s+|[\s\S]/y;
const NAME = /^[A-Za-z_]/;
const STRING = /^[rRbB]{0,2}["']/;

/** A fault where a literal is of another type than the field that it is for. */
export function rewriteObjectLiterals(source: string): Rewritten {
  const tokens = tokensOf(source);
  const open: Open[] = [];
  let text = '';
  for (const [at, token] of tokens.entries()) {
    const top = open.at(-1);
    const next = nextToken(tokens, at);
    if (NAME.test(token) && !STRING.test(token) && next === '{') {
      const type = token.replace(/\s/g, '');
      const fault = typeFault(type, open);
      if (fault !== undefined) return { fault };
      open.push({ close: '}', type, field: undefined });
      // Its own brace follows and opens nothing more.
      text += ' '.repeat(token.length);
    } else if (token === '{' && top?.type !== undefined && opensLiteral(tokens, at)) text += token;
    else if (CLOSING[token] !== undefined) {
      open.push({ close: CLOSING[token], type: undefined, field: undefined });
      text += token;
    } else if (top !== undefined && token === top.close) {
      open.pop();
      text += token;
    } else if (top?.type !== undefined && top.field === undefined && NAME.test(token) && next === ':') {
      top.field = token;
      text += JSON.stringify(token);
    } else {
      if (top?.type !== undefined && token === ',') top.field = undefined;
      text += token;
    }
  }
  return { source: text };
}

function tokensOf(source: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(source); match !== null && match[0] !== ''; match = TOKEN.exec(source))
    tokens.push(match[0]);
  return tokens;
}

const isSpace = (token: string | undefined): boolean => token !== undefined && /^(?:\s|\/\/)/.test(token);

function nextToken(tokens: readonly string[], at: number): string | undefined {
  let next = at + 1;
  while (isSpace(tokens[next])) next++;
  return tokens[next];
}

/** The brace right behind a type's name. */
function opensLiteral(tokens: readonly string[], at: number): boolean {
  let before = at - 1;
  while (isSpace(tokens[before])) before--;
  const token = tokens[before] ?? '';
  return NAME.test(token) && !STRING.test(token);
}

/** Within an Object stands what its field's type is called (`Object.spec` for `spec`), and nowhere else. */
function typeFault(type: string, open: readonly Open[]): string | undefined {
  if (type === 'JSONPatch' || type === 'Object') return undefined;
  if (!type.startsWith('Object.')) return `undeclared reference to '${type}' (in container '')`;
  const outer = open.findLast((one) => one.type?.startsWith('Object'));
  if (outer?.field === undefined) return undefined;
  const wanted = `${outer.type}.${outer.field}`;
  return type === wanted
    ? undefined
    : `type mismatch: unexpected type name "${type}", expected "${wanted}", which matches field name path from root Object type`;
}
