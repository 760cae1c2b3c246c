import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { helperCommand } from "../../../src/opc/da/helper/helper-command.ts";
import { type HelperProcess, HelperProcesses } from "../../../src/opc/da/helper/helper-process.ts";
import type { EventBody, EventName, WireEvent } from "../../../src/opc/da/wire/events.ts";
import type { RequestBody, RequestName, ResponseBody } from "../../../src/opc/da/wire/requests.ts";
import type { JsonProcess } from "../../../tools/native/json-process.ts";
import { nativeFile, nativeFiles, startDaSimulator } from "../../../tools/native/programs.ts";
import type { WineMachine } from "../../../tools/native/wine.ts";

export const deadlineMs = 10_000;
/** Handles that the tests use. */
export const server = 1;
export const group = 1;

export const groupState = {
  active: true,
  updateRateMs: 100,
  timeBiasMinutes: 0,
  deadbandPercent: 0,
  locale: 0,
  keepAliveMs: 0,
} as const;

export const hex = (result: number) => `0x${(result >>> 0).toString(16).toUpperCase().padStart(8, "0")}`;

export const ramps = (count: number) => Array.from({ length: count }, (_, index) => `Ramp${index}`);

export async function until(isSo: () => boolean, withinMs = 10_000): Promise<void> {
  const endMs = Date.now() + withinMs;
  while (!isSo()) {
    assert.ok(Date.now() < endMs, "not reached in time");
    await delay(20);
  }
}

/** A simulator and a helper that has shaken hands, for one test. */
export class HelperSession {
  readonly simulator: JsonProcess;
  readonly helper: HelperProcess;
  readonly events: WireEvent[] = [];
  readonly #machine: WineMachine;

  private constructor(machine: WineMachine, simulator: JsonProcess, helper: HelperProcess) {
    this.#machine = machine;
    this.simulator = simulator;
    this.helper = helper;
    helper.onEvent = (event) => this.events.push(event);
  }

  static async start(machine: WineMachine): Promise<HelperSession> {
    const simulator = await startDaSimulator(machine, { items: 1000 });
    const command = helperCommand({ executable: nativeFile(nativeFiles.helper), winePrefix: machine.prefix });
    const starter = new HelperProcesses({ command: { ...command, environment: machine.environment } });
    return new HelperSession(machine, simulator, await starter.start(new AbortController().signal));
  }

  async end(): Promise<void> {
    this.helper.end();
    await Promise.all([this.helper.exited, this.simulator.kill()]);
    this.#machine.forgetKilledServers();
  }

  /** The answer's body; fails where there is none. */
  async ask<N extends RequestName>(name: N, body: RequestBody<N>): Promise<ResponseBody<N>> {
    const outcome = await this.helper.call(name, body, deadlineMs);
    if (!outcome.ok) assert.fail(`${name} failed with ${hex(outcome.result)}: ${outcome.detail}`);
    return outcome.body;
  }

  /** The HRESULT of a request that must fail. */
  async refusal<N extends RequestName>(name: N, body: RequestBody<N>): Promise<string> {
    const outcome = await this.helper.call(name, body, deadlineMs);
    assert.ok(!outcome.ok, `${name} succeeded`);
    return hex(outcome.result);
  }

  open(): Promise<ResponseBody<"openServer">> {
    const id = "Understudy.Simulator.1";
    return this.ask("openServer", { server, id, machine: "", classContext: 0, authentication: 0 });
  }

  /** Adds the group and items 1, 2, ... */
  async subscribe(itemIds: readonly string[]): Promise<ResponseBody<"addItems">> {
    await this.ask("addGroup", { server, group, name: "", ...groupState });
    const items = itemIds.map((itemId, index) => ({
      ...{ item: index + 1, active: true, requestedType: 0 },
      ...{ accessPath: "", itemId },
    }));
    return this.ask("addItems", { server, group, items });
  }

  eventsOf<N extends EventName>(name: N): EventBody<N>[] {
    return this.events.filter((event) => event.name === name).map((event) => event.body as EventBody<N>);
  }
}
