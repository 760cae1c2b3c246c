import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { NewServer } from "../../src/project/servers.ts";
import { freePort } from "../../tools/bench/free-port.ts";
import { TestMailServer } from "../notify/support.ts";
import { serverSettings } from "./support/played-watch.ts";
import { StandIn, thisMachine } from "./support/stand-in.ts";

const occasions = [
  "takeoverDone",
  "serverReset",
  "secondServerFailed",
  "dailyReplicationFailed",
  "replicationRolledBack",
];

describe("mail about protected servers", function () {
  this.timeout(120_000);
  let directory: string;
  let mail: TestMailServer;
  let host: StandIn;
  let live: Server[];

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "understudy-server-mail-"));
    mail = await TestMailServer.start();
    live = await Promise.all([listening(), listening()]);
    const server = (name: string, at: Server, more: Partial<NewServer>): NewServer => ({
      name,
      address: "127.0.0.1",
      probes: [{ kind: "tcp", port: portOf(at) }],
      pingInterval: 200,
      pingTimeout: 5000,
      failover: { warnAfter: 2, failAfter: 3, failAfterStartup: 100, recoverAfter: 1 },
      // both need the same service, so that this machine can stand in for one of them only
      takeover: {
        services: [{ name: "web", start: { program: "/bin/true" }, stop: { program: "/bin/true" } }],
      },
      ...more,
    });
    const nowhere = { host: "127.0.0.1", port: 1, user: "nobody" };
    const copied = { catalog: "orders", mode: "warm", source: nowhere, standIn: nowhere } as const;
    host = new StandIn(thisMachine, directory);
    await host.prepare(
      [
        serverSettings(
          server("first", live[0] as Server, {
            replication: { databases: [copied] },
            failback: { replicateToLive: false },
            notifications: {
              enabled: true,
              // refuses, so that the second one is used
              primarySmtp: { host: "127.0.0.1", port: 1, security: "none" },
              secondarySmtp: { host: "127.0.0.1", port: mail.port, security: "none" },
              from: "standin@plant.example",
              to: ["first@plant.example"],
              subject: "First of the plant",
              events: occasions,
            },
          }),
        ),
        serverSettings(
          server("second", live[1] as Server, {
            notifications: {
              enabled: true,
              primarySmtp: { host: "127.0.0.1", port: mail.port, security: "none" },
              from: "standin@plant.example",
              to: ["second@plant.example"],
              subject: "Second of the plant",
              events: occasions,
            },
          }),
        ),
      ],
      await freePort(),
    );
    await host.start();
  });
  after(async () => {
    await host?.kill();
    for (const server of live ?? []) server.close();
    await mail?.stop();
    if (directory) await rm(directory, { recursive: true, force: true });
  });

  async function listening(): Promise<Server> {
    const server = createServer((socket) => socket.on("error", () => undefined).end());
    server.listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    return server;
  }

  function portOf(server: Server): number {
    const address = server.address();
    return typeof address === "object" ? (address?.port ?? 0) : 0;
  }

  /** Waits for the message of that subject whose text says so. */
  async function received(to: string, says: RegExp): Promise<string> {
    for (let count = 1; ; count++) {
      await mail.untilReceived(count);
      const found = mail.received.find((text) => text.includes(`To: ${to}`) && says.test(unfolded(text)));
      if (found !== undefined) return found;
    }
  }

  /** Quoted-printable without its soft line breaks. */
  const unfolded = (text: string): string => text.replaceAll("=\r\n", "").replaceAll("=3D", "=");

  it("is sent by a server's own settings, over its second mail server where the first refuses", async () => {
    const failed = await received("first@plant.example", /daily|copy|replicat/i);
    assert.match(failed, /Subject: .*First of the plant/);
    assert.match(failed, /From: standin@plant\.example/);
    await host.event("notificationServerChanged", "first");
  });

  it("tells of a takeover, of a second failure meanwhile, and of the end of it", async () => {
    await host.event("serverWell", "first");
    await host.event("serverWell", "second");
    const port = portOf(live[0] as Server);
    live[0]?.close();
    await received("first@plant.example", /(taken over|takeover|stands in)/i);
    live[1]?.close();
    const second = await received("second@plant.example", /second/);
    assert.match(second, /Subject: .*Second of the plant/);
    live[0]?.listen(port, "127.0.0.1");
    const { code, output, complaint } = await host.command("failback", "first");
    assert.equal(code, 0, output + complaint);
    await host.event("serverReset", "first");
    await received("first@plant.example", /role again|watched|reset/i);
  });

  it("can be tried with a server's own settings", async () => {
    const count = mail.received.length;
    const { code, output } = await host.command("notify", "test", "second");
    assert.equal(code, 0, output);
    await mail.untilReceived(count + 1);
    assert.match(mail.received.at(-1) ?? "", /To: second@plant\.example/);
    const unknown = await host.command("notify", "test", "third");
    assert.match(unknown.complaint, /PAIR_UNKNOWN.*no pair or server 'third'/);
  });
});
