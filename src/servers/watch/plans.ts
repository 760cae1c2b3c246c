import { oneAtATime } from "../../host/one-at-a-time.ts";
import type { ServerSettings } from "../../project/server.ts";
import { limitOf } from "../plan/limit.ts";
import type { PlanKind, PlanResult, RunOptions, Standing, TakeoverRunner } from "../seams.ts";

/** The plans of one server: one at a time, bounded by the project's takeover timeout. */
export class Plans {
  readonly #runner: TakeoverRunner;
  readonly #server: ServerSettings;
  readonly #inTurn = oneAtATime();

  constructor(runner: TakeoverRunner, server: ServerSettings) {
    this.#runner = runner;
    this.#server = server;
  }

  standing(): Promise<Standing> {
    return this.#runner.standing(this.#server);
  }

  /** The steps, one line each. */
  async describe(kind: PlanKind): Promise<readonly string[]> {
    const steps = await this.#runner.plan(this.#server, kind);
    return steps.map(({ text }, index) => `${index + 1}. ${text}`);
  }

  run(kind: PlanKind, options: RunOptions): Promise<PlanResult> {
    return this.#inTurn(() =>
      this.#bounded(options, (bounded) => this.#runner.run(this.#server, kind, bounded)),
    );
  }

  resume(options: RunOptions): Promise<PlanResult | null> {
    return this.#inTurn(() =>
      this.#bounded(options, (bounded) => this.#runner.resume(this.#server, bounded)),
    );
  }

  async #bounded<T>(options: RunOptions, run: (options: RunOptions) => Promise<T>): Promise<T> {
    const limit = limitOf(options.signal, this.#server.failover.takeoverTimeout);
    try {
      return await run({ ...options, signal: limit.signal });
    } finally {
      limit.end();
    }
  }
}
