/** The part of the POSIX shell grammar that a demonstration needs: quotes, variables, pipes, `;` `&&` `||`, redirects. */

/** A word's text once its variables are known; undefined where an unquoted word expands to nothing. Expanded when its command runs. */
export type ShellWord = (variable: (name: string) => string) => string | undefined;

export interface ShellCommand {
  readonly words: readonly ShellWord[];
  readonly input?: ShellWord;
  readonly output?: { readonly path: ShellWord; readonly append: boolean };
}

export interface ShellPipeline {
  readonly commands: readonly ShellCommand[];
  /** How it follows the one before. */
  readonly join: ';' | '&&' | '||';
}

type Token = { readonly word: ShellWord } | { readonly operator: string };

/** Throws SyntaxError with a shell's words where a line cannot be read. */
export function parseShell(line: string): ShellPipeline[] {
  const pipelines: ShellPipeline[] = [];
  let commands: ShellCommand[] = [];
  let current: { words: ShellWord[]; input?: ShellWord; output?: { path: ShellWord; append: boolean } } = { words: [] };
  let join: ShellPipeline['join'] = ';';
  const tokens = tokenize(line);
  const closeCommand = (operator: string): void => {
    if (current.words.length === 0 && (operator === '|' || commands.length > 0)) {
      throw new SyntaxError(`syntax error near unexpected token \`${operator}'`);
    }
    if (current.words.length > 0) commands.push(current);
    current = { words: [] };
  };
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] as Token;
    if ('word' in token) {
      current.words.push(token.word);
    } else if (/^[<>]/.test(token.operator)) {
      const target = tokens[++at];
      if (!target || !('word' in target)) throw new SyntaxError("syntax error near unexpected token `newline'");
      if (token.operator === '<') current.input = target.word;
      else current.output = { path: target.word, append: token.operator === '>>' };
    } else {
      closeCommand(token.operator);
      if (token.operator !== '|') {
        if (commands.length > 0) pipelines.push({ commands, join });
        commands = [];
        join = token.operator === '&&' || token.operator === '||' ? token.operator : ';';
      }
    }
  }
  closeCommand('newline');
  if (commands.length > 0) pipelines.push({ commands, join });
  return pipelines;
}

interface WordPart {
  readonly text: string;
  readonly quoted: boolean;
  readonly expands: boolean;
}

const wordOf =
  (parts: readonly WordPart[]): ShellWord =>
  (variable) => {
    const text = parts.map((part) => (part.expands ? expand(part.text, variable) : part.text)).join('');
    return text === '' && !parts.some((part) => part.quoted) ? undefined : text;
  };

function tokenize(line: string): Token[] {
  const tokens: Token[] = [];
  let parts: WordPart[] = [];
  const add = (text: string, quoted: boolean, expands: boolean): void => void parts.push({ text, quoted, expands });
  const flush = (): void => {
    if (parts.length > 0) tokens.push({ word: wordOf(parts) });
    parts = [];
  };
  for (let at = 0; at < line.length; ) {
    const rest = line.slice(at);
    const char = rest[0] as string;
    const operator = /^(&&|\|\||>>|2>&1|[;|<>\n])/.exec(rest)?.[0];
    if (operator === '2>&1') {
      flush();
      at += 4;
    } else if (operator) {
      flush();
      tokens.push({ operator: operator === '\n' ? ';' : operator });
      at += operator.length;
    } else if (/\s/.test(char)) {
      flush();
      at++;
    } else if (char === '#' && parts.length === 0) {
      at += /^[^\n]*/.exec(rest)?.[0].length ?? 1;
    } else if (char === "'") {
      const end = line.indexOf("'", at + 1);
      if (end < 0) throw new SyntaxError('unterminated quoted string');
      add(line.slice(at + 1, end), true, false);
      at = end + 1;
    } else if (char === '"') {
      const quoted = /^"((?:[^"\\]|\\.)*)"/s.exec(rest);
      if (!quoted) throw new SyntaxError('unterminated quoted string');
      add(quoted[1] as string, true, true);
      at += quoted[0].length;
    } else if (char === '\\') {
      add(rest[1] ?? '', true, false);
      at += 2;
    } else {
      const plain = /^[^\s'"\\;|<>&]+|^&/.exec(rest)?.[0] ?? char;
      add(plain, false, true);
      at += plain.length;
    }
  }
  flush();
  return tokens;
}

/** Variables, then the escapes that stand in double quotes. */
const expand = (text: string, variable: (name: string) => string): string =>
  text
    .replace(/(?<!\\)\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*|[?$]))/g, (_, braced, bare) => variable(braced ?? bare))
    .replace(/\\(["\\$`])/g, '$1');
