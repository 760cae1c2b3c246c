import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ConnectionMode } from "../../../src/core/policy.ts";
import type { DiagnosticRecord } from "../../../src/diagnostics/event.ts";
import { systemClock } from "../../../src/opc/clock.ts";
import type { DaPair } from "../../../src/opc/da/da-pair.ts";
import { DaService } from "../../../src/opc/da/da-service.ts";
import { helperCommand } from "../../../src/opc/da/helper/helper-command.ts";
import { HelperProcesses } from "../../../src/opc/da/helper/helper-process.ts";
import { disableHook, enableHook, type Hook } from "../../../src/opc/da/hook/hook.ts";
import { openRegistry, type ProgramRegistry } from "../../../src/opc/da/hook/hook-program.ts";
import { fileHookJournal } from "../../../src/opc/da/hook/journal.ts";
import { brokerSteps } from "../../../src/opc/da/hook/tell-proxies.ts";
import type { JsonObject, JsonProcess } from "../../../tools/native/json-process.ts";
import {
  nativeFile,
  nativeFiles,
  registerSimulator,
  startDaSimulator,
  startTestClient,
} from "../../../tools/native/programs.ts";
import type { WineMachine } from "../../../tools/native/wine.ts";
import { daPair, eventually, token } from "../../da/support/played-pair.ts";

export const itemCount = 20;
export const periodMs = 100;
/** Nothing here depends on being fast. */
const patienceMs = 60_000;

export interface HookedPair {
  readonly name: string;
  readonly pair: DaPair;
  readonly primary: JsonProcess;
  readonly secondary: JsonProcess;
}

const windowsPath = (path: string) => `Z:${path.replaceAll("/", "\\")}`;
const progIdOf = (instance: number) => `Understudy.Simulator.${instance}`;

/** A broker whose pairs of simulators are ProgIDs of the machine, and clients that connect to them through COM. */
export class HookedPairs {
  /** What was reported of each pair. */
  readonly records: { readonly pair: string | null; readonly record: DiagnosticRecord }[] = [];
  readonly #machine: WineMachine;
  readonly #directory: string;
  readonly #registry: ProgramRegistry;
  readonly #hook: Hook;
  readonly #service: DaService;
  readonly #processes: JsonProcess[] = [];
  readonly #names: string[] = [];

  private constructor(machine: WineMachine, directory: string) {
    this.#machine = machine;
    this.#directory = directory;
    this.#registry = openRegistry({
      command: "wine",
      arguments: [nativeFile("understudy-hook.exe")],
      environment: machine.environment,
    });
    this.#hook = { registry: this.#registry, journal: fileHookJournal(directory) };
    const starter = new HelperProcesses({
      command: helperCommand({ executable: nativeFile(nativeFiles.helper), winePrefix: machine.prefix }),
    });
    this.#service = new DaService({
      stateDirectory: directory,
      endpoint: "tcp:127.0.0.1:0",
      token,
      starter: () => starter,
      tellProxies: async (place) => {
        for (const step of brokerSteps(place)) await this.#registry.apply(step);
      },
      report: (record, { pair }) => this.records.push({ pair, record }),
      clock: systemClock,
    });
  }

  static async create(machine: WineMachine): Promise<HookedPairs> {
    machine.forgetKilledServers();
    await eventually(() => machine.pidsOf("rpcss.exe").length === 0, patienceMs);
    return new HookedPairs(machine, await mkdtemp(join(tmpdir(), "understudy-pairs-")));
  }

  /** Starts the simulators of these instances, and a pair in front of them that clients find by its name. */
  async add(mode: ConnectionMode, instances: readonly [number, number]): Promise<HookedPair> {
    const [first, second] = instances;
    for (const instance of instances) {
      if (instance > 2) await registerSimulator(this.#machine, { instance, items: itemCount, periodMs });
    }
    const primary = await this.#simulator(first);
    const secondary = await this.#simulator(second);
    const name = `Plant.${mode}`;
    await this.#lead(name, progIdOf(first));
    const settings = daPair(mode, "<failover><connectTimeout>30000</connectTimeout></failover>");
    const pair = await this.#service.add({
      ...settings,
      alias: name,
      queryServerStatusInterval: 200,
      // a machine under load may let a well server wait
      queryServerStatusTimeout: 3000,
      primary: { ...settings.primary, endpointUrl: `opcda://localhost/${progIdOf(first)}` },
      secondary: { ...settings.secondary, endpointUrl: `opcda://localhost/${progIdOf(second)}` },
    });
    pair.host.enable("test");
    await eventually(() => {
      const { active, members } = pair.host.status();
      return active === "primary" && (mode === "cold" || members.every(({ link }) => link === "up"));
    }, patienceMs);
    return { name, pair, primary, secondary };
  }

  /** A client that has asked COM for a name in a context, with one group of all Ramps. */
  async client(name: string, context: "inproc" | "local"): Promise<JsonProcess> {
    const client = await startTestClient(this.#machine);
    this.#processes.push(client);
    await expectOk(client, { command: "connect", progId: name, context });
    await expectOk(client, { command: "subscribe", items: itemCount, rateMs: periodMs, periodMs });
    return client;
  }

  async stop(): Promise<void> {
    const clients = this.#processes.map((each) => each.kill());
    await this.#service.stop("test over");
    await Promise.all(clients);
    for (const name of this.#names) await disableHook(this.#hook, name);
    await this.#registry.close();
    for (const program of ["understudy-da-proxy.exe", nativeFiles.simulator]) {
      for (const pid of this.#machine.pidsOf(program)) endQuietly(pid);
    }
    this.#machine.forgetKilledServers();
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #simulator(instance: number): Promise<JsonProcess> {
    const simulator = await startDaSimulator(this.#machine, { instance, items: itemCount, periodMs });
    this.#processes.push(simulator);
    return simulator;
  }

  async #lead(name: string, server: string): Promise<void> {
    this.#names.push(name);
    await enableHook(this.#hook, {
      name,
      server,
      machines: ["localhost", "localhost"],
      programs: {
        dll64: windowsPath(nativeFile("understudy-da-proxy.dll")),
        dll32: null,
        exe: windowsPath(nativeFile("understudy-da-proxy.exe")),
      },
      // a client that got the original would pass for one with redundancy
      forbidOriginal: true,
      allowMinimalRegistration: false,
      knownClsid: null,
    });
  }
}

function endQuietly(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone already.
  }
}

async function expectOk(client: JsonProcess, command: JsonObject): Promise<void> {
  const answer = await client.command(command, patienceMs);
  if (answer["result"] !== "0x00000000")
    throw new Error(`${JSON.stringify(command)}: ${JSON.stringify(answer)}`);
}

export function statsOf(client: JsonProcess): Promise<JsonObject> {
  return client.command({ command: "stats" }, patienceMs);
}

/** The counts of a client once it was given so many values more than `after`, the last of them good. */
export async function valuesBeyond(client: JsonProcess, after: number, more: number): Promise<JsonObject> {
  const endMs = Date.now() + patienceMs;
  for (;;) {
    const stats = await statsOf(client);
    if (Number(stats["values"]) >= after + more && stats["lastQuality"] === 192) return stats;
    if (Date.now() > endMs) throw new Error(`not ${more} values beyond ${after}: ${JSON.stringify(stats)}`);
    await delay(50);
  }
}
