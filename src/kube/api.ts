/** The one shape in which a Kubernetes API request is handed from the HTTP side to whoever answers it. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Access } from './access.ts';
import type { RequestInfo } from './request-info.ts';

export interface UserInfo {
  readonly name: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** A request that has passed every gate; the body is read whole and within the limit. Immutable. */
export interface ApiRequest {
  /** Logical cluster path (`root:team-a`), or `*` for wildcard list and watch. */
  readonly workspace: string;
  readonly info: RequestInfo;
  readonly method: string;
  readonly query: URLSearchParams;
  /** Lower-case names; a repeated header is joined by `, `. Identity and hop-by-hop headers are not here. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly user: UserInfo;
  /** Aborts when the client has gone or the server stops. */
  readonly signal: AbortSignal;
  /** One id over all fanned-out calls (the audit id). */
  readonly auditId: string;
  /** Of watches: what the caller may see while it goes on. Absent: all, for as long as it lasts. */
  readonly access?: Access;
  /** Puts an annotation on the request's audit record. */
  readonly annotate?: (key: string, value: string) => void;
  /** Narrows a view to one SyncTarget (`/services/tmc/synctargets/<t>/…`). */
  readonly onlyCluster?: string;
  /** What stood before the API root in the URL (`/clusters/root:a`), for URLs in answers; absent at the root. */
  readonly urlPrefix?: string;
  /** The client asked to switch protocols (exec, attach, port-forward). */
  readonly upgrade?: boolean;
}

/** Where a streamed body is written; one per client, owned by the HTTP side. */
export interface ByteSink {
  /** Queues bytes without copying; false when the client is slower than the writer. */
  write(chunk: Uint8Array): boolean;
  /** Bytes queued and not yet taken by the socket. */
  readonly pending: number;
  end(): void;
  /** Cuts the connection (a body that cannot be finished must not look complete). */
  destroy(error?: Error): void;
  /** Aborts when the client is gone or after end/destroy. */
  readonly closed: AbortSignal;
}

export type ApiBody = Uint8Array | AsyncIterable<Uint8Array> | ((sink: ByteSink) => void);

export interface ApiResponse {
  readonly status: number;
  /** Lower-case names. `warning` may be repeated. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: ApiBody;
}

/** Hand the raw request on to one cluster: streams, logs -f, proxy subresources, upgrades. */
export interface ProxyResult {
  readonly proxy: ProxyTarget;
}

export interface ProxyTarget {
  readonly clusterName: string;
  /** `https://host:port`, no path. */
  readonly origin: string;
  /** Path with query, as the cluster is to see it. */
  readonly path: string;
  /** Credentials and impersonation for the cluster; the client's own Authorization never passes. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly tls: TlsMaterial;
}

export interface TlsMaterial {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly servername?: string;
  /** Only where the registration says so in words; default true. */
  readonly rejectUnauthorized: boolean;
}

/** This server ends the upgrade itself (embedded clusters' exec): called once the gates are passed. Owns the socket from then on. */
export interface UpgradeResult {
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

export type ApiResult = ApiResponse | ProxyResult | UpgradeResult;

/** Answers or throws an ApiError, which the HTTP side turns into its Status. */
export type ApiHandler = (request: ApiRequest) => Promise<ApiResult>;
