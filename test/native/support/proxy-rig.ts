import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { disableHook, enableHook, type Hook } from "../../../src/opc/da/hook/hook.ts";
import { openRegistry, type ProgramRegistry } from "../../../src/opc/da/hook/hook-program.ts";
import { fileHookJournal } from "../../../src/opc/da/hook/journal.ts";
import type { HookRequest } from "../../../src/opc/da/hook/plan.ts";
import { numberValue, type RegistryValue, textValue } from "../../../src/opc/da/hook/registry.ts";
import type { JsonObject, JsonProcess } from "../../../tools/native/json-process.ts";
import { nativeFile, startTestClient } from "../../../tools/native/programs.ts";
import type { WineMachine } from "../../../tools/native/wine.ts";
import { FakeBroker } from "../fake-broker.ts";
import { describeNative } from "./machine.ts";

export const ok = "0x00000000";
export const failed = "0x80004005";
/** The ProgID that leads to the proxy; a simulator is the original under it. */
export const name = "Understudy.Simulator.1";
export const proxyExe = "understudy-da-proxy.exe";
const brokerKey = { view: 64, path: "SOFTWARE\\Understudy\\Broker" } as const;

/** Where a program of this machine is for a program under Wine. */
const windowsPath = (path: string) => `Z:${path.replaceAll("/", "\\")}`;
const dll32 = nativeFile("understudy-da-proxy.dll", "x86");

/**
 * How a client comes to the proxy: `inproc` and `all` are contexts it asks for and find the DLL, `local` asks for a
 * local server and gets the object into its own process by way of the EXE, `exe` does and is served by the EXE.
 */
export type Way = "inproc" | "all" | "local" | "exe";
export const ways = Object.freeze(["inproc", "local", "exe", "all"] as const);

/** Values of LocalClientsInProcess. */
export const localClients = Object.freeze({
  inExe: 0,
  inClient: 1,
  inClientOf64Bit: 2,
});
/** Where there is no DLL for 32-bit clients, the proxy has to be told that there are none of these. */
const localClientsHere = existsSync(dll32) ? localClients.inClient : localClients.inClientOf64Bit;

export async function until(isRight: () => boolean, withinMs = 15_000): Promise<void> {
  const endMs = Date.now() + withinMs;
  while (!isRight()) {
    if (Date.now() > endMs) assert.fail("not reached");
    await delay(20);
  }
}

/** The client's numbers once they are right. */
export async function eventually(
  client: JsonProcess,
  isRight: (stats: JsonObject) => boolean,
  withinMs = 15_000,
): Promise<JsonObject> {
  const endMs = Date.now() + withinMs;
  for (;;) {
    const stats = await client.command({ command: "stats" });
    if (isRight(stats)) return stats;
    if (Date.now() > endMs) assert.fail(`not reached: ${JSON.stringify(stats)}`);
    await delay(50);
  }
}

export const values = (stats: JsonObject) => Number(stats["values"]);

/** A Windows machine on which the ProgID leads to the proxy, a played broker and a client; anew for each test. */
export class ProxyRig {
  readonly machine: () => WineMachine;
  #parts: { directory: string; registry: ProgramRegistry; hook: Hook } | null = null;
  #current: { broker: FakeBroker; client: JsonProcess } | null = null;

  constructor(machine: () => WineMachine) {
    this.machine = machine;
  }

  get hook(): Hook {
    assert.ok(this.#parts);
    return this.#parts.hook;
  }
  get registry(): ProgramRegistry {
    return this.hook.registry as ProgramRegistry;
  }
  get broker(): FakeBroker {
    assert.ok(this.#current);
    return this.#current.broker;
  }
  get client(): JsonProcess {
    assert.ok(this.#current);
    return this.#current.client;
  }

  request(changes: Partial<HookRequest> = {}): HookRequest {
    return {
      name,
      server: name,
      machines: ["localhost", "standby"],
      programs: {
        dll64: windowsPath(nativeFile("understudy-da-proxy.dll")),
        dll32: existsSync(dll32) ? windowsPath(dll32) : null,
        exe: windowsPath(nativeFile(proxyExe)),
      },
      forbidOriginal: false,
      allowMinimalRegistration: false,
      knownClsid: null,
      ...changes,
    };
  }

  put(valueName: string, value: RegistryValue): Promise<void> {
    return this.registry.apply({ kind: "put", ...brokerKey, name: valueName, value });
  }

  async setBroker(connectTimeoutMs: number): Promise<void> {
    await this.put("Endpoint", textValue(this.broker.endpoint));
    await this.put("Token", textValue(this.broker.token));
    await this.put("ConnectTimeoutMs", numberValue(connectTimeoutMs));
    await this.put("CallDeadlineMs", numberValue(1500));
    await this.put("LocalClientsInProcess", numberValue(localClientsHere));
  }

  /** Connects the client to the proxy. */
  async connect(way: Way, client = this.client): Promise<JsonObject> {
    if (way === "exe") await this.put("LocalClientsInProcess", numberValue(localClients.inExe));
    const context = way === "exe" ? "local" : way;
    const answer = await client.command({ command: "connect", progId: name, context });
    assert.equal(answer["result"], ok);
    return answer;
  }

  async vendor(): Promise<unknown> {
    return (await this.client.command({ command: "status" }))["vendor"];
  }

  exes(): number[] {
    return this.machine().pidsOf(proxyExe);
  }

  async open(): Promise<void> {
    const directory = await mkdtemp(join(tmpdir(), "understudy-proxy-"));
    const registry = openRegistry({
      command: "wine",
      arguments: [nativeFile("understudy-hook.exe")],
      environment: this.machine().environment,
    });
    this.#parts = { directory, registry, hook: { registry, journal: fileHookJournal(directory) } };
    await enableHook(this.hook, this.request());
  }

  async close(): Promise<void> {
    await disableHook(this.hook, name);
    await this.registry.close();
    await rm(this.#parts?.directory ?? "", { recursive: true, force: true });
  }

  async begin(): Promise<void> {
    const broker = new FakeBroker();
    broker.target = name;
    await broker.start();
    this.#current = { broker, client: await startTestClient(this.machine()) };
    await this.setBroker(2000);
  }

  async end(): Promise<void> {
    await this.client.kill();
    await this.broker.stop();
    for (const program of [proxyExe, "understudy-da-simulator.exe"]) {
      for (const pid of this.machine().pidsOf(program)) {
        try {
          process.kill(pid, "SIGKILL");
        } catch {
          // It has just ended by itself.
        }
      }
    }
    this.machine().forgetKilledServers();
  }
}

/** A suite of the proxy with a played broker. */
export function describeProxy(title: string, tests: (rig: ProxyRig) => void): void {
  describeNative(title, (machine) => {
    const rig = new ProxyRig(machine);
    before(() => rig.open());
    after(() => rig.close());
    beforeEach(() => rig.begin());
    afterEach(() => rig.end());
    tests(rig);
  });
}
