import type { ServerRecord } from "../../diagnostics/server-record.ts";
import type { Round, RoundVerdict } from "../probes/rounds.ts";

/** The last round of probes, and events where rounds begin or cease to say nothing of the server. */
export class RoundNotes {
  readonly #report: (record: ServerRecord) => void;
  #last: Round | null = null;
  #count = 0;

  constructor(report: (record: ServerRecord) => void) {
    this.#report = report;
  }

  get last(): Round | null {
    return this.#last;
  }

  /** Rounds since the process began. */
  get count(): number {
    return this.#count;
  }

  take(round: Round): void {
    this.#count += 1;
    const before: RoundVerdict | null = this.#last?.verdict ?? null;
    this.#last = round;
    if (before === round.verdict) return;
    if (before === "cutOff") this.#report({ kind: "serverReachableAgain" });
    if (round.verdict === "cutOff") this.#report({ kind: "serverCutOff", detail: round.detail });
    if (round.verdict === "unknown") this.#report({ kind: "serverProbeUndecided", detail: round.detail });
  }

  forget(): void {
    this.#last = null;
  }
}
