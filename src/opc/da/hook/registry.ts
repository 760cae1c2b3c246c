/** Which half of the registry a path means: 64-bit programs' or that of 32-bit ones (WOW6432Node). */
export type View = 64 | 32;

/** A key below HKEY_LOCAL_MACHINE. */
export interface KeyPath {
  readonly view: View;
  /** With backslashes, without a leading one. */
  readonly path: string;
}

/** A value as the registry holds it. `type` is REG_SZ 1, REG_DWORD 4 and so on; `data` in hex, as bytes lie in memory. */
export interface RegistryValue {
  readonly type: number;
  readonly data: string;
}

export interface KeyState {
  /** By name; the default value has the name "". */
  readonly values: ReadonlyMap<string, RegistryValue>;
  readonly subkeys: readonly string[];
}

export type RegistryStep =
  | ({ readonly kind: "put"; readonly name: string; readonly value: RegistryValue } & KeyPath)
  | ({ readonly kind: "drop"; readonly name: string } & KeyPath)
  | ({ readonly kind: "make" } & KeyPath)
  | ({ readonly kind: "prune" } & KeyPath);

/** The registry as the hook needs it. Keys and names are compared without regard to case, as Windows does. */
export interface Registry {
  /** null where there is no such key. */
  read(key: KeyPath): Promise<KeyState | null>;
  /**
   * One step. `put` makes the key where it is missing; `drop` and `prune` of what is not there are well; `prune`
   * leaves a key that has values or subkeys. @throws UnderstudyError DA_HOOK_REGISTRY
   */
  apply(step: RegistryStep): Promise<void>;
  /** Resolves when all steps are on disk: what the journal then forgets cannot come back after a power failure. */
  flush(): Promise<void>;
}

const stringType = 1;
const numberType = 4;

export function textValue(text: string): RegistryValue {
  return Object.freeze({ type: stringType, data: Buffer.from(`${text}\0`, "utf16le").toString("hex") });
}

export function numberValue(value: number): RegistryValue {
  const data = Buffer.alloc(4);
  data.writeUInt32LE(value);
  return Object.freeze({ type: numberType, data: data.toString("hex") });
}

/** The text of a REG_SZ or REG_EXPAND_SZ; null for other types. */
export function textOf(value: RegistryValue | undefined): string | null {
  if (value === undefined || (value.type !== stringType && value.type !== 2)) return null;
  return Buffer.from(value.data, "hex").toString("utf16le").replace(/\0+$/, "");
}

/** The value of this name, whatever its case. */
export function findValue(state: KeyState | null, name: string): RegistryValue | undefined {
  if (state === null) return undefined;
  const exact = state.values.get(name);
  if (exact !== undefined) return exact;
  const wanted = name.toLowerCase();
  return [...state.values].find(([other]) => other.toLowerCase() === wanted)?.[1];
}

export function sameValue(a: RegistryValue | null, b: RegistryValue | null): boolean {
  if (a === null || b === null) return a === b;
  return a.type === b.type && a.data === b.data;
}
