import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { combine } from "../../src/servers/probes/combine.ts";
import { commandProbe } from "../../src/servers/probes/command-probe.ts";
import { httpProbe } from "../../src/servers/probes/http-probe.ts";
import { icmpProbe } from "../../src/servers/probes/icmp-probe.ts";
import { makeProbes } from "../../src/servers/probes/make-probes.ts";
import { opcProbe } from "../../src/servers/probes/opc-probe.ts";
import { askInTime, type Probe, type ProbeVerdict } from "../../src/servers/probes/probe.ts";
import { Rounds } from "../../src/servers/probes/rounds.ts";
import { tcpProbe } from "../../src/servers/probes/tcp-probe.ts";
import { serverSettings } from "./support/played-watch.ts";

/** Long enough for a busy machine; a probe that answers does so far earlier. */
const patienceMs = 15_000;
const verdictOf = async (probe: Probe, timeoutMs = patienceMs): Promise<ProbeVerdict> =>
  (await askInTime(probe, timeoutMs)).verdict;

async function listening(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const hasPing = spawnSync("ping", ["-c", "1", "-W", "1", "127.0.0.1"]).status === 0;

describe("probes of a server", () => {
  it("ping: a machine that answers is well, one that cannot be reached has failed", async function () {
    if (!hasPing) this.skip();
    assert.equal(await verdictOf(icmpProbe("127.0.0.1", 5000)), "well");
    assert.equal(await verdictOf(icmpProbe("no-such-host.invalid", 5000)), "failed");
    // Reserved for ever, so that nobody has it: no answer, or no route to it.
    assert.equal(await verdictOf(icmpProbe("240.0.0.1", 500)), "failed");
  });

  it("TCP: accepted is well, refused has failed", async () => {
    const server = createServer((socket) => socket.destroy());
    const port = await listening(server);
    assert.equal(await verdictOf(tcpProbe("127.0.0.1", port)), "well");
    server.close();
    await once(server, "close");
    assert.equal(await verdictOf(tcpProbe("127.0.0.1", port)), "failed");
  });

  it("HTTP: by the status, without following redirections", async () => {
    const server = createHttpServer((request, response) => {
      response.statusCode = Number(request.url?.slice(1));
      response.end("x".repeat(100_000));
    });
    const port = await listening(server);
    const ask = (status: number, expectedStatus: number | null): Promise<ProbeVerdict> =>
      verdictOf(
        httpProbe({ url: `http://127.0.0.1:${port}/${status}`, expectedStatus, trustCertificate: false }),
      );
    assert.deepEqual(
      [
        await ask(200, null),
        await ask(302, null),
        await ask(503, null),
        await ask(401, 401),
        await ask(200, 204),
      ],
      ["well", "well", "failed", "well", "failed"],
    );
    server.closeAllConnections();
    server.close();
  });

  it("HTTP: a server that accepts and never answers has failed at the timeout: a dead application on a live machine", async () => {
    const server = createServer(() => undefined);
    const port = await listening(server);
    const url = `http://127.0.0.1:${port}/`;
    const hung = httpProbe({ url, expectedStatus: null, trustCertificate: false });
    assert.deepEqual(await askInTime(hung, 200), { verdict: "failed", detail: "no answer within 200 ms" });
    assert.equal(await verdictOf(tcpProbe("127.0.0.1", port)), "well");
    server.close();
  });

  it("OPC: by the state the server tells", async () => {
    const probe = (state: () => Promise<string>): Probe => opcProbe("opc.tcp://a:4840", state);
    assert.equal(await verdictOf(probe(async () => "Running")), "well");
    assert.equal(await verdictOf(probe(async () => "Shutdown")), "failed");
    assert.equal(await verdictOf(probe(() => Promise.reject(new Error("refused")))), "failed");
  });

  describe("a command", () => {
    let directory = "";
    before(async () => {
      directory = await mkdtemp(join(tmpdir(), "understudy-probe-"));
    });
    after(() => rm(directory, { recursive: true, force: true }));

    const script = async (text: string): Promise<string> => {
      const file = join(directory, "probe.sh");
      await writeFile(file, `#!/bin/sh\n${text}\n`);
      await chmod(file, 0o755);
      return file;
    };
    const command = (program: string, timeout = patienceMs, args: readonly string[] = []): Probe =>
      commandProbe(
        { program, arguments: args, timeout },
        { UNDERSTUDY_SERVER: "files", UNDERSTUDY_ADDRESS: "192.0.2.10" },
      );

    it("is well with 0, failed with 1, undecided with 2, and failed with anything else", async () => {
      const file = await script('exit "$1"');
      const ask = (status: number): Promise<ProbeVerdict> =>
        verdictOf(command(file, patienceMs, [String(status)]));
      assert.deepEqual(
        [await ask(0), await ask(1), await ask(2), await ask(3)],
        ["well", "failed", "unknown", "failed"],
      );
    });

    it("is told of which server it is asked, and its output is kept", async () => {
      const file = await script('echo "$UNDERSTUDY_SERVER at $UNDERSTUDY_ADDRESS"; exit 1');
      assert.match(
        (await askInTime(command(file), patienceMs)).detail,
        /exit status 1: files at 192\.0\.2\.10/,
      );
    });

    it("that is missing decides nothing", async () => {
      assert.equal(await verdictOf(command(join(directory, "missing"))), "unknown");
    });

    it("that hangs has failed, and all that it started is ended", async () => {
      const pids = join(directory, "pids");
      const file = await script(
        `sleep 600 & echo $! > ${pids}.new; echo $$ >> ${pids}.new; mv ${pids}.new ${pids}; wait`,
      );
      const answer = askInTime(command(file, 60_000), 3000);
      assert.equal((await answer).verdict, "failed");
      const started = (await readFile(pids, "utf8").catch(() => "")).split("\n").filter((pid) => pid !== "");
      for (const pid of started) {
        while (isAlive(Number(pid))) await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });
  });
});

/** A process that is no zombie. */
function isAlive(pid: number): boolean {
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" });
  return stdout.trim() !== "" && !stdout.trim().startsWith("Z");
}

describe("several probes together", () => {
  const cases: readonly (readonly [ProbeVerdict[], ProbeVerdict, ProbeVerdict, ProbeVerdict])[] = [
    [["well", "well", "well"], "well", "well", "well"],
    [["well", "failed", "failed"], "well", "failed", "failed"],
    [["well", "well", "failed"], "well", "failed", "well"],
    [["failed", "failed", "failed"], "failed", "failed", "failed"],
    [["unknown", "failed", "failed"], "unknown", "failed", "failed"],
    [["well", "unknown", "failed"], "well", "failed", "unknown"],
    [["well", "unknown"], "well", "unknown", "unknown"],
    [["well", "failed"], "well", "failed", "failed"],
  ];
  for (const [verdicts, any, all, quorum] of cases) {
    it(`${verdicts.join(", ")}: any ${any}, all ${all}, quorum ${quorum}`, () => {
      const said = (["any", "all", "quorum"] as const).map((combination) => combine(verdicts, combination));
      assert.deepEqual(said, [any, all, quorum]);
    });
  }
});

describe("a round of probes with witnesses", () => {
  const played = (name: string, verdicts: ProbeVerdict[]): Probe & { asked: number } => ({
    name,
    asked: 0,
    async ask() {
      this.asked += 1;
      return {
        verdict: verdicts.length > 1 ? (verdicts.shift() ?? "failed") : (verdicts[0] ?? "failed"),
        detail: "played",
      };
    },
  });
  const rounds = (server: Probe, witnesses: readonly Probe[], hasty = false): Rounds =>
    new Rounds({
      probes: [server],
      combination: "all",
      witnesses,
      timeoutMs: 5000,
      hasty,
      nowMs: () => performance.now(),
    });

  it("asks no witness while the server answers", async () => {
    const witness = played("router", ["well"]);
    assert.equal((await rounds(played("server", ["well"]), [witness]).ask()).verdict, "well");
    assert.equal(witness.asked, 0);
  });

  it("tells a dead server from a cable that is pulled out here", async () => {
    const server = played("server", ["failed"]);
    const witness = played("router", ["well", "failed", "well"]);
    const round = rounds(server, [witness]);
    const verdicts = [(await round.ask()).verdict, (await round.ask()).verdict, (await round.ask()).verdict];
    assert.deepEqual(verdicts, ["failed", "cutOff", "failed"]);
  });

  it("takes one witness that answers for enough", async () => {
    const round = rounds(played("server", ["failed"]), [played("a", ["failed"]), played("b", ["well"])]);
    assert.equal((await round.ask()).verdict, "failed");
  });

  it("breaks off a probe that hangs at the timeout", async () => {
    let aborted = false;
    const hanging: Probe = {
      name: "hanging",
      ask: (signal) =>
        new Promise(() => {
          signal.addEventListener("abort", () => {
            aborted = true;
          });
        }),
    };
    assert.equal((await askInTime(hanging, 50)).verdict, "failed");
    assert.equal(aborted, true);
  });
});

describe("the probes of a project", () => {
  it("is one ping where none is named; the maintenance address takes the place of the server's own", () => {
    const tools = { askOpcState: async () => "Running" };
    const plain = serverSettings({ name: "a", address: "192.0.2.10" });
    assert.deepEqual(
      makeProbes(plain, plain.address, tools).map(({ name }) => name),
      ["ping 192.0.2.10"],
    );
    const probes = serverSettings({
      name: "a",
      address: "192.0.2.10",
      probes: [
        { kind: "icmp" },
        { kind: "tcp", port: 80 },
        { kind: "tcp", host: "192.0.2.99", port: 80 },
        { kind: "http", url: "http://192.0.2.10:8080/health?x=1" },
        { kind: "opc", url: "opc.tcp://192.0.2.10:4840/UA" },
      ],
    });
    assert.deepEqual(
      makeProbes(probes, "2001:db8::2", tools).map(({ name }) => name),
      [
        "ping 2001:db8::2",
        "TCP 2001:db8::2:80",
        "TCP 192.0.2.99:80",
        "GET http://[2001:db8::2]:8080/health?x=1",
        "OPC UA opc.tcp://[2001:db8::2]:4840/UA",
      ],
    );
  });
});
