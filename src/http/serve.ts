/** The life of one request (DESIGN §3): describe, pass the gates, answer, close the audit. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Access } from '../kube/access.ts';
import type { ApiHandler, ApiRequest, ApiResult } from '../kube/api.ts';
import { ApiError, unavailable } from '../kube/status.ts';
import { admit } from './admit.ts';
import { isBodiless, readBody } from './body.ts';
import type { Admitted, AuditTrail, Described, Gates } from './context.ts';
import { Departure, ENDED } from './departure.ts';
import { describe, type Grammar } from './describe.ts';
import { type RawRequest, type RawResponse, toIncoming } from './exchange.ts';
import { handlerHeaders, headerValue } from './headers.ts';
import { HOPS_HEADER, nextHop } from './hops.ts';
import { isLongRunning, withinDeadline } from './lifetime.ts';
import type { ListenHandlers } from './listen.ts';
import { wantsPretty } from './pretty.ts';
import type { ProxyClient } from './proxy.ts';
import { type ReplyContext, reply } from './reply.ts';
import { createStallGuard, type StallGuard, type StallLimits } from './stalled.ts';
import { statusResponse, toApiError } from './status-response.ts';
import { refuseUpgrade, tunnel } from './tunnel.ts';

export interface Service {
  readonly grammar: Grammar;
  readonly gates: Gates;
  /** Chooses who answers; pure. */
  readonly route: (request: Admitted) => ApiHandler;
  readonly proxy: ProxyClient;
  readonly newAuditId: () => string;
  /** Told once per request, when its answer has ended. */
  readonly observe: (request: Described | undefined, code: number, seconds: number) => void;
  /** Told when a watch or stream begins; what it gives is called when that has ended. */
  readonly opened: (request: Described) => () => void;
  /** Failures that are nobody's fault but ours. */
  readonly logFailure: (error: Error, auditId: string) => void;
  readonly requestTimeoutMs: number;
  /** For clients that neither take their answer nor send their body. */
  readonly stalls?: Partial<StallLimits>;
}

export function serve(service: Service): ListenHandlers {
  const guard = createStallGuard(service.stalls);
  return {
    request: (request, response, stopping) => void serveRequest(service, guard, request, response, stopping),
    upgrade: (request, socket, head, stopping) => void serveUpgrade(service, request, socket, head, stopping),
  };
}

async function serveRequest(
  service: Service,
  guard: StallGuard,
  raw: RawRequest,
  response: RawResponse,
  stopping: AbortSignal,
): Promise<void> {
  const incoming = toIncoming(raw, false);
  const auditId = service.newAuditId();
  const departure = new Departure();
  const progress: { described?: Described; trail?: AuditTrail; reading?: boolean } = {};
  guard(response, () => progress.reading === true);
  // A stream that was reset says so as an error; its end is what counts, and comes as `close`.
  raw.on('error', ignore);
  response.on('error', ignore);
  response.once('close', () => {
    departure.end();
    const code = response.statusCode;
    progress.trail?.close(code);
    service.observe(progress.described, code, (Date.now() - incoming.receivedAt) / 1000);
  });
  const context = {
    method: incoming.method,
    acceptEncoding: headerValue(incoming.rawHeaders, 'accept-encoding'),
    auditId,
    pretty: wantsPretty(incoming.url, headerValue(incoming.rawHeaders, 'user-agent')),
    get closed() {
      return departure.signal;
    },
  };
  try {
    const described = describe(incoming, service.grammar, auditId);
    progress.described = described;
    const trail = service.gates.audit(described);
    progress.trail = trail;
    const admitted = await admit(service.gates, described, trail);
    progress.reading = !isProxied(admitted) && !isBodiless(raw);
    const body = progress.reading ? await readBody(raw) : EMPTY;
    progress.reading = false;
    const longRunning = isLongRunning(admitted.info, admitted.query);
    if (longRunning) noteOpen(service, described, departure.signal);
    const end = longRunning ? { signal: clientSignal(departure.signal, stopping) } : departure;
    const access = admitted.info.verb === 'watch' ? service.gates.access?.(admitted) : undefined;
    const request = toApiRequest(admitted, body, end, trail, access);
    const answering = service.route(admitted)(request);
    const result = await (longRunning ? answering : withinDeadline(answering, service.requestTimeoutMs));
    const onHead = longRunning ? trail.started : undefined;
    await write(service, raw, response, result, admitted, context, onHead);
  } catch (error) {
    if (response.headersSent || departure.gone) return;
    await reply(response, statusResponse(noted(service, error, auditId)), context);
  }
}

