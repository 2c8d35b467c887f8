/** POST: shape → mutate → prepare → permit → validate → store, with a new name where only a prefix was given. */
import type { KubeObject } from '../../kube/object.ts';
import { ApiError, alreadyExists, withWarnings } from '../../kube/status.ts';
import { isConverted } from '../conversion/converted-entries.ts';
import type { AdmissionRequest, HubCore, Target, WriteOptions, Written } from '../core.ts';
import { commitAdmitted, mutate, permit, validateAdmission } from './admit.ts';
import { companionOperations } from './companions.ts';
import { recordManager, recordManagerConverted } from './field-managers.ts';
import { prepareForCreate, wipeSystemFields } from './prepare.ts';
import { shape } from './shape.ts';
import { comeBack, plainBytes } from './store-converted.ts';
import { matchUrl } from './type-check.ts';
import { validateObject } from './validate-object.ts';

/** Upstream retries a generated name that is taken (8 attempts). */
const NAME_ATTEMPTS = 8;
/** 63 less the five random characters. */
const MAX_NAME_PREFIX = 58;

export interface CreateRules {
  /** The object comes with its managedFields (server-side apply). */
  readonly managersRecorded?: boolean;
  /** A PUT or an apply of what does not exist: the version that it names is not looked at. */
  readonly byUpdate?: boolean;
}

/** Takes a private copy of the body. Throws ApiError. */
export async function createObject(
  core: HubCore,
  target: Target,
  given: KubeObject,
  options: WriteOptions,
  rules: CreateRules = {},
): Promise<Written> {
  const warnings: string[] = [];
  try {
    return await create(core, target, given, options, rules, warnings);
  } catch (error) {
    throw withWarnings(error, warnings);
  }
}

async function create(
  core: HubCore,
  target: Target,
  given: KubeObject,
  options: WriteOptions,
  rules: CreateRules,
  warnings: string[],
): Promise<Written> {
  const shaped = shape(target.definition, given, {
    ...options,
    warn: (text) => warnings.push(text),
    ...(rules.managersRecorded ? { decodedFrom: 'map' } : {}),
  });
  const { metadata } = shaped;
  matchUrl(target, shaped);
  const version = metadata.resourceVersion ?? '';
  const generated = (metadata.name ?? '') === '' && (metadata.generateName ?? '') !== '';
  if (rules.byUpdate !== true) wipeSystemFields(shaped);
  // What mutation adds is nobody's.
  if (!rules.managersRecorded) {
    if (isConverted(target.definition)) await recordManagerConverted(core, target, undefined, shaped, options);
    else recordManager(core, target, undefined, shaped, options);
  }
  await mutate(core, createRequest(target, shaped, options, warnings));
  for (let attempt = 1; ; attempt++) {
    // A copy for each name that is tried; a given name is tried once.
    const object = generated ? structuredClone(shaped) : shaped;
    if (generated) object.metadata.name = `${metadata.generateName?.slice(0, MAX_NAME_PREFIX)}${core.nameSuffix()}`;
    const written = await createNamed(core, target, object, options, warnings, { ...rules, version });
    if (written !== undefined) return written;
    if (!generated) throw await nameTaken(core, { ...target, name: object.metadata.name as string });
    if (attempt === NAME_ATTEMPTS) throw generateNameConflict(target, object.metadata.name as string);
  }
}

/** Where an update leaves them: one that changes nothing must make the same bytes. */
function putManagersLast({ metadata }: KubeObject): void {
  const { managedFields } = metadata;
  if (managedFields === undefined) return;
  delete metadata.managedFields;
  metadata.managedFields = managedFields;
}

const createRequest = (
  target: Target,
  object: KubeObject,
  options: WriteOptions,
  warnings: string[],
): AdmissionRequest => ({
  operation: 'create',
  target,
  object,
  old: undefined,
  options,
  warn: (text) => warnings.push(text),
});

/** Upstream says so where the name may soon be free. */
async function nameTaken(core: HubCore, target: Target): Promise<ApiError> {
  const error = alreadyExists(target.definition.info, target.name);
  const entry = await core.objects.read(target);
  const leaving = entry !== undefined && core.objects.decode(target.definition, entry).metadata.deletionTimestamp;
  if (!leaving) return error;
  return new ApiError(409, 'AlreadyExists', `object is being deleted: ${error.message}`, error.status.details);
}

/** `version`: that the client gave. Undefined when the name is taken. */
async function createNamed(
  core: HubCore,
  target: Target,
  object: KubeObject,
  options: WriteOptions,
  warnings: string[],
  { byUpdate, version }: CreateRules & { readonly version: string },
): Promise<Written | undefined> {
  const { definition } = target;
  const request = createRequest(target, object, options, warnings);
  prepareForCreate(core, target, object);
  putManagersLast(object);
  await permit(core, request);
  validateObject(target, object, undefined);
  definition.warnings?.(object, undefined).forEach(request.warn);
  await validateAdmission(core, request);
  definition.forget?.(object);
  const address = { ...target, name: object.metadata.name as string };
  if (!options.dryRun && byUpdate !== true && /^0*[1-9][0-9]*$/.test(version))
    throw new ApiError(500, '', 'resourceVersion should not be set on objects to be created');
  const converted = isConverted(definition);
  const value = converted ? await plainBytes(core, target, object) : core.objects.encode(definition, object);
  const shown = (revision: bigint): Promise<KubeObject> =>
    comeBack(core, target, value, core.objects.keyOf(address), revision);
  const result = await commitAdmitted(core, request, [
    { key: core.objects.keyOf(address), value: core.objects.seal(address, value), expected: 0n },
    ...(await companionOperations(core, target, address.name)),
  ]);
  if (!result.ok) return undefined;
  if (options.dryRun) {
    if ((await core.objects.read(address)) !== undefined) return undefined;
    const answered = converted ? await shown(0n) : object;
    if (version !== '') answered.metadata.resourceVersion = version;
    return { object: answered, stored: undefined, created: true, warnings };
  }
  if (converted) return { object: await shown(result.revision), stored: undefined, created: true, warnings };
  object.metadata.resourceVersion = String(result.revision);
  return { object, stored: { value, revision: result.revision }, created: true, warnings };
}

const generateNameConflict = (target: Target, name: string): ApiError => {
  const { group, resource } = target.definition.info;
  const qualified = group === '' ? resource : `${resource}.${group}`;
  return new ApiError(
    409,
    'AlreadyExists',
    `${qualified} "${name}" already exists, the server was not able to generate a unique name for the object`,
    { name, ...(group ? { group } : {}), kind: resource, retryAfterSeconds: 1 },
  );
};
