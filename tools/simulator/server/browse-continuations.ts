import { randomBytes } from "node:crypto";
import type { ReferenceDescription } from "node-opcua";

/** Continuation points a session may hold. */
export const maxContinuationPoints = 20;

export interface Continuation {
  readonly rest: readonly ReferenceDescription[];
  readonly pageSize: number;
}

/** References that did not fit into one answer, by continuation point (Part 4, 7.9). */
export class BrowseContinuations {
  readonly #points = new Map<string, Continuation>();

  /** Null where the session holds too many. */
  add(continuation: Continuation): Buffer | null {
    if (this.#points.size >= maxContinuationPoints) return null;
    const point = randomBytes(8);
    this.#points.set(point.toString("hex"), continuation);
    return point;
  }

  take(point: Buffer): Continuation | null {
    const key = point.toString("hex");
    const continuation = this.#points.get(key) ?? null;
    this.#points.delete(key);
    return continuation;
  }
}
