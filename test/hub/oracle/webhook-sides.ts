/** A hub and a kube-apiserver that may both call one webhook server of the test. */
import { startWebhookServer, type WebhookServer } from '../../support/webhook-server.ts';
import { hubSide, kubeSide, type Side } from './sides.ts';

export interface WebhookSides {
  readonly sides: { readonly hub: Side; readonly kube: Side };
  readonly server: WebhookServer;
  close(): Promise<void>;
}

/** @param name of the kube-apiserver's cluster */
export async function webhookSides(name: string): Promise<WebhookSides> {
  const server = await startWebhookServer();
  const hub = await hubSide({ webhooks: { allowedHosts: ['127.0.0.1'], onlyAllowedHosts: false } });
  const kube = await kubeSide(name);
  return {
    sides: { hub, kube },
    server,
    async close() {
      await hub.close();
      await kube.close();
      await server.close();
    },
  };
}
