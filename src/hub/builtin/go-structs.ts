/** How the Go structs behind the built-in definitions treat empty fields; written by scripts/generate-go-structs.ts. */
import { readFileSync } from 'node:fs';

export interface GoStruct {
  /** Fields behind a pointer: kept when they are empty. */
  readonly pointers: ReadonlySet<string>;
  /** Without omitempty: written even when never set. */
  readonly always: ReadonlySet<string>;
  /** Structs held by value that are left out when empty. */
  readonly omitzero: ReadonlySet<string>;
  /** Go's name of a scalar's type where it is not a plain one: `v1.PullPolicy`. */
  readonly named: Readonly<Record<string, string>>;
}

interface Written {
  readonly pointers?: readonly string[];
  readonly always?: readonly string[];
  readonly omitzero?: readonly string[];
  readonly named?: Readonly<Record<string, string>>;
}

let written: Readonly<Record<string, Written>> | undefined;
const structs = new Map<string, GoStruct>();

/** Takes a definition's bare name; one that nothing is known of has plain optional fields. */
export function goStruct(definition: string): GoStruct {
  let struct = structs.get(definition);
  if (struct !== undefined) return struct;
  written ??= JSON.parse(readFileSync(new URL('./go-structs.json', import.meta.url), 'utf8')) as NonNullable<
    typeof written
  >;
  const { pointers, always, omitzero, named }: Written = written[definition] ?? {};
  struct = { pointers: new Set(pointers), always: new Set(always), omitzero: new Set(omitzero), named: named ?? {} };
  structs.set(definition, struct);
  return struct;
}
