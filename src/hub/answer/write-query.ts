/** Options of writes: query parameters, and DeleteOptions from the body (meta/v1 `validation.go`). */
import type { ApiRequest } from '../../kube/api.ts';
import { forbiddenField, invalidValue, notSupported, requiredValue, tooLong } from '../../kube/field-error.ts';
import { badRequest, invalid, type StatusCause } from '../../kube/status.ts';
import type { WriteOptions } from '../core.ts';
import { managerName } from '../patch/managed-fields.ts';
import type { DeleteOptions } from '../write/delete.ts';
import { decodeBody, mediaTypeOf } from './body.ts';

const VALIDATION = ['Ignore', 'Strict', 'Warn'];
const MAX_MANAGER_BYTES = 128;

/** `optionsKind`: CreateOptions, UpdateOptions, PatchOptions; named in the error. Throws 422. */
export function parseWriteOptions(request: ApiRequest, optionsKind: string): WriteOptions {
  const { query } = request;
  const dryRun = query.getAll('dryRun').filter((value) => value !== '');
  const fieldManager = query.get('fieldManager') ?? '';
  const fieldValidation = query.get('fieldValidation') ?? '';
  const causes: StatusCause[] = [
    ...(optionsKind === 'PatchOptions' ? applyCauses(request, fieldManager) : []),
    ...dryRunCauses(dryRun),
    ...managerCauses(fieldManager),
    ...(fieldValidation === '' || VALIDATION.includes(fieldValidation)
      ? []
      : [notSupported('fieldValidation', fieldValidation, ['', ...VALIDATION])]),
  ];
  if (causes.length > 0) throw invalid({ group: 'meta.k8s.io', kind: optionsKind }, '', causes);
  return {
    dryRun: dryRun.length > 0,
    fieldManager: managerName(fieldManager, request.headers['user-agent']),
    fieldValidation: (fieldValidation || 'Warn') as WriteOptions['fieldValidation'],
    user: request.user,
  };
}

function applyCauses(request: ApiRequest, fieldManager: string): StatusCause[] {
  if (mediaTypeOf(request).startsWith('application/apply-patch'))
    return fieldManager === '' ? [requiredValue('fieldManager', 'is required for apply patch')] : [];
  return request.query.has('force') ? [forbiddenField('force', 'may not be specified for non-apply patch')] : [];
}

const dryRunCauses = (values: readonly string[]): StatusCause[] =>
  values.every((value) => value === 'All') ? [] : [notSupported('dryRun', values, ['All'])];

function managerCauses(manager: string): StatusCause[] {
  const causes: StatusCause[] = [];
  if (Buffer.byteLength(manager) > MAX_MANAGER_BYTES) causes.push(tooLong('fieldManager', MAX_MANAGER_BYTES));
  const printable = [...manager].every((char) => /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(char));
  if (!printable) causes.push(invalidValue('fieldManager', manager, 'should only contain printable characters'));
  return causes;
}

interface DeleteOptionsBody {
  readonly gracePeriodSeconds?: number | null;
  readonly preconditions?: { readonly uid?: string | null; readonly resourceVersion?: string | null } | null;
  readonly orphanDependents?: boolean | null;
  readonly propagationPolicy?: DeleteOptions['propagationPolicy'] | null;
  readonly dryRun?: readonly string[] | null;
}

const POLICIES = ['Foreground', 'Background', 'Orphan'];
const DELETE_OPTIONS = { group: '', version: 'v1', kind: 'DeleteOptions' };

/** The body wins over the query, which is read only where there is no body. Throws 400, 422. */
export function parseDeleteOptions(request: ApiRequest): { wanted: DeleteOptions; options: WriteOptions } {
  const body = (decodeBody(request, DELETE_OPTIONS) ?? fromQuery(request.query)) as DeleteOptionsBody;
  if (typeof body !== 'object' || body === null) throw badRequest('the body of a delete must be DeleteOptions');
  const dryRun = body.dryRun ?? [];
  const causes = [...policyCauses(body), ...dryRunCauses(dryRun)];
  if (causes.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', causes);
  const { uid, resourceVersion } = body.preconditions ?? {};
  const propagationPolicy = policyOf(body);
  return {
    wanted: {
      ...(typeof uid === 'string' ? { uid } : {}),
      ...(typeof resourceVersion === 'string' ? { resourceVersion } : {}),
      ...(typeof body.gracePeriodSeconds === 'number' ? { gracePeriodSeconds: body.gracePeriodSeconds } : {}),
      ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
    },
    options: {
      dryRun: dryRun.length > 0,
      fieldManager: managerName('', request.headers['user-agent']),
      fieldValidation: 'Ignore',
      user: request.user,
    },
  };
}

function policyCauses({ propagationPolicy, orphanDependents }: DeleteOptionsBody): StatusCause[] {
  const field = 'propagationPolicy';
  if (propagationPolicy === undefined || propagationPolicy === null) return [];
  if (typeof orphanDependents === 'boolean')
    return [invalidValue(field, propagationPolicy, 'orphanDependents and deletionPropagation cannot be both set')];
  return POLICIES.includes(propagationPolicy) ? [] : [notSupported(field, propagationPolicy, [...POLICIES, 'nil'])];
}

function policyOf({ propagationPolicy, orphanDependents }: DeleteOptionsBody): DeleteOptions['propagationPolicy'] {
  if (typeof orphanDependents === 'boolean') return orphanDependents ? 'Orphan' : 'Background';
  return propagationPolicy ?? undefined;
}

function fromQuery(query: URLSearchParams): DeleteOptionsBody {
  const grace = query.get('gracePeriodSeconds');
  if (grace !== null && !/^-?[0-9]+$/.test(grace))
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(grace)}: invalid syntax`);
  const orphan = query.get('orphanDependents');
  return {
    ...(grace === null ? {} : { gracePeriodSeconds: Number(grace) }),
    ...(orphan === null ? {} : { orphanDependents: orphan !== 'false' && orphan !== '0' }),
    propagationPolicy: query.get('propagationPolicy') as DeleteOptionsBody['propagationPolicy'],
    dryRun: query.getAll('dryRun').filter((value) => value !== ''),
  };
}
