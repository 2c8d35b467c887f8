/**
 * How far a request has come (DESIGN §3), as types: each gate takes what the gate before it gives, so a wrong order
 * does not compile. Nothing here is ever mutated.
 */
import type { Access } from '../kube/access.ts';
import type { UserInfo } from '../kube/api.ts';
import type { RequestInfo } from '../kube/request-info.ts';

/** What came over the wire. */
export interface Incoming {
  readonly method: string;
  /** Path with query, as it came. */
  readonly url: string;
  /** Name, value, name, value…; case and repetition as they came, without HTTP/2 pseudo-headers. */
  readonly rawHeaders: readonly string[];
  /** `Host` or `:authority`. */
  readonly host: string;
  readonly remoteAddress: string;
  /** What TLS proved of the client; undefined when it showed no certificate. */
  readonly peer: PeerCertificate | undefined;
  readonly upgrade: boolean;
  readonly receivedAt: number;
}

export interface PeerCertificate {
  readonly verified: boolean;
  /** Why not, when not verified. */
  readonly problem: string;
  readonly commonName: string;
  readonly organizations: readonly string[];
  /** Hex SHA-256 of the certificate. */
  readonly fingerprint: string;
}

/** view: hub and clusters merged; hub: what was authored; process: this server itself. */
export type Door = 'view' | 'hub' | 'process';

export interface Described {
  readonly incoming: Incoming;
  readonly door: Door;
  /** As named in the URL, not yet checked; `*` for all; the process's own paths belong to the root workspace. */
  readonly workspace: string;
  readonly onlyCluster: string | undefined;
  /** Path before the API root, '' at the root: `/clusters/root:a`. */
  readonly urlPrefix: string;
  readonly info: RequestInfo;
  readonly query: URLSearchParams;
  readonly auditId: string;
}

export interface Authenticated extends Described {
  readonly user: UserInfo;
}

export interface Located extends Authenticated {
  /** The workspace exists, is well-formed and serves. */
  readonly located: true;
}

export interface Impersonated extends Located {
  /** Who really calls, when `user` is whom they act as. */
  readonly impersonator: UserInfo | undefined;
}

export interface Authorized extends Impersonated {
  /** Why it was allowed, for the audit log. */
  readonly reason: string;
}

export interface Admitted extends Authorized {
  readonly admitted: true;
}

/** One audit record in the making; `close` is called exactly once, when the answer or the socket has ended. */
export interface AuditTrail {
  reached(stage: Authenticated | Impersonated | Authorized): void;
  denied(reason: string): void;
  /** What admission has to say; the first word on a key stands. */
  annotate?(key: string, value: string): void;
  /** The head of an answer that goes on for long (a watch, logs, exec) is on its way. */
  started?(code: number): void;
  close(code: number): void;
}

export interface Gates {
  audit(request: Described): AuditTrail;
  /** Throws 401. */
  authenticate(request: Described): Promise<Authenticated>;
  /** Throws 400, 403, 503. */
  locate(request: Authenticated): Promise<Located>;
  /** Throws 403. */
  impersonate(request: Located): Promise<Impersonated>;
  /** Throws 403. */
  authorize(request: Impersonated): Promise<Authorized>;
  /** Throws 429. */
  limit(request: Authorized): Admitted;
  /** What the caller of a watch may see while it goes on. */
  readonly access?: (request: Admitted) => Access;
}
