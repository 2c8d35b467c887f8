/** What a cluster's answer to a server-side dry-run says of the object. Pure. */
import type { Status } from '../kube/status.ts';

export type Verdict =
  | { readonly kind: 'valid' }
  /** No cluster of this version could hold it. */
  | { readonly kind: 'invalid'; readonly status: Partial<Status> }
  /** This cluster's own policies would not let it in; another's may. */
  | { readonly kind: 'objection'; readonly message: string }
  /** The namespace is not there: nothing of the workspace has been placed in it yet. */
  | { readonly kind: 'no namespace' }
  /** Nothing was learnt; lasting: asking again would be no use for a while. */
  | { readonly kind: 'unable'; readonly reason: string; readonly lasting: boolean };

/** Quotas come last in admission: what they refuse has passed everything else, and they are not the hub's. */
const QUOTA = /exceeded quota: |failed quota: |status unknown for quota: /;
/** Things that are placed with the object and are not there yet. */
const NOT_YET = /error looking up service account|service account .+ was not found/;
const NOT_AUTHORIZED = /cannot (create|patch) resource /;
const BY_POLICY = /^admission webhook "|ValidatingAdmissionPolicy '.+' with binding '.+' denied request/;

/** `ownNamespace`: asked in the namespace that the object would stand in, whose policies are the ones that count. */
export function dryRunVerdict(status: number, body: string, ownNamespace: boolean): Verdict {
  if (status >= 200 && status < 300) return { kind: 'valid' };
  const answer = parseStatus(body);
  const { message = '', reason = '', details } = answer;
  if (status === 409 && reason === 'AlreadyExists') return { kind: 'valid' };
  if (status === 404 && details?.kind === 'namespaces') return { kind: 'no namespace' };
  if (status === 403 && NOT_AUTHORIZED.test(message)) return { kind: 'unable', reason: 'no permission', lasting: true };
  if (status === 403 && QUOTA.test(message)) return { kind: 'valid' };
  if (status === 422 && reason === 'Invalid' && !BY_POLICY.test(message)) return { kind: 'invalid', status: answer };
  const denied = status === 403 || ((status === 400 || status === 422) && BY_POLICY.test(message));
  if (denied)
    return ownNamespace && !NOT_YET.test(message)
      ? { kind: 'objection', message }
      : { kind: 'unable', reason: 'the policies of another namespace', lasting: false };
  return { kind: 'unable', reason: `answer ${status}`, lasting: status === 404 || status === 405 };
}

function parseStatus(body: string): Partial<Status> {
  try {
    const value = JSON.parse(body) as Partial<Status> | null;
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
