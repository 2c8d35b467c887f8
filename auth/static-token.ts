/** Kubernetes' static token file: CSV lines `token,user,uid,"group1,group2"`. */
import { createHash } from 'node:crypto';
import type { UserInfo } from '../src/kube/api.ts';
import type { TokenAuthenticator } from './authenticator.ts';

export interface StaticToken {
  readonly token: string;
  readonly user: UserInfo;
}

/** Throws when a line has fewer than three columns. Messages never quote the line: it holds a secret. */
export function parseTokenFile(text: string): StaticToken[] {
  const tokens: StaticToken[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    const columns = parseCsvLine(line);
    const [token, name, uid, groups] = columns;
    if (columns.length < 3) {
      throw new Error(
        `token file line ${index + 1} must have at least 3 columns (token, user name, user uid), found ${columns.length}`,
      );
    }
    if (!token) continue;
    tokens.push({
      token,
      user: {
        name: name as string,
        ...(uid ? { uid } : {}),
        groups: groups ? groups.split(',').map((group) => group.trim()) : [],
        extra: {},
      },
    });
  }
  return tokens;
}

/** RFC 4180 fields: quoted ones may hold commas, a doubled quote is a quote. */
function parseCsvLine(line: string): string[] {
  const fields: string[] = [];
  const field = /\s*(?:"((?:[^"]|"")*)"|([^,]*))\s*(,|$)/y;
  for (;;) {
    const match = field.exec(line);
    if (match === null) return fields;
    fields.push(match[1] === undefined ? (match[2] as string).trim() : match[1].replaceAll('""', '"'));
    if (match[3] === '') return fields;
  }
}

/** Compared by hash, so that neither timing nor a heap dump's index tells a token. */
export function staticTokens(tokens: readonly StaticToken[]): TokenAuthenticator {
  const byHash = new Map(tokens.map(({ token, user }) => [hashOf(token), user]));
  return async (token) => byHash.get(hashOf(token));
}

const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64');
