import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { disableHook, enableHook, type Hook } from "../../../src/opc/da/hook/hook.ts";
import { openRegistry, type ProgramRegistry } from "../../../src/opc/da/hook/hook-program.ts";
import { fileHookJournal } from "../../../src/opc/da/hook/journal.ts";
import { numberValue, textValue } from "../../../src/opc/da/hook/registry.ts";
import { isNativeBuilt, nativeFile, registerProxyStub, registerSimulator } from "../../native/programs.ts";
import { hasWine, WineMachine } from "../../native/wine.ts";

/** The ProgID that leads to the proxy. */
export const alias = "Plant";
export const progIds = Object.freeze({
  primary: "Understudy.Simulator.1",
  secondary: "Understudy.Simulator.2",
});
export const proxyExe = "understudy-da-proxy.exe";

const dll32 = nativeFile("understudy-da-proxy.dll", "x86");
const proxyFiles = ["understudy-hook.exe", "understudy-da-proxy.dll", proxyExe];
/** Wine shows the whole file system as drive Z. */
const windowsPath = (path: string) => `Z:${path.replaceAll("/", "\\")}`;

/** Why nothing can be measured here; null where it can. */
export function whyNoDaBench(): string | null {
  if (!hasWine()) return "needs wine (Debian package wine)";
  const isBuilt = isNativeBuilt() && proxyFiles.every((name) => existsSync(nativeFile(name)));
  return isBuilt ? null : "needs npm run build:native";
}

/** A Windows machine with two registered simulators and the proxy hooked in; thrown away at the end. */
export class Workshop {
  readonly machine: WineMachine;
  readonly directory: string;
  readonly #registry: ProgramRegistry;
  readonly #hook: Hook;

  private constructor(machine: WineMachine) {
    this.machine = machine;
    this.directory = mkdtempSync(join(tmpdir(), "understudy-bench-da-"));
    this.#registry = openRegistry({
      command: "wine",
      arguments: [nativeFile("understudy-hook.exe")],
      environment: machine.environment,
    });
    this.#hook = { registry: this.#registry, journal: fileHookJournal(this.directory) };
  }

  /** Takes 15 to 30 s. */
  static async open(): Promise<Workshop> {
    const machine = await WineMachine.create();
    const workshop = new Workshop(machine);
    try {
      await registerProxyStub(machine);
      for (const instance of [1, 2]) await registerSimulator(machine, { instance });
      await workshop.#enableHook();
      return workshop;
    } catch (error) {
      await workshop.close();
      throw error;
    }
  }

  /** Tells proxies that start from now on where the broker listens. */
  async tellBroker(endpoint: string, token: string): Promise<void> {
    const key = { view: 64, path: "SOFTWARE\\Understudy\\Broker" } as const;
    await this.#registry.apply({ kind: "put", ...key, name: "Endpoint", value: textValue(endpoint) });
    await this.#registry.apply({ kind: "put", ...key, name: "Token", value: textValue(token) });
    // There are no clients of 32 bit here, whether their DLL is built or not.
    await this.#registry.apply({ kind: "put", ...key, name: "LocalClientsInProcess", value: numberValue(2) });
  }

  async close(): Promise<void> {
    await disableHook(this.#hook, alias).catch(() => undefined);
    await this.#registry.close().catch(() => undefined);
    await this.machine.end();
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #enableHook(): Promise<void> {
    await enableHook(this.#hook, {
      name: alias,
      server: progIds.primary,
      machines: ["localhost", "localhost"],
      programs: {
        dll64: windowsPath(nativeFile("understudy-da-proxy.dll")),
        dll32: existsSync(dll32) ? windowsPath(dll32) : null,
        exe: windowsPath(nativeFile(proxyExe)),
      },
      // What is measured is the pair, never the original by accident.
      forbidOriginal: true,
      allowMinimalRegistration: false,
      knownClsid: null,
    });
  }
}
