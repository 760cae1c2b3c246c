import type {
  KeyPath,
  KeyState,
  Registry,
  RegistryStep,
  RegistryValue,
} from "../../../src/opc/da/hook/registry.ts";
import { textValue } from "../../../src/opc/da/hook/registry.ts";

/** A registry in memory. After `stepsLeft` steps it fails like a process that is ended. */
export class MemoryRegistry implements Registry {
  readonly #keys = new Map<string, { readonly shown: string; readonly values: Map<string, RegistryValue> }>();
  stepsLeft = Number.POSITIVE_INFINITY;

  read(key: KeyPath): Promise<KeyState | null> {
    const found = this.#keys.get(markOf(key));
    if (!found) return Promise.resolve(null);
    const prefix = `${markOf(key)}\\`;
    const subkeys = [...this.#keys]
      .filter(([mark]) => mark.startsWith(prefix) && !mark.slice(prefix.length).includes("\\"))
      .map(([, { shown }]) => shown.slice(shown.lastIndexOf("\\") + 1));
    return Promise.resolve({ values: new Map(found.values), subkeys });
  }

  apply(step: RegistryStep): Promise<void> {
    if (this.stepsLeft-- <= 0) return Promise.reject(new Error("ended"));
    const found = this.#keys.get(markOf(step));
    switch (step.kind) {
      case "make":
        this.#make(step);
        break;
      case "put":
        this.#make(step).set(step.name, step.value);
        break;
      case "drop":
        found?.values.delete(step.name);
        break;
      case "prune":
        if (found?.values.size === 0 && !this.#hasSubkeys(step)) this.#keys.delete(markOf(step));
        break;
    }
    return Promise.resolve();
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  /** Sets up a text value. */
  set(path: string, name: string, text: string, view: 64 | 32 = 64): void {
    this.#make({ view, path }).set(name, textValue(text));
  }

  /** Everything in it, comparable. */
  dump(): string[] {
    return [...this.#keys]
      .flatMap(([mark, { values }]) => [
        mark,
        ...[...values].map(([name, { type, data }]) => `${mark} ${name} ${type} ${data}`),
      ])
      .sort();
  }

  #make({ view, path }: KeyPath): Map<string, RegistryValue> {
    const parts = path.split("\\");
    let values = new Map<string, RegistryValue>();
    for (let count = 1; count <= parts.length; count++) {
      const shown = parts.slice(0, count).join("\\");
      const mark = markOf({ view, path: shown });
      values = this.#keys.get(mark)?.values ?? new Map<string, RegistryValue>();
      if (!this.#keys.has(mark)) this.#keys.set(mark, { shown, values });
    }
    return values;
  }

  #hasSubkeys(key: KeyPath): boolean {
    const prefix = `${markOf(key)}\\`;
    return [...this.#keys.keys()].some((mark) => mark.startsWith(prefix));
  }
}

function markOf({ view, path }: KeyPath): string {
  return `${view} ${path.toLowerCase()}`;
}
