/** `tmc kubeconfig`: the gateway's kubeconfig, for another workspace. */
import { connectGateway, type GatewayOptions } from './gateway.ts';
import { kubeconfigText, writeKubeconfig } from './kubeconfig.ts';

export async function printKubeconfig(options: GatewayOptions & { output?: string }): Promise<void> {
  const { origin, caPem, user, workspace, close } = await connectGateway(options);
  await close();
  const text = kubeconfigText({ origin, caPem, user, workspaces: [workspace] });
  if (options.output === undefined) {
    process.stdout.write(text);
    return;
  }
  writeKubeconfig(options.output, text);
  process.stderr.write(`wrote ${options.output}\n`);
}
