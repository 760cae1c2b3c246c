import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ScriptedServer, TestMailServer } from "../notify/support.ts";
import { Plant } from "./support/plant.ts";
import { pairSettings, type Settings } from "./support/project-text.ts";
import { ramps } from "./support/watcher.ts";

/** A certificate for 127.0.0.1; null where there is no openssl. */
function certificate(
  folder: string,
): { readonly key: string; readonly cert: string; readonly file: string } | null {
  const [keyFile, file] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  try {
    execFileSync(
      "openssl",
      [
        ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"],
        ...["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", keyFile, "-out", file],
      ],
      { stdio: "pipe" },
    );
  } catch {
    return null;
  }
  return { key: readFileSync(keyFile, "utf8"), cert: readFileSync(file, "utf8"), file };
}

describe("mail about what happens to a pair", function () {
  this.timeout(60_000);
  let folder: string;
  let stops: (() => Promise<void>)[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "understudy-mail-"));
    stops = [];
  });
  afterEach(async () => {
    for (const stop of stops.reverse()) await stop();
    rmSync(folder, { recursive: true, force: true });
  });

  function smtp(port: number, more: Settings = {}): Settings {
    return { host: "127.0.0.1", port, security: "none", ...more };
  }

  async function start(
    servers: Settings,
    environment: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly plant: Plant; readonly switchMs: number }> {
    const notifications: Settings = {
      enabled: true,
      ...servers,
      from: "broker@plant.example",
      to: ["night@plant.example"],
      events: ["connectionLost"],
    };
    const plant = await Plant.start({
      simulator: { items: 10, periodMs: 100 },
      pairs: (places) => [pairSettings("hot", "hot", places, { notifications })],
      environment,
    });
    stops.push(() => plant.stop());
    await plant.broker.untilServing("hot");
    const { watcher } = await plant.watch("hot", ramps(2));
    await watcher.more(2, "values");
    const before = plant.broker.events.at(-1)?.id ?? 0;
    await plant.members.primary.kill();
    const { record } = await plant.broker.untilPromoted("hot", "secondary", before);
    return { plant, switchMs: record.kind === "promoted" ? record.tookMs : Number.NaN };
  }

  it("comes encrypted and with a login", async function () {
    const own = certificate(folder);
    if (!own) {
      console.log("      skipped: openssl missing");
      this.skip();
    }
    const secret = "s3cr3t";
    const server = await TestMailServer.start({
      key: own.key,
      cert: own.cert,
      disabledCommands: [],
      authOptional: false,
      onAuth: ({ password }, session, done) =>
        password === secret && session.secure ? done(null, { user: "broker" }) : done(new Error("refused")),
    });
    stops.push(() => server.stop());
    const login = { security: "startTls", user: "broker", password: "env:MAIL_SECRET" };
    await start(
      { primarySmtp: smtp(server.port, login) },
      { MAIL_SECRET: secret, NODE_EXTRA_CA_CERTS: own.file },
    );
    await server.untilReceived(1);
    assert.match(server.received[0] ?? "", /Subject: Understudy notification - hot: connectionLost/);
  });

  it("that a server does not take delays neither the switchover nor the end of the broker", async () => {
    const hanging = await ScriptedServer.start(() => null);
    stops.push(() => hanging.stop());
    const { plant, switchMs } = await start({ primarySmtp: smtp(hanging.port) });
    assert.ok(switchMs < 2000, `${switchMs} ms`);
    const exitCode = plant.broker.exited;
    process.kill(plant.broker.pid, "SIGTERM");
    assert.equal(await exitCode, 0);
  });
});
