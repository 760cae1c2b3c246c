import type { Change } from "./change.ts";
import { isOwnKey } from "./classes.ts";
import {
  findValue,
  type KeyPath,
  type KeyState,
  type Registry,
  type RegistryValue,
  sameValue,
  type View,
} from "./registry.ts";

/**
 * Collects what has to change so that the registry becomes as wanted, against its present state. Nothing is written.
 * What is there already as wanted is no change, so undoing leaves it.
 */
export class Draft {
  readonly #registry: Registry;
  readonly #changes: Change[] = [];
  /** Keys that exist, or will at this point of the draft. */
  readonly #made = new Set<string>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  get changes(): readonly Change[] {
    return this.#changes;
  }

  read(view: View, path: string): Promise<KeyState | null> {
    return this.#registry.read({ view, path });
  }

  /** The key and all above it. */
  async makeKey(key: KeyPath): Promise<void> {
    const parts = key.path.split("\\");
    for (let count = 1; count <= parts.length; count++) {
      const path = parts.slice(0, count).join("\\");
      const mark = `${key.view} ${path}`.toLowerCase();
      if (this.#made.has(mark)) continue;
      this.#made.add(mark);
      // Keys of our own are shared by pairs: whichever is undone last takes them away.
      if (!isOwnKey(path) && (await this.read(key.view, path)) !== null) continue;
      this.#changes.push({ kind: "key", view: key.view, path, before: false, after: true });
    }
  }

  async setValue(key: KeyPath, name: string, after: RegistryValue): Promise<void> {
    await this.makeKey(key);
    const before = findValue(await this.#registry.read(key), name) ?? null;
    if (sameValue(before, after)) return;
    this.#changes.push({ kind: "value", view: key.view, path: key.path, name, before, after });
  }

  /** Takes a key away with all that is in it. */
  async removeKey(key: KeyPath): Promise<void> {
    const state = await this.#registry.read(key);
    if (state === null) return;
    for (const name of state.subkeys) await this.removeKey({ view: key.view, path: `${key.path}\\${name}` });
    for (const [name, before] of state.values) {
      this.#changes.push({ kind: "value", view: key.view, path: key.path, name, before, after: null });
    }
    this.#changes.push({ kind: "key", view: key.view, path: key.path, before: true, after: false });
  }
}
