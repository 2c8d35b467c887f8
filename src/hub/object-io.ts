/** Objects to and from the store: names, versions, encryption at rest; nothing of verbs. */
import type { KubeObject } from '../kube/object.ts';
import type { GroupResource } from '../kube/resource.ts';
import { placeKey } from './keys.ts';
import type { ResourceDefinition } from './resource-definition.ts';
import type { Store, StoreChange, StoredEntry } from './store/store.ts';
import { decodeStored, encodeStored, typeNames } from './stored-object.ts';
import type { ValueCipher } from './value-cipher.ts';

export interface ObjectAddress {
  readonly workspace: string;
  readonly definition: ResourceDefinition;
  readonly namespace: string;
  readonly name: string;
}

export interface ObjectIo {
  keyOf(address: ObjectAddress): string;
  /** Plain bytes and revision; undefined where there is none. */
  read(address: ObjectAddress): Promise<StoredEntry | undefined>;
  /** A private copy in the definition's version. */
  decode(definition: ResourceDefinition, entry: Pick<StoredEntry, 'value' | 'revision'>): KubeObject;
  /** Plain stored bytes. */
  encode(definition: ResourceDefinition, object: KubeObject): Buffer;
  /** Bytes for the store: encrypted where the kind asks for it. */
  seal(address: ObjectAddress, plain: Buffer): Buffer;
  open<T extends { readonly key: string; readonly value: Uint8Array }>(entry: T): T;
  openChange(change: StoreChange): StoreChange;
  /** True when stored bytes may be answered as they are. */
  passesBytes(definition: ResourceDefinition): boolean;
}

/** Group and resource under which a definition's objects are stored. */
export const storedAs = (definition: ResourceDefinition): GroupResource => definition.storage ?? definition.info;

export function createObjectIo(store: Store, cipher: ValueCipher): ObjectIo {
  const keyOf = ({ workspace, definition, namespace, name }: ObjectAddress): string =>
    placeKey({
      workspace,
      group: storedAs(definition).group,
      resource: storedAs(definition).resource,
      namespace: definition.info.namespaced ? namespace : '',
      name,
    });
  const openValue = (key: string, value: Uint8Array): Uint8Array => cipher.open(key, value);
  return {
    keyOf,
    async read(address) {
      const entry = await store.get(keyOf(address));
      return entry && { ...entry, value: openValue(entry.key, entry.value) };
    },
    decode(definition, entry) {
      const object = decodeStored(typeNames(definition.info), entry.value, entry.revision);
      definition.storage?.fromStored(object);
      return object;
    },
    encode(definition, object) {
      if (definition.storage === undefined) return encodeStored(object);
      const copy = structuredClone(object);
      definition.storage.toStored(copy);
      return encodeStored(copy);
    },
    seal: (address, plain) => cipher.seal(keyOf(address), storedAs(address.definition), plain),
    open: (entry) => ({ ...entry, value: openValue(entry.key, entry.value) }),
    openChange: (change) => ({
      ...change,
      value: openValue(change.key, change.value),
      previous: change.previous && openValue(change.key, change.previous),
    }),
    passesBytes: (definition) => definition.storage === undefined,
  };
}
