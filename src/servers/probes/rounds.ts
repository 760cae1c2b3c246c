import type { ProbeCombination } from "../../project/server.ts";
import { combine } from "./combine.ts";
import { askInTime, type Probe, type ProbeAnswer } from "./probe.ts";

/**
 * - `well`, `failed`: as the probes say together
 * - `unknown`: they cannot tell
 * - `cutOff`: the server does not answer, but no witness does either: this machine is cut off itself
 */
export type RoundVerdict = "well" | "failed" | "unknown" | "cutOff";

export interface Round {
  readonly verdict: RoundVerdict;
  /** One line: what speaks for the verdict. */
  readonly detail: string;
  readonly tookMs: number;
  readonly answers: readonly (ProbeAnswer & { readonly name: string })[];
}

export interface RoundsOptions {
  readonly probes: readonly Probe[];
  readonly combination: ProbeCombination;
  /** Empty = the probes alone decide. */
  readonly witnesses: readonly Probe[];
  readonly timeoutMs: number;
  /** There is no time to ask the witnesses after the server: they are always asked at the same time. */
  readonly hasty: boolean;
  readonly nowMs: () => number;
}

/**
 * Asks all probes of a server at once. From the second silent round on the witnesses are asked at the same time,
 * so that a failure is found as fast with witnesses as without; in the first one they are asked afterwards.
 */
export class Rounds {
  readonly #options: RoundsOptions;
  #lastWasWell = true;

  constructor(options: RoundsOptions) {
    this.#options = options;
  }

  /** Takes at most twice the timeout in the first silent round, and the timeout in those that follow. */
  async ask(): Promise<Round> {
    const { probes, combination, witnesses, timeoutMs, hasty, nowMs } = this.#options;
    const startMs = nowMs();
    const connected = this.#lastWasWell && !hasty ? null : this.#isConnected();
    const answers = await Promise.all(
      probes.map(async (probe) => ({ name: probe.name, ...(await askInTime(probe, timeoutMs)) })),
    );
    const said = combine(
      answers.map(({ verdict }) => verdict),
      combination,
    );
    this.#lastWasWell = said === "well";
    const verdict: RoundVerdict =
      said === "failed" && witnesses.length > 0 && !(await (connected ?? this.#isConnected()))
        ? "cutOff"
        : said;
    const detail =
      verdict === "cutOff"
        ? `neither the server nor ${witnesses.map(({ name }) => name).join(", ")} answers`
        : describe(answers, said);
    return { verdict, detail, tookMs: nowMs() - startMs, answers };
  }

  /** Some witness answers. */
  #isConnected(): Promise<boolean> {
    const { witnesses, timeoutMs } = this.#options;
    return Promise.any(
      witnesses.map(async (witness) => {
        const { verdict } = await askInTime(witness, timeoutMs);
        if (verdict === "failed") throw new Error("no answer");
        return true;
      }),
    ).catch(() => false);
  }
}

/** The answers that speak for the verdict. */
function describe(answers: Round["answers"], verdict: ProbeAnswer["verdict"]): string {
  const speaking = answers.filter((answer) => answer.verdict === verdict);
  return (speaking.length === 0 ? answers : speaking)
    .map(({ name, detail }) => `${name}: ${detail}`)
    .join("; ");
}