const ignore = (): void => undefined;

const EMPTY = new Uint8Array(0);

/** Their bodies go to the cluster as they come. */
const isProxied = ({ info }: Admitted): boolean => info.subresource === 'proxy';

async function write(
  service: Service,
  raw: RawRequest,
  response: RawResponse,
  result: ApiResult,
  admitted: Admitted,
  context: ReplyContext,
  onHead: AuditTrail['started'],
): Promise<void> {
  if ('proxy' in result) {
    await service.proxy.pass(raw, response, admitted.incoming, result.proxy, context.auditId, onHead);
  } else if ('upgrade' in result) {
    throw new ApiError(400, 'BadRequest', 'Upgrade request required');
  } else {
    onHead?.(result.status);
    await reply(response, result, context);
  }
}

/** Upgrades pass the same gates; a refusal is a plain response with its Status. */
async function serveUpgrade(
  service: Service,
  raw: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  stopping: AbortSignal,
): Promise<void> {
  const incoming = toIncoming(raw, true);
  const auditId = service.newAuditId();
  const closed = new AbortController();
  const progress: { described?: Described; trail?: AuditTrail; code: number } = { code: 101 };
  // An upgraded socket errs when either side is cut; that is an end like any other.
  socket.on('error', () => socket.destroy());
  socket.once('close', () => {
    closed.abort(ENDED);
    progress.trail?.close(progress.code);
    service.observe(progress.described, progress.code, (Date.now() - incoming.receivedAt) / 1000);
  });
  try {
    const described = describe(incoming, service.grammar, auditId);
    progress.described = described;
    const trail = service.gates.audit(described);
    progress.trail = trail;
    const admitted = await admit(service.gates, described, trail);
    if (stopping.aborted) throw unavailable('the server is stopping');
    noteOpen(service, described, closed.signal);
    const signal = clientSignal(closed.signal, stopping);
    const request = { ...toApiRequest(admitted, EMPTY, { signal }, trail), upgrade: true };
    const result = await service.route(admitted)(request);
    if (closed.signal.aborted) return;
    if ('proxy' in result) {
      progress.code = await tunnel({ incoming, socket, head, target: result.proxy, auditId });
      trail.started?.(progress.code);
    } else if ('upgrade' in result) {
      trail.started?.(progress.code);
      result.upgrade(raw, socket, head);
    } else {
      progress.code = result.status;
      refuseUpgrade(socket, result, auditId);
    }
  } catch (error) {
    const failure = noted(service, error, auditId);
    progress.code = failure.code;
    refuseUpgrade(socket, statusResponse(failure), auditId);
  }
}

function noteOpen(service: Service, request: Described, closed: AbortSignal): void {
  if (closed.aborted) return;
  closed.addEventListener('abort', service.opened(request), { once: true });
}

function noted(service: Service, error: unknown, auditId: string): ApiError {
  const failure = toApiError(error);
  if (failure !== error) service.logFailure(error instanceof Error ? error : new Error(String(error)), auditId);
  return failure;
}

/** @param end asked for its signal when a handler asks */
const toApiRequest = (
  request: Admitted,
  body: Uint8Array,
  end: { readonly signal: AbortSignal },
  { annotate }: AuditTrail,
  access?: Access,
): ApiRequest => ({
  workspace: request.workspace,
  info: request.info,
  method: request.incoming.method,
  query: request.query,
  headers: Object.assign(handlerHeaders(request.incoming.rawHeaders), {
    [HOPS_HEADER]: nextHop(request.incoming.rawHeaders),
  }),
  body,
  user: request.user,
  get signal() {
    return end.signal;
  },
  auditId: request.auditId,
  ...(access === undefined ? {} : { access }),
  ...(annotate === undefined ? {} : { annotate }),
  ...(request.onlyCluster === undefined ? {} : { onlyCluster: request.onlyCluster }),
  ...(request.urlPrefix === '' ? {} : { urlPrefix: request.urlPrefix }),
});

/** Aborts when the client has gone or when the server stops: for what would never end by itself. */
function clientSignal(closed: AbortSignal, stopping: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const abort = () => {
    controller.abort(ENDED);
    stopping.removeEventListener('abort', abort);
  };
  if (stopping.aborted || closed.aborted) abort();
  closed.addEventListener('abort', abort, { once: true });
  stopping.addEventListener('abort', abort, { once: true });
  return controller.signal;
}
