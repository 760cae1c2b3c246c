import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Role } from "../../../src/core/role.ts";
import { systemClock } from "../../../src/opc/clock.ts";
import type { DaPair } from "../../../src/opc/da/da-pair.ts";
import { DaService } from "../../../src/opc/da/da-service.ts";
import { helperCommand } from "../../../src/opc/da/helper/helper-command.ts";
import { type HelperProcess, HelperProcesses } from "../../../src/opc/da/helper/helper-process.ts";
import type { Pair } from "../../../src/project/project.ts";
import { parseProject } from "../../../src/project/project-document.ts";
import type { JsonObject, JsonProcess } from "../../native/json-process.ts";
import { nativeFile, nativeFiles, startDaSimulator, startTestClient } from "../../native/programs.ts";
import type { DaPath, DaSettings } from "./settings.ts";
import { alias, progIds, proxyExe, type Workshop } from "./workshop.ts";

const readyTimeoutMs = 40_000;

/** A hot pair of two simulators and the broker's DA side in front of them; this process is the broker. */
export class Plant {
  readonly pair: DaPair;
  /** All helpers that were started, in order. */
  readonly helpers: readonly {
    readonly role: Role;
    readonly process: HelperProcess;
    readonly atMs: number;
  }[];
  readonly #workshop: Workshop;
  readonly #settings: DaSettings;
  readonly #simulators: Readonly<Record<Role, JsonProcess>>;
  readonly #service: DaService;
  readonly #clients: JsonProcess[] = [];

  private constructor(
    workshop: Workshop,
    settings: DaSettings,
    simulators: Readonly<Record<Role, JsonProcess>>,
    broker: Pick<Plant, "pair" | "helpers"> & { readonly service: DaService },
  ) {
    this.#workshop = workshop;
    this.#settings = settings;
    this.#simulators = simulators;
    this.pair = broker.pair;
    this.helpers = broker.helpers;
    this.#service = broker.service;
  }

  static async start(workshop: Workshop, settings: DaSettings, items: number): Promise<Plant> {
    const { machine } = workshop;
    machine.forgetKilledServers();
    const options = { items, periodMs: settings.rateMs };
    const simulators = {
      primary: await startDaSimulator(machine, { ...options, instance: 1 }),
      secondary: await startDaSimulator(machine, { ...options, instance: 2 }),
    };
    const helpers: { role: Role; process: HelperProcess; atMs: number }[] = [];
    const command = helperCommand({
      executable: nativeFile(nativeFiles.helper),
      winePrefix: machine.prefix,
    });
    const processes = new HelperProcesses({ command: { ...command, environment: machine.environment } });
    const token = randomBytes(16).toString("hex");
    const service = new DaService({
      stateDirectory: workshop.directory,
      endpoint: "tcp:127.0.0.1:0",
      token,
      starter: (role) => ({
        start: async (signal) => {
          const process = await processes.start(signal);
          helpers.push({ role, process, atMs: performance.now() });
          return process;
        },
      }),
      report: () => undefined,
      clock: systemClock,
    });
    const pair = await service.add(pairOf(settings));
    const plant = new Plant(workshop, settings, simulators, { pair, helpers, service });
    try {
      pair.host.enable("bench");
      await plant.until("both members to be linked", () => {
        const { active, members } = pair.host.status();
        return active === "primary" && members.every(({ link }) => link === "up");
      });
      await workshop.tellBroker(service.endpoint ?? "", token);
      return plant;
    } catch (error) {
      await plant.stop();
      throw error;
    }
  }

  pidOf(role: Role): number {
    return this.#simulators[role].pid;
  }

  /** Pid of the process that has the proxy in it; null where there is none. */
  proxyPid(path: DaPath, client: JsonProcess): number | null {
    // By way of the EXE the object comes into the client's process, too.
    return path === "direct" ? null : client.pid;
  }

  /** A client that has connected by this path. */
  async connect(path: DaPath): Promise<JsonProcess> {
    const client = await startTestClient(this.#workshop.machine);
    this.#clients.push(client);
    const progId = path === "direct" ? progIds.primary : alias;
    await told(client, { command: "connect", progId, context: path === "dll" ? "inproc" : "local" });
    return client;
  }

  /** Adds a group with so many items; `via` none = without a data callback. */
  async subscribe(client: JsonProcess, items: number, via: "da2" | "none"): Promise<void> {
    const { rateMs } = this.#settings;
    const answer = await told(client, { command: "subscribe", items, rateMs, periodMs: rateMs, via });
    if (answer["added"] !== items) throw new Error(`only ${answer["added"]} of ${items} items were added`);
  }

  /** Resolves once the client gets values of all items at the full rate and in good quality. */
  async flowing(client: JsonProcess, items: number): Promise<void> {
    await this.until("values to flow", async () => {
      const stats = await told(client, { command: "stats" });
      return Number(stats["values"]) >= 5 * items && stats["lastQuality"] === 192;
    });
  }

  /** Disconnects as a client should and ends its process. */
  async leave(client: JsonProcess): Promise<void> {
    await client.command({ command: "disconnect" }, 10_000).catch(() => undefined);
    await client.stop();
  }

  async until(what: string, isSo: () => boolean | Promise<boolean>, stepMs = 50): Promise<void> {
    const endMs = performance.now() + readyTimeoutMs;
    while (!(await isSo())) {
      if (performance.now() > endMs) throw new Error(`waited ${readyTimeoutMs} ms in vain for ${what}`);
      await delay(stepMs);
    }
  }

  /** Ends every process of it, by its pid. */
  async stop(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.kill()));
    await this.#service.stop("the bench is over");
    await Promise.all([this.#simulators.primary.kill(), this.#simulators.secondary.kill()]);
    for (const pid of this.#workshop.machine.pidsOf(proxyExe)) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended with its last client.
      }
    }
    this.#workshop.machine.forgetKilledServers();
  }
}

/** The answer. @throws where its HRESULT is not S_OK. */
export async function told(client: JsonProcess, command: JsonObject): Promise<JsonObject> {
  const answer = await client.command(command);
  if (answer["result"] === "0x00000000") return answer;
  throw new Error(`${command["command"]} gave ${answer["result"]}`);
}

function pairOf({ queryIntervalMs, queryTimeoutMs }: DaSettings): Pair {
  const { project } = parseProject(
    `<?xml version="1.0" encoding="UTF-8"?>
<redundancymaster version="2"><pairs><pair>
<server>${progIds.primary}</server><alias>${alias}</alias><protocol>opcda</protocol>
<primary><machine>localhost</machine></primary><secondary><machine>localhost2</machine></secondary>
<connectionMode>hot</connectionMode>
<queryServerStatusInterval>${queryIntervalMs}</queryServerStatusInterval>
<queryServerStatusTimeout>${queryTimeoutMs}</queryServerStatusTimeout>
<failover><connectTimeout>20000</connectTimeout></failover>
</pair></pairs></redundancymaster>`,
    "bench.xml",
  );
  const [pair] = project.pairs;
  if (!pair) throw new Error("the bench's project has no pair");
  // Two servers of one machine, told apart by their ProgIDs: a project has no need of that.
  return {
    ...pair,
    primary: { ...pair.primary, endpointUrl: `opcda://localhost/${progIds.primary}` },
    secondary: { ...pair.secondary, endpointUrl: `opcda://localhost/${progIds.secondary}` },
  };
}
