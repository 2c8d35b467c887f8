/** Query and path parameters of operations, as the option types of meta/v1 and core/v1 define them. */

export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path';
  readonly type: 'string' | 'integer' | 'boolean';
}

export const query = (type: Parameter['type'], names: string): readonly Parameter[] =>
  names.split(' ').map((name) => ({ name, in: 'query', type }));
export const path = (...names: string[]): readonly Parameter[] =>
  names.map((name) => ({ name, in: 'path', type: 'string' }));
export const byName = (...lists: (readonly Parameter[])[]): readonly Parameter[] =>
  lists.flat().sort((left, right) => (left.name < right.name ? -1 : 1));

export const LIST = byName(
  query('boolean', 'allowWatchBookmarks sendInitialEvents watch'),
  query('string', 'continue fieldSelector labelSelector resourceVersion resourceVersionMatch shardSelector'),
  query('integer', 'limit timeoutSeconds'),
);
export const WRITE = query('string', 'dryRun fieldManager fieldValidation');
export const PATCH = byName(WRITE, query('boolean', 'force'));
export const DELETE = byName(
  query('string', 'dryRun propagationPolicy'),
  query('integer', 'gracePeriodSeconds'),
  query('boolean', 'ignoreStoreReadErrorWithClusterBreakingPotential orphanDependents'),
);
export const DELETE_COLLECTION = byName(
  DELETE,
  LIST.filter(({ name }) => name !== 'allowWatchBookmarks' && name !== 'watch'),
);

export const PRETTY = query('string', 'pretty');

export const STREAMS = query('boolean', 'stderr stdin stdout tty');
/** Subresources that switch protocols or forward: any method connects, and options are in the query. */
export const CONNECTS: Readonly<Record<string, readonly Parameter[]>> = {
  attach: byName(query('string', 'container'), STREAMS),
  exec: byName(query('string', 'command container'), STREAMS),
  portforward: query('integer', 'ports'),
  proxy: query('string', 'path'),
};
export const LOG = byName(
  query('boolean', 'follow insecureSkipTLSVerifyBackend previous timestamps'),
  query('integer', 'limitBytes sinceSeconds tailLines'),
  query('string', 'container stream'),
);
