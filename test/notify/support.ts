import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import type { MailServer, NotificationRules } from "../../src/notify/settings.ts";

/** A mail server in this process on a port of its own, and what it has received. */
export class TestMailServer {
  readonly received: string[] = [];
  readonly port: number;
  readonly #server: SMTPServer;
  #changed: () => void = () => undefined;

  private constructor(server: SMTPServer, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async start(options: SMTPServerOptions = {}, port = 0): Promise<TestMailServer> {
    let self: TestMailServer | null = null;
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ["STARTTLS"],
      logger: false,
      ...options,
      onData(stream, _session, done) {
        let text = "";
        stream.setEncoding("utf8").on("data", (part: string) => {
          text += part;
        });
        stream.on("end", () => {
          self?.receive(text);
          done();
        });
      },
    });
    server.on("error", () => undefined);
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    self = new TestMailServer(server, (server.server.address() as AddressInfo).port);
    return self;
  }

  receive(text: string): void {
    this.received.push(text);
    this.#changed();
  }

  /** Resolves once so many messages have come. */
  async untilReceived(count: number): Promise<void> {
    while (this.received.length < count) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  settings(changes: Partial<MailServer> = {}): MailServer {
    return { host: "127.0.0.1", port: this.port, security: "none", user: null, password: null, ...changes };
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** A server that says what it is told to and nothing else; ends with the test. */
export class ScriptedServer {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #entered: () => void = () => undefined;
  #left: () => void = () => undefined;
  /** Resolves when a client has connected. */
  readonly entered = new Promise<void>((resolve) => {
    this.#entered = resolve;
  });
  /** Resolves when a client has left. */
  readonly left = new Promise<void>((resolve) => {
    this.#left = resolve;
  });

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  /** `answer`: to a line of the client, or to the connection (null); null = silence. */
  static async start(answer: (line: string | null) => string | null): Promise<ScriptedServer> {
    const server = createServer((socket) => {
      scripted.#sockets.add(socket);
      scripted.#entered();
      socket.once("close", () => scripted.#left());
      socket.on("error", () => undefined);
      const say = (line: string | null): void => {
        const text = answer(line);
        if (text !== null) socket.write(`${text}\r\n`);
      };
      say(null);
      socket.setEncoding("utf8").on("data", (text: string) => {
        for (const line of text.split("\r\n")) if (line !== "") say(line);
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const scripted = new ScriptedServer(server, (server.address() as AddressInfo).port);
    return scripted;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

export function rules(changes: Partial<NotificationRules> = {}): NotificationRules {
  return {
    enabled: true,
    servers: { primary: null, secondary: null },
    from: "broker@plant.example",
    to: ["night@plant.example", "shift@plant.example"],
    subject: "Understudy notification",
    header: "Plant 7",
    footer: "Call 4711",
    events: ["promoted", "connectionLost"],
    ...changes,
  };
}
