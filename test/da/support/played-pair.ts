import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ConnectionMode } from "../../../src/core/policy.ts";
import type { DiagnosticRecord } from "../../../src/diagnostics/event.ts";
import { systemClock } from "../../../src/opc/clock.ts";
import type { DaPair } from "../../../src/opc/da/da-pair.ts";
import { DaService } from "../../../src/opc/da/da-service.ts";
import type { Pair } from "../../../src/project/project.ts";
import { parseProject } from "../../../src/project/project-document.ts";
import { PlayedProxy } from "./played-proxy.ts";
import { PlayedServer } from "./played-server.ts";

export const token = "correct horse";

export function daPair(mode: ConnectionMode, more = ""): Pair {
  const text = `<?xml version="1.0" encoding="UTF-8"?>
<redundancymaster version="1"><pairs><pair><server>Plant.Server.1</server><alias>Plant</alias><protocol>opcda</protocol>
<primary><machine>a</machine></primary><secondary><machine>b</machine></secondary>
<connectionMode>${mode}</connectionMode><queryServerStatusInterval>100</queryServerStatusInterval>
<queryServerStatusTimeout>100</queryServerStatusTimeout>${more}</pair></pairs></redundancymaster>`;
  const { project } = parseProject(text, "plant.xml");
  const [pair] = project.pairs;
  if (!pair) throw new Error("no pair");
  return pair;
}

/** A DA pair at work on two played servers, its gateway listening on a free port. */
export class PlayedPair {
  readonly primary = new PlayedServer("primary");
  readonly secondary = new PlayedServer("secondary");
  readonly records: DiagnosticRecord[] = [];
  readonly service: DaService;
  readonly #proxies: PlayedProxy[] = [];
  readonly #directory: string;
  #pair: DaPair | null = null;

  private constructor(directory: string) {
    this.#directory = directory;
    this.service = new DaService({
      stateDirectory: directory,
      endpoint: "tcp:127.0.0.1:0",
      token,
      starter: (role) => (role === "primary" ? this.primary : this.secondary),
      report: (record) => this.records.push(record),
      clock: systemClock,
    });
  }

  /** Starts the pair and waits until a member is active (in warm and hot: until both are linked). */
  static async start(mode: ConnectionMode, more = ""): Promise<PlayedPair> {
    const played = new PlayedPair(await mkdtemp(join(tmpdir(), "understudy-da-")));
    played.#pair = await played.service.add(daPair(mode, more));
    played.pair.host.enable("test");
    await eventually(() => {
      const { active, members } = played.pair.host.status();
      return active !== null && (mode === "cold" || members.every(({ link }) => link === "up"));
    });
    return played;
  }

  get pair(): DaPair {
    if (!this.#pair) throw new Error("the pair is not started");
    return this.#pair;
  }

  get directory(): string {
    return this.#directory;
  }

  get port(): number {
    return Number(this.service.endpoint?.split(":").at(-1));
  }

  async client(target = "Plant"): Promise<PlayedProxy> {
    const proxy = await PlayedProxy.connect(this.port, token, target);
    this.#proxies.push(proxy);
    await proxy.open();
    return proxy;
  }

  /** Both servers get the same values at the same time, as equal servers do. */
  set(values: Readonly<Record<string, number>>, atMs: number): void {
    this.primary.set(values, atMs);
    this.secondary.set(values, atMs);
  }

  async stop(): Promise<void> {
    for (const proxy of this.#proxies) proxy.close();
    await this.service.stop("test over");
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** Waits for something that no event tells of. */
export async function eventually(holds: () => boolean, timeoutMs = 4000): Promise<void> {
  const untilMs = performance.now() + timeoutMs;
  while (!holds()) {
    if (performance.now() > untilMs) throw new Error(`not within ${timeoutMs} ms: ${holds.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
