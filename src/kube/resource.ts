/** Names of kinds and resources, and what discovery says of one resource. */

export interface GroupResource {
  /** '' for the core group. */
  readonly group: string;
  /** Plural, lower case: `deployments`. */
  readonly resource: string;
}

export interface GroupVersionResource extends GroupResource {
  readonly version: string;
}

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

/** One subresource as discovery lists it, e.g. `deployments/scale`. */
export interface SubresourceInfo {
  readonly name: string;
  readonly kind: string;
  /** Where it differs from the parent's, e.g. autoscaling/v1 Scale. */
  readonly group?: string;
  readonly version?: string;
  readonly verbs: readonly string[];
}

/** One served (group, version, resource), with everything that discovery v2 says of it. */
export interface ResourceInfo extends GroupVersionResource {
  readonly kind: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly subresources: readonly SubresourceInfo[];
  /** Empty kind of list objects; defaults to `<kind>List`. */
  readonly listKind?: string;
  /** Version in which its objects are stored, where the server that stores them has said. */
  readonly storageVersion?: string;
}

export const apiVersionOf = (gv: { group: string; version: string }): string =>
  gv.group === '' ? gv.version : `${gv.group}/${gv.version}`;

/** `apps/v1` → {group: 'apps', version: 'v1'}; `v1` → {group: '', version: 'v1'}. */
export function parseApiVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf('/');
  return slash < 0
    ? { group: '', version: apiVersion }
    : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

/** `deployments.apps`, `pods`: the form used in messages and as a key (schema.GroupResource.String). */
export const groupResourceName = (gr: GroupResource): string =>
  gr.group === '' ? gr.resource : `${gr.resource}.${gr.group}`;

/** Path of a collection below an API root, e.g. `/apis/apps/v1/namespaces/x/deployments`. */
export function resourcePath(
  gvr: GroupVersionResource,
  namespace?: string,
  name?: string,
  subresource?: string,
): string {
  const root = gvr.group === '' ? `/api/${gvr.version}` : `/apis/${gvr.group}/${gvr.version}`;
  const scope = namespace ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  const object = name ? `/${encodeURIComponent(name)}${subresource ? `/${subresource}` : ''}` : '';
  return `${root}${scope}/${gvr.resource}${object}`;
}
