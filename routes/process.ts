/** What the process says of itself: probes, version, metrics. */
import type { ApiHandler, ApiResponse } from '../src/kube/api.ts';
import { methodNotAllowed, pathNotFound } from '../src/kube/status.ts';
import { answerProbe, type HealthCheck } from './probes.ts';

export interface ProcessOptions {
  /** By probe: what must hold. */
  readonly live: readonly HealthCheck[];
  readonly ready: readonly HealthCheck[];
  readonly version: () => object;
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
}

export function createProcessHandler(options: ProcessOptions): ApiHandler {
  return async (request) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') throw methodNotAllowed(NOTHING, request.info.verb);
    const [family, ...rest] = request.info.path.split('/').filter((segment) => segment !== '');
    if (family === 'livez' || family === 'healthz') return answerProbe(family, options.live, rest, request.query);
    if (family === 'readyz') return answerProbe(family, options.ready, rest, request.query);
    if (rest.length > 0) throw pathNotFound();
    if (family === 'version') return text('application/json', JSON.stringify(options.version(), null, 2));
    if (family !== 'metrics') throw pathNotFound();
    const exposed = await options.metrics();
    return text(exposed.contentType, exposed.text);
  };
}

const NOTHING = { group: '', resource: '' };

const text = (contentType: string, body: string): ApiResponse => ({
  status: 200,
  headers: { 'content-type': contentType },
  body: Buffer.from(body),
});
