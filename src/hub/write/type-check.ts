/** Does the body say it is what its URL says (endpoints/handlers create.go, update.go)? */
import { invalidValue } from '../../kube/field-error.ts';
import type { KubeObject } from '../../kube/object.ts';
import { apiVersionOf, parseApiVersion } from '../../kube/resource.ts';
import { badRequest, invalid } from '../../kube/status.ts';
import { builtinDefinitionName } from '../builtin/tables.ts';
import type { Target } from '../core.ts';
import { goTypeOf } from '../patch/json-value.ts';
import type { ResourceDefinition } from '../resource-definition.ts';
import { type Refuse, refuseBody } from './refusal.ts';

/** Takes any decoded JSON; answers a private object with apiVersion, kind and metadata. Throws 400, or what `refuse` makes. */
export function asObject(
  definition: ResourceDefinition,
  decoded: unknown,
  refuse: Refuse = refuseBody(definition.info),
): KubeObject {
  const { info, custom } = definition;
  if (typeof decoded !== 'object' || decoded === null || Array.isArray(decoded))
    throw refuse(`json: cannot unmarshal ${goTypeOf(decoded)} into Go value of type map[string]interface {}`);
  const object = decoded as Record<string, unknown>;
  const expected = apiVersionOf(info);
  const { apiVersion = '', kind = '' } = object as { apiVersion?: string; kind?: string };
  if (custom && kind === '') throw refuse(`Object 'Kind' is missing in '${JSON.stringify(object)}'`);
  const wrongKind = kind !== '' && kind !== info.kind;
  if (!custom) checkRegistered(info, apiVersion || expected, kind || info.kind, refuse);
  if (apiVersion !== expected && (custom || apiVersion !== ''))
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${expected})`,
    );
  if (wrongKind)
    throw invalid({ group: info.group, kind }, nameOf(object), [invalidValue('kind', kind, `must be ${info.kind}`)]);
  const metadata = object.metadata ?? {};
  if (typeof metadata !== 'object' || Array.isArray(metadata))
    throw refuse(
      custom
        ? `json: cannot unmarshal ${goTypeOf(metadata)} into Go value of type v1.ObjectMeta`
        : `json: cannot unmarshal ${goTypeOf(metadata)} into Go struct field ${info.kind}.metadata of type v1.ObjectMeta`,
    );
  return { ...object, apiVersion: expected, kind: info.kind, metadata: { ...metadata } } as KubeObject;
}

/** A Go server converts what it decoded into what it expects, and says so where that cannot be. */
function checkRegistered(expected: ResourceDefinition['info'], apiVersion: string, kind: string, refuse: Refuse): void {
  const { group, version } = parseApiVersion(apiVersion);
  if (builtinDefinitionName({ group, version, kind }) === undefined)
    throw refuse(
      `no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)} in scheme "pkg/runtime/scheme.go:111"`,
      { version, kind },
    );
  const internal = expected.group === '' ? 'core' : expected.group.split('.')[0];
  if (kind !== expected.kind)
    throw refuse(`converting (${version}.${kind}) to (${internal}.${expected.kind}): unknown conversion`, {
      version,
      kind,
    });
}

const nameOf = ({ metadata }: { metadata?: unknown }): string =>
  String((metadata as { name?: unknown } | null)?.name ?? '');

/** The body's namespace and name must be those of the URL, or absent. Mutates a private copy. */
export function matchUrl(target: Target, object: KubeObject): void {
  const { metadata } = object;
  const namespace = target.definition.info.namespaced ? target.namespace : '';
  if (namespace !== '' && (metadata.namespace ?? '') !== '' && metadata.namespace !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  if (namespace === '') delete metadata.namespace;
  else metadata.namespace = namespace;
  if (target.name === '') return;
  if (metadata.name === undefined || metadata.name === '')
    throw badRequest(`the name of the object (${target.name} based on URL) was undeterminable: name must be provided`);
  if (metadata.name !== target.name)
    throw badRequest(`the name of the object (${metadata.name}) does not match the name on the URL (${target.name})`);
}
