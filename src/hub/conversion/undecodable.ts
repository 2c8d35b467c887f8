/**
 * What is said of a stored object that cannot be converted. Which words depends on who meets it: kube-apiserver's store calls an
 * object corrupt that it cannot decode, and conversion is a part of decoding (etcd3 `store.go`, `corrupt_obj_deleter.go`).
 */

import { groupResourceName } from '../../kube/resource.ts';
import { ApiError, internalError } from '../../kube/status.ts';
import type { ResourceDefinition } from '../resource-definition.ts';

/** As an update says it. */
export class Undecodable extends ApiError {
  /** Of the object in kube-apiserver's etcd, without its prefix. */
  readonly path: string;

  constructor(path: string, revision: bigint, cause: Error) {
    super(500, '', `object not decodable revision=${revision}: ${cause.message}`, undefined, { cause });
    this.path = path;
  }

  storageError(prefix: string): string {
    return `StorageError: corrupt object, Code: 7, Key: ${prefix}${this.path}, ResourceVersion: 0, AdditionalErrorMsg: ${this.message}`;
  }
}

/** As a read or a delete of one object says it; other errors as they are. */
export const asReadError = (error: unknown): unknown =>
  error instanceof Undecodable ? internalError(error.storageError(''), error) : error;

/** As a list says it. */
export function asListError({ info }: Pick<ResourceDefinition, 'info'>, error: unknown): unknown {
  if (!(error instanceof Undecodable)) return error;
  const message = error.storageError('/registry');
  return new ApiError(
    500,
    'StorageReadError',
    `failed to read one or more ${groupResourceName(info)} from the storage: ${message}`,
    {
      name: 'list',
      ...(info.group === '' ? {} : { group: info.group }),
      kind: info.resource,
      causes: [{ reason: 'UnexpectedServerResponse', message, field: `/registry${error.path}` }],
    },
  );
}
