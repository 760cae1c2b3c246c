import { UnderstudyError } from "../../core/error.ts";
import type { Role } from "../../core/role.ts";
import type { HostRecord } from "../../diagnostics/event.ts";
import type { Clock } from "../clock.ts";
import { SessionAudience } from "../relay/session-audience.ts";
import type { ProxyClient, ServedClient } from "./gateway/proxy-connection.ts";
import { DaSession } from "./relay/da-session.ts";
import { ServerServices } from "./relay/server-services.ts";
import type { DaServer, DataChange } from "./upstream/da-server.ts";

export interface DaClientsOptions {
  /** The name clients see. */
  readonly name: string;
  readonly clock: Clock;
  readonly audience?: SessionAudience<DaSession>;
  /** Opens a server object for a client on a member. Rejects with what the member said. */
  openServer(role: Role, signal: AbortSignal): Promise<DaServer>;
  /** Longest time until a failure is noticed, in ms. */
  detectionMs(): number;
  report(record: HostRecord, role: Role | null, client: string): void;
}

/** The OPC DA clients of one pair, whatever its members speak. */
export class DaClients {
  readonly audience: SessionAudience<DaSession>;
  readonly #options: DaClientsOptions;

  constructor(options: DaClientsOptions) {
    this.#options = options;
    this.audience = options.audience ?? new SessionAudience<DaSession>();
  }

  /** True for the name under which clients ask for the pair; names of COM classes know no case. */
  answersTo(target: string): boolean {
    return target.toLowerCase() === this.#options.name.toLowerCase();
  }

  /** Groups and items of all clients. */
  get counts(): { readonly groups: number; readonly items: number } {
    const groups = [...this.audience.sessions].flatMap((session) => [...session.groups.values()]);
    return { groups: groups.length, items: groups.reduce((sum, group) => sum + group.items.size, 0) };
  }

  /** Opens a client's way to the members. Rejects where nothing is active or the active member refuses. */
  async openClient(client: ProxyClient, deliver: (change: DataChange) => void): Promise<ServedClient> {
    const { audience } = this;
    const { name, clock } = this.#options;
    const { active } = audience;
    const label = `${client.program} (${client.processId})`;
    const report = (record: HostRecord, role: Role | null): void => this.#options.report(record, role, label);
    if (!active) {
      const message = `neither member of ${name} can be reached`;
      report({ kind: "clientRefused", detail: message }, null);
      throw new UnderstudyError("NOTHING_ACTIVE", message);
    }
    const session = new DaSession(
      {
        clock,
        open: (role, signal) => this.#options.openServer(role, signal),
        isSubscribed: (role) => audience.isSubscribed(role),
        isUp: (role) => audience.isUp(role),
        detectionMs: () => this.#options.detectionMs(),
        report,
      },
      deliver,
    );
    // before the leg is opened, so that a switchover meanwhile reaches it
    audience.add(session);
    try {
      const { clsid, interfaces } = await session.start(active);
      report({ kind: "clientConnected" }, null);
      return {
        clsid,
        interfaces,
        services: new ServerServices(session),
        close: async (detail) => {
          audience.remove(session);
          report({ kind: "clientDisconnected", detail }, null);
          await session.close();
        },
      };
    } catch (error) {
      audience.remove(session);
      await session.close();
      report({ kind: "clientRefused", detail: (error as Error).message }, active);
      throw error;
    }
  }
}
