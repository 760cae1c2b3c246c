import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { JsonProcess } from "./json-process.ts";
import type { Architecture } from "./toolchain.ts";
import type { WineMachine } from "./wine.ts";

/** The repository: this file runs as dist/tools/native/programs.js. */
const root = process.env["UNDERSTUDY_ROOT"] ?? fileURLToPath(new URL("../../../", import.meta.url));

/** A program or library that `npm run build:native` made. */
export function nativeFile(name: string, architecture: Architecture = "x64"): string {
  return join(root, "dist/native", architecture, name);
}

export const nativeFiles = Object.freeze({
  helper: "understudy-da-helper.exe",
  simulator: "understudy-da-simulator.exe",
  testClient: "understudy-da-testclient.exe",
  proxyStub: "understudy-opc-proxystub.dll",
});

export function isNativeBuilt(): boolean {
  return Object.values(nativeFiles).every((name) => existsSync(nativeFile(name)));
}

/** Without this no OPC interface crosses a process border. */
export async function registerProxyStub(machine: WineMachine): Promise<void> {
  await machine.run("regsvr32", "/s", nativeFile(nativeFiles.proxyStub));
}

export interface DaSimulatorOptions {
  /** 1 to 9: ProgID `Understudy.Simulator.<instance>`. */
  readonly instance?: number;
  readonly items?: number;
  readonly periodMs?: number;
}

function argumentsOf({ instance = 1, items = 100, periodMs = 100 }: DaSimulatorOptions): string[] {
  return ["--instance", String(instance), "--items", String(items), "--period", String(periodMs)];
}

/** Writes the registry entries, so that COM can start it with these options. */
export async function registerSimulator(
  machine: WineMachine,
  options: DaSimulatorOptions = {},
): Promise<void> {
  await machine.run(nativeFile(nativeFiles.simulator), "--register", ...argumentsOf(options));
}

/** An OPC DA simulator that runs and takes commands; resolves when clients can connect. */
export async function startDaSimulator(
  machine: WineMachine,
  options: DaSimulatorOptions = {},
): Promise<JsonProcess> {
  const simulator = new JsonProcess(
    machine.start(nativeFile(nativeFiles.simulator), ...argumentsOf(options)),
  );
  await simulator.event("ready");
  return simulator;
}

/** The DA test client; `sta` = in a single-threaded apartment. */
export async function startTestClient(
  machine: WineMachine,
  options: { readonly sta?: boolean; readonly architecture?: Architecture } = {},
): Promise<JsonProcess> {
  const client = new JsonProcess(
    machine.start(
      nativeFile(nativeFiles.testClient, options.architecture),
      ...(options.sta ? ["--sta"] : []),
    ),
  );
  await client.event("ready");
  return client;
}
