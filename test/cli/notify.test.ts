import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { serviceNotifier } from "../../src/cli/service/notify.ts";
import { temporaryDirectory } from "../control/helpers.ts";
import { type Bench, createBench, delivered } from "./helpers.ts";

/** Prints each datagram of a socket as one line of JSON. */
const listener = `
import json, os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("ready", flush=True)
while True:
    print(json.dumps(s.recv(65536).decode()), flush=True)
`;

/** After so long without a sign of life the service manager would start the broker anew. */
const watchdogMs = 1500;

function canListen(): boolean {
  return ["python3", "systemd-notify"].every((name) => spawnSync(name, ["--version"]).status === 0);
}

describe("the broker under a service manager", function () {
  this.timeout(120_000);
  let directory: ReturnType<typeof temporaryDirectory>;
  let bench: Bench;
  let manager: ChildProcess;
  let lines: AsyncIterator<string>;

  before(function () {
    if (!canListen()) {
      console.log("      skipped: needs python3 and systemd-notify");
      this.skip();
    }
  });
  beforeEach(async () => {
    directory = temporaryDirectory();
    bench = createBench(directory.path, join(directory.path, "state"), delivered);
    const probe = createServer().listen(0, "127.0.0.1");
    await once(probe, "listening");
    const { port } = probe.address() as AddressInfo;
    probe.close();
    await once(probe, "close");
    writeFileSync(
      join(directory.path, "redundancymaster.xml"),
      `<redundancymaster version="2"><opcUa><port>${port}</port></opcUa></redundancymaster>`,
    );
    manager = spawn("python3", ["-c", listener, join(directory.path, "notify")], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    assert.ok(manager.stdout);
    lines = createInterface({ input: manager.stdout })[Symbol.asyncIterator]();
    assert.equal((await lines.next()).value, "ready");
  });
  afterEach(async () => {
    await bench?.endAll();
    if (manager?.exitCode === null) {
      manager.kill("SIGKILL");
      await once(manager, "close");
    }
    directory?.remove();
  });

  /** The next message that has this assignment. */
  async function message(assignment: string): Promise<string[]> {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error("the listener has ended");
      const assignments = (JSON.parse(value as string) as string).trim().split("\n");
      if (assignments.includes(assignment)) return assignments;
    }
  }

  /** Waits until nothing is said for longer than the watchdog waits, beside what was on its way; the wait for the next. */
  async function silence(): Promise<{ readonly next: Promise<IteratorResult<string>> }> {
    for (let onItsWay = 0; onItsWay < 4; onItsWay++) {
      const next = lines.next();
      if ((await Promise.race([next, delay(watchdogMs + 500, null)])) === null) return { next };
    }
    throw new Error("a process that stands still is said to be alive");
  }

  it("says when it is ready, alive, reloads and ends, and nothing while it stands still", async () => {
    const { PATH: path = "" } = process.env;
    const broker = await bench.broker([], {
      PATH: path,
      NOTIFY_SOCKET: join(directory.path, "notify"),
      WATCHDOG_USEC: String(watchdogMs * 1000),
    });
    assert.ok((await message("READY=1")).includes("STATUS=0 of 0 pairs enabled"));
    await message("WATCHDOG=1");
    await message("WATCHDOG=1");
    broker.process.kill("SIGHUP");
    const reloading = await message("RELOADING=1");
    assert.ok(reloading.some((each) => /^MONOTONIC_USEC=\d+$/.test(each)));
    await message("READY=1");
    await message("WATCHDOG=1");
    broker.process.kill("SIGSTOP");
    const { next } = await silence();
    broker.process.kill("SIGCONT");
    assert.match((await next).value, /WATCHDOG=1/);
    broker.process.kill("SIGTERM");
    await message("STOPPING=1");
    assert.equal((await broker.finished).code, 0);
  });
});

describe("the signs of life for a service manager", () => {
  const options = (environment: Record<string, string>, sent: string[]) => ({
    environment,
    pid: 7,
    send: async (assignments: readonly string[]) => void sent.push(assignments.join(" ")),
    onError: () => undefined,
  });

  it("are not given where none asks for them", async () => {
    const sent: string[] = [];
    for (const environment of [{}, { NOTIFY_SOCKET: "" }, { WATCHDOG_USEC: "300000" }]) {
      const notifier = serviceNotifier(options(environment, sent));
      notifier.ready("well");
      notifier.stopping();
    }
    const other = { NOTIFY_SOCKET: "s", WATCHDOG_USEC: "300000", WATCHDOG_PID: "8" };
    const notifier = serviceNotifier(options(other, sent));
    notifier.watch(
      () => Promise.resolve(true),
      () => Promise.resolve("well"),
    );
    await delay(400);
    notifier.end();
    assert.deepEqual(sent, []);
  });

  it("stop when the broker does not answer, and come again when it does", async () => {
    const sent: string[] = [];
    let wake: () => void = () => undefined;
    const next = (): Promise<void> =>
      new Promise((resolve) => {
        wake = resolve;
      });
    const environment = { NOTIFY_SOCKET: "s", WATCHDOG_USEC: "300000" };
    const notifier = serviceNotifier({
      ...options(environment, sent),
      send: async (assignments) => {
        sent.push(assignments.join(" "));
        wake();
      },
    });
    let asked = 0;
    let answers = true;
    notifier.watch(
      () => {
        asked += 1;
        return answers ? Promise.resolve(true) : new Promise(() => undefined);
      },
      () => Promise.resolve("well"),
    );
    await next();
    assert.equal(sent[0], "WATCHDOG=1 STATUS=well");
    answers = false;
    const before = asked;
    while (asked < before + 3) await delay(20);
    const silent = sent.length;
    while (asked < before + 5) await delay(20);
    assert.equal(sent.length, silent, "nothing is said while it does not answer");
    answers = true;
    await next();
    assert.equal(sent.at(-1), "WATCHDOG=1");
    notifier.end();
  });

  it("cost one complaint where they cannot be sent", async () => {
    const complaints: string[] = [];
    const notifier = serviceNotifier({
      environment: { NOTIFY_SOCKET: "s" },
      pid: 7,
      send: () => Promise.reject(new Error("no program")),
      onError: (error) => complaints.push(error.message),
    });
    notifier.ready("a");
    notifier.reloading();
    notifier.stopping();
    await delay(50);
    assert.deepEqual(complaints, ["no program"]);
  });
});
