import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ConnectionMode } from "../../src/core/policy.ts";
import { systemClock } from "../../src/opc/clock.ts";
import type { DaPair } from "../../src/opc/da/da-pair.ts";
import { DaService } from "../../src/opc/da/da-service.ts";
import { helperCommand } from "../../src/opc/da/helper/helper-command.ts";
import { HelperProcesses } from "../../src/opc/da/helper/helper-process.ts";
import { nativeFile, nativeFiles, startDaSimulator } from "../../tools/native/programs.ts";
import type { WineMachine } from "../../tools/native/wine.ts";
import { daPair, eventually, token } from "../da/support/played-pair.ts";
import { PlayedProxy } from "../da/support/played-proxy.ts";
import { describeNative } from "./support/machine.ts";

const itemCount = 100;
const periodMs = 100;
const progIds = { primary: "Understudy.Simulator.1", secondary: "Understudy.Simulator.2" };

/** Both simulators, the pair in front of them, and what is told of it. */
class Plant {
  readonly records: string[] = [];
  readonly service: DaService;
  readonly #machine: WineMachine;
  readonly #directory: string;
  #pair: DaPair | null = null;

  private constructor(machine: WineMachine, directory: string) {
    this.#machine = machine;
    this.#directory = directory;
    const executable = nativeFile(nativeFiles.helper);
    const command = helperCommand({ executable, winePrefix: machine.prefix });
    const starter = new HelperProcesses({ command });
    this.service = new DaService({
      stateDirectory: directory,
      endpoint: "tcp:127.0.0.1:0",
      token,
      starter: () => starter,
      report: (record) => this.records.push(JSON.stringify(record)),
      clock: systemClock,
    });
  }

  static async start(machine: WineMachine, mode: ConnectionMode): Promise<Plant> {
    await forgetServers(machine);
    await startDaSimulator(machine, { instance: 1, items: itemCount, periodMs });
    await startDaSimulator(machine, { instance: 2, items: itemCount, periodMs });
    const plant = new Plant(machine, await mkdtemp(join(tmpdir(), "understudy-da-")));
    const pair = daPair(mode, "<failover><connectTimeout>20000</connectTimeout></failover>");
    plant.#pair = await plant.service.add({
      ...pair,
      queryServerStatusTimeout: 300,
      primary: { ...pair.primary, endpointUrl: `opcda://localhost/${progIds.primary}` },
      secondary: { ...pair.secondary, endpointUrl: `opcda://localhost/${progIds.secondary}` },
    });
    plant.pair.host.enable("test");
    await eventually(() => plant.#isReady(mode), 30_000).catch((error: Error) => {
      throw new Error(`${error.message}\n${plant.records.join("\n")}`);
    });
    return plant;
  }

  #isReady(mode: ConnectionMode): boolean {
    const { active, members } = this.pair.host.status();
    return active === "primary" && (mode === "cold" || members.every(({ link }) => link === "up"));
  }

  get pair(): DaPair {
    if (!this.#pair) throw new Error("the pair is not started");
    return this.#pair;
  }

  async client(): Promise<PlayedProxy> {
    const proxy = await PlayedProxy.connect(Number(this.service.endpoint?.split(":").at(-1)), token, "Plant");
    await proxy.expect("openServer", { server: 1, id: "", machine: "", classContext: 0, authentication: 0 });
    return proxy;
  }

  simulator(instance: number): number {
    const [pid] = this.#machine.pidsOf(`--instance ${instance}`).filter((each) => each !== process.pid);
    if (pid === undefined) throw new Error(`simulator ${instance} does not run`);
    return pid;
  }

  async stop(): Promise<void> {
    await this.service.stop("test over");
    for (const pid of this.#machine.pidsOf("--instance")) process.kill(pid, "SIGKILL");
    await forgetServers(this.#machine);
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** A server must not start while the service that it registers with still ends. */
async function forgetServers(machine: WineMachine): Promise<void> {
  machine.forgetKilledServers();
  await eventually(() => machine.pidsOf("rpcss.exe").length === 0, 10_000);
}

/** Samples of each item by the period they belong to, and the longest time between two messages. */
class Meter {
  readonly #seen = new Map<number, number[]>();
  #lastMs = performance.now();
  longestSilenceMs = 0;
  bad = 0;

  constructor(client: PlayedProxy) {
    client.onChange = ({ items, timestamps, qualities }) => {
      const nowMs = performance.now();
      this.longestSilenceMs = Math.max(this.longestSilenceMs, nowMs - this.#lastMs);
      this.#lastMs = nowMs;
      items.forEach((item, index) => {
        if ((qualities[index] ?? 0) < 0xc0) this.bad += 1;
        const tick = Number((timestamps[index] ?? 0n) / BigInt(periodMs * 10_000));
        const ticks = this.#seen.get(item);
        if (ticks) ticks.push(tick);
        else this.#seen.set(item, [tick]);
      });
    };
  }

  /** Values missing and values given twice, of all items. */
  count(): { readonly values: number; readonly lost: number; readonly duplicated: number } {
    let values = 0;
    let lost = 0;
    let duplicated = 0;
    for (const ticks of this.#seen.values()) {
      values += ticks.length;
      const distinct = new Set(ticks);
      duplicated += ticks.length - distinct.size;
      lost += Math.max(...ticks) - Math.min(...ticks) + 1 - distinct.size;
    }
    return { values, lost, duplicated };
  }
}

describeNative("A pair of OPC DA servers behind COM", (machine) => {
  let plant: Plant | null = null;
  let client: PlayedProxy | null = null;

  afterEach(async function () {
    this.timeout(30_000);
    client?.close();
    client = null;
    await plant?.stop();
    plant = null;
  });

  for (const mode of ["cold", "warm", "hot"] as const) {
    for (const fault of ["SIGKILL", "SIGSTOP"] as const) {
      it(`goes on serving its clients when the active server gets ${fault}, ${mode}`, async function () {
        this.timeout(90_000);
        plant = await Plant.start(machine(), mode);
        const { pair } = plant;
        client = await plant.client();
        await client.addGroup(1);
        const itemIds = Object.fromEntries(
          Array.from({ length: itemCount }, (_, index) => [index + 1, `Ramp${index}`]),
        );
        const { errors } = await client.addItems(1, itemIds);
        assert.ok(
          errors.every((error) => error === 0),
          String([...errors].slice(0, 3)),
        );
        await client.until((received) => received.length >= 5 * itemCount, 10_000);
        const meter = new Meter(client);
        await client.until((received) => received.length >= 10 * itemCount, 10_000);
        const pid = plant.simulator(1);
        process.kill(pid, fault);
        await eventually(() => pair.host.status().active === "secondary", 20_000);
        const before = client.received.length;
        await client.until((received) => received.length >= before + 10 * itemCount, 20_000);
        const counted = meter.count();
        const silence = Math.round(meter.longestSilenceMs);
        console.log(`      ${fault}, ${mode}: longest silence ${silence} ms, ${JSON.stringify(counted)}`);
        assert.equal(meter.bad, 0);
        assert.equal(counted.duplicated, 0);
        if (mode === "hot") assert.equal(counted.lost, 0);
        assert.ok(client.isOpen);
      });
    }
  }
});
