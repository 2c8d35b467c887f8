/**
 * Kubernetes' protobuf bodies (application/vnd.kubernetes.protobuf) of built-in kinds, driven by the generated tables:
 * the magic `k8s\0`, then runtime.Unknown with the type and the object's own bytes
 * (apimachinery pkg/runtime/serializer/protobuf).
 */
import type { Json, KubeObject } from '../../kube/object.ts';
import { apiVersionOf, type GroupVersionKind, parseApiVersion } from '../../kube/resource.ts';
import { badRequest } from '../../kube/status.ts';
import { builtinDefinitionName, builtinMessage } from '../builtin/tables.ts';
import { codec } from './protobuf-messages.ts';
import { DELIMITED, MalformedProtobuf, ProtobufReader } from './protobuf-reader.ts';
import { textOf } from './protobuf-wellknown.ts';
import { ProtobufWriter } from './protobuf-writer.ts';

export const PROTOBUF = 'application/vnd.kubernetes.protobuf';

const MAGIC = new Uint8Array([0x6b, 0x38, 0x73, 0x00]);
const DELETE_OPTIONS = 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions';

/**
 * Decodes one object. `expected` is used where the body names no type itself.
 * Throws ApiError 400 when the bytes are malformed or the kind is not built in.
 */
export function decodeProtobuf(bytes: Uint8Array, expected?: GroupVersionKind): KubeObject {
  if (bytes.length === 0) throw badRequest('empty data');
  if (bytes.length === MAGIC.length && MAGIC.every((byte, index) => bytes[index] === byte))
    throw badRequest('empty body');
  if (bytes.length < MAGIC.length || MAGIC.some((byte, index) => bytes[index] !== byte)) {
    throw badRequest('provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]');
  }
  try {
    const { apiVersion, kind, raw, contentType } = readUnknown(new ProtobufReader(bytes, MAGIC.length));
    const gvk = kind === '' && expected ? expected : { ...parseApiVersion(apiVersion), kind };
    if (contentType !== '' && contentType !== PROTOBUF) throw new MalformedProtobuf(`body of type ${contentType}`);
    const body = codec.decode(messageOf(gvk), new ProtobufReader(raw), 0);
    return { apiVersion: apiVersionOf(gvk), kind: gvk.kind, ...(body as object) } as KubeObject;
  } catch (error) {
    if (error instanceof MalformedProtobuf) throw badRequest(error.message);
    throw error;
  }
}

/** Encodes an object of a built-in kind. Throws TypeError when a value does not fit its field. */
export function encodeProtobuf(object: KubeObject): Uint8Array {
  const { apiVersion, kind, ...body } = object;
  const out = new ProtobufWriter();
  // Content encoding and type, empty, as Go writes them.
  out.string(4, '');
  out.string(3, '');
  out.message(2, () => codec.encode(messageOf({ ...parseApiVersion(apiVersion), kind }), body as Json, out));
  out.message(1, () => {
    out.string(2, kind);
    out.string(1, apiVersion);
  });
  out.raw(MAGIC);
  return out.finish();
}

function messageOf(gvk: GroupVersionKind): string {
  // Every group knows DeleteOptions: clients name the group that they call.
  const name = gvk.kind === 'DeleteOptions' ? DELETE_OPTIONS : builtinDefinitionName(gvk);
  if (name !== undefined && builtinMessage(name)) return name;
  const version = apiVersionOf(gvk);
  throw badRequest(`no kind "${gvk.kind}" is registered for version "${version}" in scheme`);
}

/** runtime.Unknown {1: typeMeta {1: apiVersion, 2: kind}, 2: raw, 3: contentEncoding, 4: contentType}. */
function readUnknown(reader: ProtobufReader) {
  const unknown = { apiVersion: '', kind: '', raw: new Uint8Array(), contentType: '' };
  while (!reader.done) {
    const { field, wireType } = reader.tag();
    if (wireType !== DELIMITED) reader.skip(wireType);
    else if (field === 1) {
      const type = reader.message();
      while (!type.done) {
        const part = type.tag();
        if (part.wireType === DELIMITED && part.field === 1) unknown.apiVersion = textOf(type.bytes());
        else if (part.wireType === DELIMITED && part.field === 2) unknown.kind = textOf(type.bytes());
        else type.skip(part.wireType);
      }
    } else if (field === 2) unknown.raw = reader.bytes() as Uint8Array<ArrayBuffer>;
    else if (field === 4) unknown.contentType = textOf(reader.bytes());
    else reader.bytes();
  }
  return unknown;
}
