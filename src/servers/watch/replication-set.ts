import { detailOf } from "../../diagnostics/detail-of.ts";
import type { ReplicationDirection, ReplicationStatus, Replicator } from "../seams.ts";

export interface NamedReplicationStatus extends ReplicationStatus {
  readonly kind: Replicator["kind"];
  readonly name: string;
}

/** Which of a server's replications run (seed: status icons). */
export type Wanted = "all" | "databases" | "none";

export type OnProgress = (percent: number, detail: string) => void;

/** All replications of one protected server. */
export class ReplicationSet {
  readonly #replicators: readonly Replicator[];
  /** Starts and stops take turns, so that the last one wanted is the one in force. */
  #turn: Promise<void> = Promise.resolve();

  constructor(replicators: readonly Replicator[]) {
    this.#replicators = replicators;
  }

  get isEmpty(): boolean {
    return this.#replicators.length === 0;
  }

  /** Resolves when those no longer wanted have ended. */
  want(wanted: Wanted): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      const runs = ({ kind }: Replicator): boolean =>
        wanted === "all" || (wanted === "databases" && kind === "database");
      for (const replicator of this.#replicators) if (runs(replicator)) replicator.start();
      await Promise.all(
        this.#replicators.filter((replicator) => !runs(replicator)).map((replicator) => replicator.stop()),
      );
    });
    return this.#turn;
  }

  status(): readonly NamedReplicationStatus[] {
    return this.#replicators.map((replicator) => ({
      kind: replicator.kind,
      name: replicator.name,
      ...replicator.status(),
    }));
  }

  /** Whole copies are under way. */
  get isCopying(): boolean {
    return this.#replicators.some((replicator) => replicator.status().phase === "copying");
  }

  /**
   * One whole copy of everything, one after another. `done` is told of each that has ended. Rejects with the first
   * failure; what comes after it is not begun.
   */
  async copyAll(
    direction: ReplicationDirection,
    onProgress: OnProgress,
    signal: AbortSignal,
    done: (name: string, failure: string | null) => void = () => undefined,
  ): Promise<void> {
    const share = 100 / Math.max(1, this.#replicators.length);
    for (const [index, replicator] of this.#replicators.entries()) {
      signal.throwIfAborted();
      const told: OnProgress = (percent, detail) =>
        onProgress(Math.min(100, (index + percent / 100) * share), `${replicator.name}: ${detail}`);
      told(0, "begins");
      try {
        await replicator.runOnce(direction, told, signal);
      } catch (error) {
        done(replicator.name, detailOf(error));
        throw error;
      }
      done(replicator.name, null);
    }
    onProgress(100, "done");
  }
}
