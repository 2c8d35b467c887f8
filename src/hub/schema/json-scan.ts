/** What JSON.parse does not tell of a text: how deep it nests and which object keys it repeats. */

/** Go stops at 10,000; our recursive walks need their frames for other things. */
export const MAX_DEPTH = 1_000;

/** Takes text that JSON.parse accepts or refuses alike; the bracket outside strings that nests too deep, where one does. */
export function tooDeepBracket(text: string): string | undefined {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x22:
        at = stringEnd(text, at);
        break;
      case 0x5b:
      case 0x7b:
        if (++depth > MAX_DEPTH) return text[at];
        break;
      case 0x5d:
      case 0x7d:
        depth--;
    }
  }
  return undefined;
}

/** Index of the closing quote. */
function stringEnd(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === 0x5c) slashes++;
    if (slashes % 2 === 0) return end;
  }
  return text.length;
}

interface Level {
  /** Keys seen in an object; undefined in a list. */
  readonly keys: Set<string> | undefined;
  /** The path of the member or item that is being read. */
  key: string;
  index: number;
}

const MAX_REPORTED = 100;

/** Paths (`spec.containers[0].name`) of keys that an object has twice, each once. Takes valid JSON within MAX_DEPTH. */
export function duplicateKeys(text: string): string[] {
  const found = new Set<string>();
  const levels: Level[] = [];
  let expectsKey = false;
  for (let at = 0; at < text.length && found.size < MAX_REPORTED; at++) {
    const level = levels.at(-1);
    switch (text.charCodeAt(at)) {
      case 0x22: {
        const end = stringEnd(text, at);
        if (expectsKey && level?.keys) {
          const raw = text.slice(at, end + 1);
          level.key = raw.includes('\\') ? (JSON.parse(raw) as string) : raw.slice(1, -1);
          if (level.keys.has(level.key)) found.add(pathOf(levels));
          level.keys.add(level.key);
          expectsKey = false;
        }
        at = end;
        break;
      }
      case 0x7b:
        levels.push({ keys: new Set(), key: '', index: 0 });
        expectsKey = true;
        break;
      case 0x5b:
        levels.push({ keys: undefined, key: '', index: 0 });
        expectsKey = false;
        break;
      case 0x7d:
      case 0x5d:
        levels.pop();
        expectsKey = false;
        break;
      case 0x2c:
        if (level?.keys) expectsKey = true;
        else if (level) level.index++;
    }
  }
  return [...found];
}

const pathOf = (levels: readonly Level[]): string =>
  levels.reduce(
    (path, { keys, key, index }) => (keys === undefined ? `${path}[${index}]` : path === '' ? key : `${path}.${key}`),
    '',
  );
