import { setTimeout as delay } from "node:timers/promises";
import { type Role, roles } from "../../src/core/role.ts";
import { SimulatorProcess } from "../simulator/process.ts";
import { type Hang, hang } from "./hang.ts";

const restartAfterMs = 2000;

export type Ports = Readonly<Record<Role, number>>;

/** The two simulated servers, each in a process of its own, and everything that can be done to them. */
export class Plant {
  readonly #ports: Ports;
  readonly #servers: Record<Role, SimulatorProcess>;
  #hang: Hang | null = null;
  #isStopping = false;
  #onRestart: ((role: Role, pid: number) => void) | null = null;

  private constructor(ports: Ports, servers: Record<Role, SimulatorProcess>) {
    this.#ports = ports;
    this.#servers = servers;
  }

  static async start(ports: Ports): Promise<Plant> {
    const started = await Promise.allSettled(roles.map((role) => startServer(role, ports)));
    const [primary, secondary] = started.map((each) => (each.status === "fulfilled" ? each.value : null));
    if (primary && secondary) return new Plant(ports, { primary, secondary });
    await Promise.all([primary?.stop(), secondary?.stop()]);
    throw (
      started.find((each) => each.status === "rejected")?.reason ?? new Error("the simulators did not start")
    );
  }

  pid(role: Role): number {
    return this.#servers[role].pid;
  }

  async kill(role: Role): Promise<void> {
    await this.#servers[role].kill();
  }

  async restart(role: Role): Promise<void> {
    this.#servers[role] = await startServer(role, this.#ports);
    if (this.#isStopping) await this.#servers[role].stop();
    else if (this.#onRestart) this.#keep(role);
  }

  async hang(role: Role): Promise<void> {
    this.#hang = await hang(this.#servers[role]);
  }

  async release(): Promise<void> {
    await this.#hang?.release();
    this.#hang = null;
  }

  async setQuality(role: Role, good: boolean): Promise<void> {
    await this.#servers[role].control({ command: "quality", item: "*", good });
  }

  async freezeWatchdog(role: Role, frozen: boolean): Promise<void> {
    await this.#servers[role].control({ command: "freezeWatchdog", frozen });
  }

  /** Announces the shutdown, as a server does that is stopped in good order, and ends `afterMs` later. */
  async shutDown(role: Role, afterMs: number): Promise<void> {
    await this.#servers[role].control({ command: "shutdown", afterMs, reason: "maintenance" });
  }

  /** Resolves when the server's process has ended. */
  async ended(role: Role): Promise<void> {
    await this.#servers[role].exited;
  }

  /** From now on a server that has ended is started again after two seconds. */
  keepRunning(onRestart: (role: Role, pid: number) => void): void {
    this.#onRestart = onRestart;
    for (const role of roles) this.#keep(role);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.release();
    await Promise.all(roles.map((role) => this.#servers[role].stop()));
  }

  #keep(role: Role): void {
    const again = async () => {
      await this.#servers[role].exited;
      if (this.#isStopping) return;
      await delay(restartAfterMs);
      if (this.#isStopping) return;
      await this.restart(role);
      this.#onRestart?.(role, this.pid(role));
    };
    // One that cannot be started, because its port is taken now, stays away.
    again().catch(() => undefined);
  }
}

function startServer(role: Role, ports: Ports): Promise<SimulatorProcess> {
  return SimulatorProcess.start({ name: role, port: ports[role], items: 100 });
}
