import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ClientSession,
  MessageSecurityMode,
  OPCUACertificateManager,
  OPCUAClient,
  SecurityPolicy,
  type UserIdentityInfo,
  UserTokenType,
} from "node-opcua";
import { within } from "./changes.ts";

export interface ConnectOptions {
  readonly secure?: boolean;
  readonly user?: { readonly name: string; readonly password: string };
  /** Connect again when the connection is lost. Default: no, and a test that loses one fails. */
  readonly reconnect?: boolean;
  readonly requestedSessionTimeoutMs?: number;
}

/** A client application with one session, made with node-opcua's own client. */
export interface ConnectedClient {
  readonly client: OPCUAClient;
  readonly session: ClientSession;
  /** Times the connection was lost. */
  readonly drops: () => number;
  /** Closes session and connection. */
  close(): Promise<void>;
}

/** The clients of a test file. They share one certificate, which takes long to make. */
export class Clients {
  readonly #folder: string;
  readonly #manager: OPCUACertificateManager;
  readonly #open = new Set<ConnectedClient>();

  private constructor(folder: string, manager: OPCUACertificateManager) {
    this.#folder = folder;
    this.#manager = manager;
  }

  static async create(): Promise<Clients> {
    const folder = mkdtempSync(join(tmpdir(), "understudy-e2e-client-"));
    const manager = new OPCUACertificateManager({
      rootFolder: folder,
      automaticallyAcceptUnknownCertificate: true,
    });
    await manager.initialize();
    return new Clients(folder, manager);
  }

  /** A client that is not connected. */
  application(options: ConnectOptions = {}): OPCUAClient {
    return OPCUAClient.create({
      applicationName: "Panel",
      clientCertificateManager: this.#manager,
      connectionStrategy: options.reconnect
        ? { maxRetry: 1000, initialDelay: 50, maxDelay: 200 }
        : { maxRetry: 0 },
      securityMode: options.secure ? MessageSecurityMode.SignAndEncrypt : MessageSecurityMode.None,
      securityPolicy: options.secure ? SecurityPolicy.Basic256Sha256 : SecurityPolicy.None,
      requestedSessionTimeout: options.requestedSessionTimeoutMs ?? 60_000,
      endpointMustExist: false,
    });
  }

  /** Connects, opens and activates a session. Throws what the broker answers. */
  async connect(endpointUrl: string, options: ConnectOptions = {}): Promise<ConnectedClient> {
    const client = this.application(options);
    let drops = 0;
    client.on("connection_lost", () => {
      drops += 1;
    });
    try {
      await within(client.connect(endpointUrl), `connecting to ${endpointUrl}`);
      const session = await within(
        client.createSession(identity(options)),
        `opening a session at ${endpointUrl}`,
      );
      const connected: ConnectedClient = {
        client,
        session,
        drops: () => drops,
        close: async () => {
          this.#open.delete(connected);
          await within(session.close(true), "closing a session").catch(() => undefined);
          await within(client.disconnect(), "disconnecting").catch(() => undefined);
        },
      };
      this.#open.add(connected);
      return connected;
    } catch (error) {
      await client.disconnect();
      throw error;
    }
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#open].map((client) => client.close()));
  }

  async end(): Promise<void> {
    await this.closeAll();
    await this.#manager.dispose();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function identity({ user }: ConnectOptions): UserIdentityInfo {
  if (!user) return { type: UserTokenType.Anonymous };
  return { type: UserTokenType.UserName, userName: user.name, password: user.password };
}
