import { UnderstudyError } from "../../core/error.ts";
import type { ServerSettings } from "../../project/server.ts";
import { collisionOf } from "./collision.ts";

/** Whom this machine stands in for: one server, or several whose takeovers need nothing in common. */
export class Stage {
  readonly #occupants = new Map<string, ServerSettings>();
  readonly #listeners = new Set<() => void>();

  /** Who keeps this machine from standing in for the server; null = nobody. */
  blockerOf(server: ServerSettings): { readonly name: string; readonly need: string } | null {
    for (const other of this.#occupants.values()) {
      const need = other.name === server.name ? null : collisionOf(other, server);
      if (need !== null) return { name: other.name, need };
    }
    return null;
  }

  /** Throws UnderstudyError `STAGE_OCCUPIED`. */
  enter(server: ServerSettings): void {
    const blocker = this.blockerOf(server);
    if (blocker !== null) {
      throw new UnderstudyError(
        "STAGE_OCCUPIED",
        `This machine stands in for ${blocker.name}, and both need ${blocker.need}.`,
      );
    }
    this.#occupants.set(server.name, server);
    this.#tell();
  }

  leave(server: ServerSettings): void {
    if (this.#occupants.delete(server.name)) this.#tell();
  }

  /** Calls `listener` after every change until the function returned is called. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
