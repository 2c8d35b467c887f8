/** Objects to and from the store: names, versions, encryption at rest; nothing of verbs. */
import type { KubeObject } from '../kube/object.ts';
import type { GroupResource } from '../kube/resource.ts';
import { type EntryConverter, isConverted } from './conversion/converted-entries.ts';
import { isMarked, marked, type OpenedEntry, unmarked } from './conversion/version-mark.ts';
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

/** An object as it was found. */
export interface FoundEntry extends OpenedEntry {
  /** The plain bytes that the store has, where `value` is converted. */
  readonly original?: Uint8Array;
}

/** A change with the versions that its values were marked with. */
export interface OpenedChange extends StoreChange {
  readonly mark?: string;
  readonly previousMark?: string;
}

export interface ObjectIo {
  keyOf(address: ObjectAddress): string;
  /** Plain bytes in the definition's version, and revision; undefined where there is none. Throws what conversion throws. */
  read(address: ObjectAddress): Promise<FoundEntry | undefined>;
  /** A private copy in the definition's version. */
  decode(definition: ResourceDefinition, entry: Pick<StoredEntry, 'value' | 'revision'>): KubeObject;
  /** Plain stored bytes. */
  encode(definition: ResourceDefinition, object: KubeObject): Buffer;
  /** For kinds that a webhook converts. */
  readonly converter: EntryConverter;
  /** Bytes for the store: encrypted where the kind asks for it. */
  seal(address: ObjectAddress, plain: Buffer): Buffer;
  open(entry: StoredEntry): OpenedEntry;
  openChange(change: StoreChange): OpenedChange;
  /** True when stored bytes may be answered as they are. */
  passesBytes(definition: ResourceDefinition): boolean;
}

/** Group and resource under which a definition's objects are stored. */
export const storedAs = (definition: ResourceDefinition): GroupResource => definition.storage ?? definition.info;

export function createObjectIo(store: Store, cipher: ValueCipher, converter: EntryConverter): ObjectIo {
  const keyOf = ({ workspace, definition, namespace, name }: ObjectAddress): string =>
    placeKey({
      workspace,
      group: storedAs(definition).group,
      resource: storedAs(definition).resource,
      namespace: definition.info.namespaced ? namespace : '',
      name,
    });
  const openValue = (key: string, value: Uint8Array): Uint8Array => cipher.open(key, value);
  const open = (entry: StoredEntry): OpenedEntry => {
    const value = openValue(entry.key, entry.value);
    return isMarked(value) ? { ...entry, ...unmarked(value) } : { ...entry, value };
  };
  return {
    keyOf,
    async read(address) {
      const entry = await store.get(keyOf(address));
      if (entry === undefined) return undefined;
      const opened = open(entry);
      const { definition } = address;
      if (!isConverted(definition)) return opened;
      const [shown] = await converter.shown(definition, [opened], false);
      return { ...opened, value: (shown as OpenedEntry).value, original: opened.value };
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
    converter,
    seal(address, plain) {
      const { storageMark } = address.definition;
      const value = storageMark === undefined ? plain : marked(storageMark, plain);
      return cipher.seal(keyOf(address), storedAs(address.definition), value);
    },
    open,
    openChange(change) {
      const { key, previous } = change;
      const { value, mark } = open(change);
      const before = previous && open({ key, value: previous, revision: change.previousRevision });
      return {
        ...change,
        value,
        previous: before?.value,
        ...(mark === undefined ? {} : { mark }),
        ...(before?.mark === undefined ? {} : { previousMark: before.mark }),
      };
    },
    passesBytes: (definition) => definition.storage === undefined,
  };
}
