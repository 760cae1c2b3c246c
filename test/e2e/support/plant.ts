import { type Role, roles } from "../../../src/core/role.ts";
import { freePort } from "../../../tools/bench/free-port.ts";
import { SimulatorProcess, type SimulatorProcessOptions } from "../../../tools/simulator/process.ts";
import { BrokerProcess } from "./broker-process.ts";
import { Clients, type ConnectedClient, type ConnectOptions } from "./clients.ts";
import { type Places, projectText, type Settings } from "./project-text.ts";
import { Watcher, type WatchOptions } from "./watcher.ts";

export interface PlantOptions {
  readonly simulator?: SimulatorProcessOptions;
  readonly pairs: (places: Places) => readonly Settings[];
  readonly opcUa?: Settings;
  /** Variables that hold the secrets of the project. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Two simulators that share a clock, a broker before them, and the clients of the broker. */
export class Plant {
  readonly broker: BrokerProcess;
  readonly clients: Clients;
  readonly port: number;
  readonly members: Record<Role, SimulatorProcess>;
  readonly #options: PlantOptions;

  private constructor(
    options: PlantOptions,
    members: Record<Role, SimulatorProcess>,
    broker: BrokerProcess,
    clients: Clients,
    port: number,
  ) {
    this.#options = options;
    this.members = members;
    this.broker = broker;
    this.clients = clients;
    this.port = port;
  }

  static async start(options: PlantOptions): Promise<Plant> {
    const clients = Clients.create();
    const [primary, secondary] = await Promise.all(
      roles.map((name) => SimulatorProcess.start({ ...options.simulator, name })),
    );
    if (!primary || !secondary) throw new Error("the simulators did not start");
    const members = { primary, secondary };
    try {
      const port = await freePort();
      const project = projectText(port, options.pairs(members), options.opcUa);
      const broker = await BrokerProcess.start(project, { environment: options.environment ?? {} });
      return new Plant(options, members, broker, await clients, port);
    } catch (error) {
      await Promise.all([primary.stop(), secondary.stop()]);
      await (await clients).end();
      throw error;
    }
  }

  /** The text of the project with other pairs or front settings. */
  projectText(pairs: readonly Settings[], opcUa: Settings = this.#options.opcUa ?? {}): string {
    return projectText(this.port, pairs, opcUa);
  }

  url(pair: string): string {
    return `opc.tcp://127.0.0.1:${this.port}/${pair}`;
  }

  connect(pair: string, options: ConnectOptions = {}): Promise<ConnectedClient> {
    return this.clients.connect(this.url(pair), options);
  }

  /** Connects a client to a pair and lets it watch items. */
  async watch(
    pair: string,
    names: readonly string[],
    options: WatchOptions & ConnectOptions = {},
  ): Promise<{ readonly client: ConnectedClient; readonly watcher: Watcher }> {
    const client = await this.connect(pair, options);
    return { client, watcher: await Watcher.create(client.session, names, options) };
  }

  /** A session on a member itself, past the broker. */
  direct(role: Role): Promise<ConnectedClient> {
    return this.clients.connect(this.members[role].endpointUrl);
  }

  /** Starts a member that has ended again on its port, and takes back whatever was done to the others. */
  async revive(): Promise<void> {
    await Promise.all(
      roles.map(async (role) => {
        const former = this.members[role];
        former.thaw();
        if (former.isRunning) await former.control({ command: "reset" });
        else {
          this.members[role] = await SimulatorProcess.start({
            ...this.#options.simulator,
            name: role,
            port: former.port,
          });
        }
      }),
    );
  }

  /** All members well and the primary active, by an operator's hand where the pair would not go back by itself. */
  async settle(pair: string): Promise<void> {
    const bothUp = (status: Awaited<ReturnType<BrokerProcess["status"]>>): boolean =>
      status.active !== null &&
      status.members.every(
        ({ link, health, monitorItemsInError }) =>
          link === "up" && health === "ok" && monitorItemsInError.length === 0,
      );
    const status = await this.broker.status(pair);
    if (status.mode === "cold") {
      await this.broker.untilStatus(pair, ({ active }) => active !== null, "has something active");
    } else await this.broker.untilStatus(pair, bothUp, "has both members well");
    // the primary may be on its way already, of the pair's own accord
    const isSettled = ({ description }: { readonly description: string }): boolean =>
      !/being promoted|on the way/.test(description);
    await this.broker.untilStatus(pair, isSettled, "is switching no more");
    // a cold pair has not looked at its standby since it failed, so that only force makes it active
    if ((await this.broker.status(pair)).active !== "primary") await this.switchover(pair, "primary", true);
    await this.broker.untilServing(pair);
  }

  /** An operator's switchover. Throws where it is refused. */
  async switchover(pair: string, to: Role, force = false): Promise<void> {
    const after = this.broker.lastEventId;
    const answer = await this.broker.control.switchover(pair, {
      to,
      reason: "test",
      force,
      dryRun: false,
    });
    if (!answer.accepted) throw new Error(`the switchover was refused: ${answer.explanation.join(" ")}`);
    await this.broker.untilPromoted(pair, to, after);
  }

  async stop(): Promise<void> {
    // one that stands still would keep those waiting who take leave of it
    for (const role of roles) this.members[role].thaw();
    await this.clients.end();
    await this.broker.stop();
    await Promise.all(roles.map((role) => this.members[role].stop()));
  }
}
