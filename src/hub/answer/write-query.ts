/** Options of writes: query parameters, and DeleteOptions from the body (meta/v1 `validation.go`). */
import type { ApiRequest } from '../../kube/api.ts';
import { forbiddenField, invalidValue, notSupported, requiredValue, tooLong } from '../../kube/field-error.ts';
import type { Json } from '../../kube/object.ts';
import { badRequest, invalid, type StatusCause } from '../../kube/status.ts';
import type { WriteOptions } from '../core.ts';
import { goTypeOf } from '../patch/json-value.ts';
import { managerName } from '../patch/managed-fields.ts';
import type { DeleteOptions } from '../write/delete.ts';
import { decodeBody, mediaTypeOf } from './body.ts';

const VALIDATION = ['Ignore', 'Strict', 'Warn'];
const MAX_MANAGER_BYTES = 128;

/** `optionsKind`: CreateOptions, UpdateOptions, PatchOptions; named in the error. Throws 422. */
export function parseWriteOptions(request: ApiRequest, optionsKind: string): WriteOptions {
  const { query } = request;
  const dryRun = query.getAll('dryRun');
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
    ...admissionOptions(request, {
      ...(dryRun.length > 0 ? { dryRun } : {}),
      ...(fieldManager === '' ? {} : { fieldManager }),
      ...(fieldValidation === '' ? {} : { fieldValidation }),
    }),
  };
}

/** Without what says nothing. */
const given = (options: object): Readonly<Record<string, Json>> =>
  Object.fromEntries(
    Object.entries(options as Record<string, Json>).filter(
      ([, value]) => value !== null && !(Array.isArray(value) && value.length === 0),
    ),
  );

/** Who asks, and what admission shows of the request. */
const admissionOptions = (
  request: ApiRequest,
  sent: Readonly<Record<string, Json>>,
): Pick<WriteOptions, 'user' | 'sent' | 'signal' | 'annotate'> => ({
  user: request.user,
  sent,
  signal: () => request.signal,
  ...(request.annotate === undefined ? {} : { annotate: request.annotate }),
});

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
  const chars = [...manager];
  const at = chars.findIndex((char) => !/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(char));
  if (at >= 0) {
    const code = chars[at]?.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0');
    const position = Buffer.byteLength(chars.slice(0, at).join(''));
    causes.push(invalidValue('fieldManager', manager, `invalid character U+${code} (at position ${position})`));
  }
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
  const body = checkedOptions(decodeBody(request, DELETE_OPTIONS)) ?? fromQuery(request.query);
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
      ...admissionOptions(request, given(body)),
    },
  };
}

/** What each field must be, with the name that Go has for it. */
const OPTION_TYPES = [
  ['gracePeriodSeconds', 'number', 'int64'],
  ['orphanDependents', 'boolean', 'bool'],
  ['propagationPolicy', 'string', 'v1.DeletionPropagation'],
] as const;

/** A body that is something else must delete nothing. Throws 400. */
function checkedOptions(body: unknown): DeleteOptionsBody | undefined {
  if (body === undefined) return undefined;
  if (typeof body !== 'object' || Array.isArray(body))
    throw badRequest(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${goTypeOf(body)} into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }`,
    );
  const options = (body ?? {}) as Record<string, unknown>;
  const { kind = '', apiVersion = '' } = options;
  if (kind !== '' && kind !== 'DeleteOptions')
    throw badRequest(
      `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/runtime/scheme.go:111"`,
    );
  for (const [field, type, goType] of OPTION_TYPES) {
    const value = options[field];
    if (value !== undefined && value !== null && typeof value !== type)
      throw badRequest(
        `json: cannot unmarshal ${goTypeOf(value)} into Go struct field DeleteOptions.${field} of type ${goType}`,
      );
  }
  return options as DeleteOptionsBody;
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
