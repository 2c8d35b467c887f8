/** Continue tokens: where a paged list goes on, in upstream's form (apiserver `storage/continue.go`). */
import { goQuote } from '../../kube/field-error.ts';
import { badRequest } from '../../kube/status.ts';

export interface ContinuePoint {
  /** Key of the last item that was sent, without the collection's prefix. */
  readonly after: string;
  /** -1n: whatever is newest (the snapshot is gone). */
  readonly revision: bigint;
}

export function encodeContinue({ after, revision }: ContinuePoint): string {
  const token = { v: 'meta.k8s.io/v1', rv: Number(revision), start: `${after}\u0000` };
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

/** Throws ApiError 400. */
export function decodeContinue(text: string): ContinuePoint {
  const fail = (why: string) => badRequest(`invalid continue token: continue key is not valid: ${why}`);
  const illegal = text.search(/[^A-Za-z0-9_-]/);
  if (illegal >= 0) throw fail(`illegal base64 data at input byte ${illegal}`);
  const decoded = Buffer.from(text, 'base64url').toString('latin1');
  let token: { v?: unknown; rv?: unknown; start?: unknown };
  try {
    token = JSON.parse(decoded) as typeof token;
  } catch {
    throw fail(
      decoded === ''
        ? 'unexpected end of JSON input'
        : `invalid character '${goQuote(decoded[0] as string).slice(1, -1)}' looking for beginning of value`,
    );
  }
  if (token?.v !== 'meta.k8s.io/v1')
    throw fail(`server does not recognize this encoded version ${String(token?.v ?? '')}`);
  if (typeof token.rv !== 'number' || !Number.isSafeInteger(token.rv) || token.rv === 0)
    throw fail('incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  if (typeof token.start !== 'string' || token.start === '')
    throw fail('encoded start key empty (version meta.k8s.io/v1)');
  // Nothing that could climb out of the collection.
  if (token.start.split('/').some((part) => part === '..' || part === '.')) throw fail(token.start);
  return { after: token.start.endsWith('\u0000') ? token.start.slice(0, -1) : token.start, revision: BigInt(token.rv) };
}
