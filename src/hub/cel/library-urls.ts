/** `url("https://…")` (apiserver `cel/library/urls.go`). */
import type { Environment } from '@marcbachmann/cel-js';

class CelUrl {
  readonly text: string;
  readonly url: URL;
  readonly scheme: string;
  constructor(text: string) {
    this.text = text;
    this.scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text)?.[1]?.toLowerCase() ?? '';
    this.url = new URL(text, 'path://host');
  }
}

/** Absolute, or a path (Go's ParseRequestURI). */
const isUrl = (text: string): boolean => {
  const absolute = /^[A-Za-z][A-Za-z0-9+.-]*:/.test(text);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused.
  if (/[\s\u0000-\u001f\u007f]/.test(text) || !(absolute || text.startsWith('/'))) return false;
  return URL.canParse(text, 'path://host');
};

const hostOf = (text: string): string => /^[A-Za-z][A-Za-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#]*)/.exec(text)?.[1] ?? '';

export function registerUrls(env: Environment): void {
  env.registerType('kubernetes.URL', CelUrl);
  const fn = (signature: string, handler: (...args: never[]) => unknown) =>
    env.registerFunction(signature, handler as (...args: unknown[]) => unknown);
  fn('url(string): kubernetes.URL', (text: string) => {
    if (!isUrl(text))
      throw new Error(
        `URL parse error during conversion from string: parse ${JSON.stringify(text)}: invalid URI for request`,
      );
    return new CelUrl(text);
  });
  fn('isURL(string): bool', isUrl);
  fn('kubernetes.URL.getScheme(): string', (url: CelUrl) => url.scheme);
  fn('kubernetes.URL.getHost(): string', (url: CelUrl) => hostOf(url.text));
  fn('kubernetes.URL.getHostname(): string', (url: CelUrl) =>
    hostOf(url.text)
      .replace(/:\d*$/, '')
      .replace(/^\[(.*)\]$/, '$1'),
  );
  fn('kubernetes.URL.getPort(): string', (url: CelUrl) => /:(\d+)$/.exec(hostOf(url.text))?.[1] ?? '');
  fn(
    'kubernetes.URL.getEscapedPath(): string',
    (url: CelUrl) => /^[^?#]*?(?::\/\/[^/?#]*)?(\/[^?#]*)?(?:[?#]|$)/.exec(url.text)?.[1] ?? '',
  );
  fn('kubernetes.URL.getQuery(): map<string, list<string>>', (url: CelUrl) => {
    const query = new Map<string, string[]>();
    for (const [key, value] of url.url.searchParams) query.set(key, [...(query.get(key) ?? []), value]);
    return query;
  });
  env.registerOperator('kubernetes.URL == kubernetes.URL', (a: CelUrl, b: CelUrl) => a.text === b.text);
}
