/** An HTTPS server that plays admission webhooks on loopback and remembers what it was asked. */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAuthority } from '../kube/certs.ts';

export interface AdmissionReview {
  readonly apiVersion: string;
  readonly kind: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read whatever was sent.
  readonly request: any;
}

/** What a path answers: a response (the uid is put in), or any HTTP answer. */
export type Reply =
  | { readonly response: object }
  | { readonly status?: number; readonly type?: string; readonly text: string; readonly delayMs?: number };

export type Replies = Readonly<Record<string, (review: AdmissionReview) => Reply>>;

export interface WebhookServer {
  /** `https://127.0.0.1:<port>` */
  readonly origin: string;
  /** Base64 of the PEM that its certificate is verified by. */
  readonly caBundle: string;
  readonly asked: { readonly path: string; readonly review: AdmissionReview }[];
  /** Adds paths. */
  serve(replies: Replies): void;
  close(): Promise<void>;
}

export async function startWebhookServer(hosts: readonly string[] = ['127.0.0.1']): Promise<WebhookServer> {
  const authority = await createAuthority('webhooks');
  const { certPem, keyPem } = await authority.issue({ user: 'webhook', hosts });
  const replies: Record<string, (review: AdmissionReview) => Reply> = {};
  const asked: WebhookServer['asked'] = [];
  const server = createServer({ cert: certPem, key: keyPem }, async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = (request.url ?? '').split('?')[0] as string;
    const review = JSON.parse(Buffer.concat(chunks).toString()) as AdmissionReview;
    asked.push({ path, review });
    const reply = replies[path]?.(review);
    if (reply === undefined) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('no such webhook');
      return;
    }
    if ('response' in reply) {
      const answer = { uid: review.request.uid, ...reply.response };
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: answer }));
      return;
    }
    if (reply.delayMs !== undefined) await sleep(reply.delayMs);
    response.writeHead(reply.status ?? 200, { 'content-type': reply.type ?? 'application/json' }).end(reply.text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    caBundle: Buffer.from(authority.certPem).toString('base64'),
    asked,
    serve: (more) => void Object.assign(replies, more),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A webhook's patch, as it is sent. */
export const jsonPatch = (operations: readonly object[]) => ({
  allowed: true,
  patchType: 'JSONPatch',
  patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
});
