import { runCli } from "../../src/cli/cli.ts";
import { processTerminal } from "../../src/cli/terminal.ts";
import { UnderstudyError } from "../../src/core/error.ts";
import type { Broker, BrokerOptions } from "../../src/opc/broker.ts";
import { adoptDeployment } from "../../src/project/deployment-mark.ts";
import {
  isPairEnabled,
  type MachineState,
  readMachineState,
  saveMachineState,
  withPairEnabled,
} from "../../src/project/machine-state.ts";
import { pairName } from "../../src/project/project.ts";
import { readProject } from "../../src/project/project-file.ts";
import { pairStatus } from "../control/helpers.ts";

// The command line with a broker that connects to nothing: for tests of what surrounds the broker.

const { TEST_START: testStart, TEST_STOP: testStop } = process.env;

class MemoryBroker implements Broker {
  readonly #options: BrokerOptions;
  #project: BrokerOptions["project"];
  #state: MachineState;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: BrokerOptions) {
    this.#options = options;
    this.#project = options.project;
    this.#state = options.machineState;
  }

  async start() {
    if (testStart === "fails") throw new UnderstudyError("LISTEN_FAILED", "The port is in use.");
    // As a listening broker, it keeps the process alive.
    this.#timer = setInterval(() => undefined, 60_000);
  }

  async stop() {
    if (testStop === "hangs") await new Promise(() => undefined);
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  async status() {
    return this.#project.pairs.map((pair) =>
      pairStatus(pairName(pair), { enabled: isPairEnabled(this.#state, pairName(pair)) }),
    );
  }

  async #toggle(name: string, enabled: boolean, reason: string) {
    const status = await this.#find(name);
    this.#state = withPairEnabled(this.#state, status.name, enabled);
    await saveMachineState(this.#options.stateDirectory, this.#state);
    this.#report({ kind: enabled ? "enabled" : "disabled", reason }, status.name);
    return { ...status, enabled };
  }

  async browse() {
    return [];
  }

  async findEndpoints() {
    return [];
  }

  async findServers() {
    return [];
  }

  async #find(name: string) {
    const found = (await this.status()).find((pair) => pair.name.toLowerCase() === name.toLowerCase());
    if (found === undefined) throw new UnderstudyError("PAIR_UNKNOWN", `There is no pair '${name}'.`);
    return found;
  }

  #report(record: Parameters<BrokerOptions["report"]>[0], pair: string) {
    this.#options.report(record, { pair, server: pair, machine: "plc-a", client: null });
  }

  enable(pair: string, reason: string) {
    return this.#toggle(pair, true, reason);
  }

  disable(pair: string, reason: string) {
    return this.#toggle(pair, false, reason);
  }

  async suspend(pair: string, reason: string) {
    this.#report({ kind: "suspended", reason }, pair);
    // A defect somewhere in the broker, at a moment nobody waits for it.
    if (reason === "defect") setTimeout(() => void Promise.reject(new TypeError("a defect")), 0);
    return this.#find(pair);
  }

  async resume(pair: string, reason: string) {
    this.#report({ kind: "resumed", reason }, pair);
    return this.#find(pair);
  }

  async approve(): Promise<never> {
    throw new UnderstudyError("SWITCH_REFUSED", "No switchover waits for approval.");
  }

  async switchover(...[pair, options]: Parameters<Broker["switchover"]>) {
    await this.#find(pair);
    const accepted = options.to !== "primary" || options.force;
    return {
      pair,
      from: "primary" as const,
      to: options.to ?? ("secondary" as const),
      accepted,
      dryRun: options.dryRun,
      explanation: [accepted ? "The secondary is connected and well." : "The primary is active already."],
    };
  }

  async reload() {
    const before = this.#project.pairs.map(pairName);
    this.#project = (await readProject(this.#options.projectFile)).project;
    const after = this.#project.pairs.map(pairName);
    await adoptDeployment(this.#options.stateDirectory);
    this.#state = await readMachineState(this.#options.stateDirectory);
    return {
      added: after.filter((name) => !before.includes(name)),
      removed: before.filter((name) => !after.includes(name)),
      changed: [],
      restarted: [],
    };
  }
}

process.exitCode = await runCli(process.argv.slice(2), processTerminal(), () =>
  Promise.resolve((options: BrokerOptions) => Promise.resolve(new MemoryBroker(options))),
);
