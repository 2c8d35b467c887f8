/** The two ports of `workload-syncer`: Prometheus metrics, and health for the cluster's probes. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { PullSyncer } from './sync/pull-syncer.ts';
import type { SyncerConfig } from './syncer-config.ts';

type Expose = () => Promise<{ contentType: string; text: string }>;

/** Metrics and health on a port each, or on one; port 0: not at all. */
export async function openPorts(
  { bindAddress, metricsPort, healthPort }: SyncerConfig,
  syncers: ReadonlyMap<string, PullSyncer>,
  expose: Expose,
): Promise<Server[]> {
  const ports = [...new Set([metricsPort, healthPort])].filter((port) => port !== 0);
  return Promise.all(
    ports.map(async (port) => {
      const server = createServer((request, response) => {
        const path = (request.url ?? '').split('?')[0];
        if (path === '/metrics' && port === metricsPort) void answerMetrics(response, expose);
        else if (port === healthPort) answerHealth(response, path, syncers);
        else answer(response, 404, 'not found\n');
      });
      await new Promise<void>((done, fail) => {
        server.once('error', fail);
        server.listen(port, bindAddress, done);
      });
      return server;
    }),
  );
}

async function answerMetrics(response: ServerResponse, expose: Expose): Promise<void> {
  const { contentType, text } = await expose();
  answer(response, 200, text, contentType);
}

/** `/healthz`: the process works. `/readyz`: every target is synced; each that is not says why. */
function answerHealth(
  response: ServerResponse,
  path: string | undefined,
  syncers: ReadonlyMap<string, PullSyncer>,
): void {
  if (path === '/healthz' || path === '/livez') answer(response, 200, 'ok\n');
  else if (path === '/readyz') answerReady(response, syncers);
  else answer(response, 404, 'not found\n');
}

function answerReady(response: ServerResponse, syncers: ReadonlyMap<string, PullSyncer>): void {
  const lines = [...syncers].map(([name, syncer]) => ({ name, problem: syncer.problem() }));
  const ready = lines.every(({ problem }) => problem === undefined);
  const text = lines.map(({ name, problem }) => (problem === undefined ? `[+] ${name} ok` : `[-] ${name}: ${problem}`));
  answer(response, ready ? 200 : 503, `${text.join('\n')}\n`);
}

function answer(
  response: ServerResponse,
  status: number,
  body: string,
  contentType = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, { 'content-type': contentType });
  response.end(body);
}
