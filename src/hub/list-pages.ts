/** A list piece by piece. */
import type { KubeObject } from '../kube/object.ts';
import type { GroupResource } from '../kube/resource.ts';
import type { HubClient, HubListOptions, HubPages } from './client.ts';

/** Takes what `HubClient.list` takes; all in one piece where the client has no other way. */
export async function listPages<T extends KubeObject = KubeObject>(
  client: Pick<HubClient, 'list' | 'pages'>,
  workspace: string,
  resource: GroupResource,
  options: HubListOptions = {},
): Promise<HubPages<T>> {
  if (client.pages !== undefined) return client.pages<T>(workspace, resource, options);
  const { items, resourceVersion } = await client.list<T>(workspace, resource, options);
  return { pages: single(items), resourceVersion };
}

async function* single<T>(items: readonly T[]): AsyncGenerator<readonly T[]> {
  yield items;
}
