import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "../control/helpers.ts";
import { type Bench, createBench } from "./helpers.ts";

const projectOf = (...pairs: readonly string[]): string =>
  `<?xml version="1.0" encoding="UTF-8"?>
<redundancymaster version="2">
  <!-- two boilers -->
  <pairs>
${pairs
  .map(
    (name) => `    <pair>
      <server>${name}</server>
      <protocol>opcua</protocol>
      <primary><machine>plc-a</machine></primary>
      <secondary><machine>plc-b</machine></secondary>
    </pair>
`,
  )
  .join("")}  </pairs>
</redundancymaster>
`;

describe("the command line", () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let bench: Bench;
  let state: string;
  let project: string;

  beforeEach(() => {
    directory = temporaryDirectory();
    state = join(directory.path, "state");
    project = join(directory.path, "redundancymaster.xml");
    writeFileSync(project, projectOf("Boiler"));
    bench = createBench(directory.path, state);
  });
  afterEach(async () => {
    await bench.endAll();
    directory.remove();
  });

  const parse = <T>(text: string): T => JSON.parse(text) as T;

  describe("as such", () => {
    it("prints its version and its help and succeeds", async () => {
      const [version, json, help, own] = await Promise.all([
        bench.run("--version"),
        bench.run("version", "--json"),
        bench.run("--help"),
        bench.run("switchover", "--help"),
      ]);
      assert.match(version.stdout, /^\d+\.\d+\.\d+\n$/);
      assert.equal(parse<{ understudy: string }>(json.stdout).understudy, version.stdout.trim());
      assert.match(help.stdout, /First steps:/);
      assert.match(own.stdout, /--dry-run/);
      assert.match(own.stdout, /--json/, "the options all commands have are shown, too");
      assert.deepEqual([version.code, json.code, help.code, own.code], [0, 0, 0, 0]);
    });

    it("answers wrong usage with one line and exit code 2", async () => {
      const wrong = [
        ["no-such-command"],
        ["pair", "list", "--no-such-option"],
        ["switchover"],
        ["switchover", "Boiler", "--to", "third"],
        ["events", "--since", "yesterday-ish"],
        ["pair", "add", "Pump", "--primary", "http://plc-a", "--secondary", "plc-b"],
      ];
      for (const result of await Promise.all(wrong.map((args) => bench.run(...args)))) {
        assert.equal(result.code, 2, result.stderr);
        assert.match(result.stderr, /^error USAGE: [^\n]+\n$/);
        assert.equal(result.stdout, "");
      }
    });

    it("prints errors as JSON with --json", async () => {
      const { code, stderr } = await bench.run("switchover", "--json");
      assert.equal(code, 2);
      assert.equal(parse<{ error: { code: string } }>(stderr).error.code, "USAGE");
    });

    it("says with exit code 3 that no broker is running", async () => {
      const commands = [
        ["reload"],
        ["events"],
        ["pair", "status"],
        ["switchover", "Boiler"],
        ["suspend", "Boiler"],
      ];
      for (const result of await Promise.all(commands.map((args) => bench.run(...args)))) {
        assert.equal(result.code, 3);
        assert.match(result.stderr, /^error BROKER_NOT_RUNNING: .*understudy run/);
      }
    });
  });

  describe("checking a project", () => {
    it("tells that a good one is good, and which pairs it has", async () => {
      assert.match((await bench.run("check")).stdout, /is good: 1 pair \(Boiler\)/);
      const json = await bench.run("check", "--json", "--project", project);
      const good = { ok: true, projectFile: project, pairs: ["Boiler"], servers: [] };
      assert.deepEqual(parse(json.stdout), good);
    });

    it("names file, line, path and expectation of what is wrong, with exit code 2, and so does run", async () => {
      writeFileSync(project, projectOf("Boiler").replace("<protocol>opcua", "<protocol>telex"));
      for (const result of await Promise.all([bench.run("check"), bench.run("run")])) {
        assert.equal(result.code, 2);
        assert.match(
          result.stderr,
          /^error PROJECT_VALUE_INVALID: .*redundancymaster\.xml:7:\d+: pairs\/pair\[1\]\/protocol: found "telex", expected .*opcua/,
        );
      }
    });

    it("fails with exit code 2 where there is no project", async () => {
      const { code, stderr } = await bench.run("check", "--project", "other.xml");
      assert.equal(code, 2);
      assert.match(stderr, /^error PROJECT_NOT_FOUND: /);
    });
  });

  describe("pairs without a running broker", () => {
    it("are listed, enabled and disabled on this machine and not in the project", async () => {
      const before = readFileSync(project, "utf8");
      assert.match((await bench.run("pair", "list")).stdout, /Boiler +disabled/);
      assert.equal((await bench.run("pair", "enable", "boiler")).code, 0);
      const [listed] = parse<{ name: string; enabled: boolean }[]>(
        (await bench.run("pair", "list", "--json")).stdout,
      );
      assert.deepEqual([listed?.name, listed?.enabled], ["Boiler", true]);
      assert.equal((await bench.run("pair", "disable", "Boiler")).code, 0);
      assert.match((await bench.run("pair", "list")).stdout, /Boiler +disabled/);
      assert.equal(readFileSync(project, "utf8"), before);
      assert.equal((await bench.run("pair", "enable", "Nobody")).code, 1);
    });

    it("are added to the project, which keeps its comments", async () => {
      const result = await bench.run(
        ...[
          "pair",
          "add",
          "Pump",
          "--primary",
          "opc.tcp://10.0.0.1:4841/a",
          "--secondary",
          "plc-d",
          "--mode",
          "warm",
        ],
      );
      assert.equal(result.code, 0, result.stderr);
      assert.match(result.stdout, /No broker is running/);
      const text = readFileSync(project, "utf8");
      assert.match(text, /<!-- two boilers -->/);
      assert.match(text, /<endpointUrl>opc\.tcp:\/\/10\.0\.0\.1:4841\/a<\/endpointUrl>/);
      const again = await bench.run("pair", "add", "Pump", "--primary", "a", "--secondary", "b");
      assert.equal(again.code, 2);
      assert.match(again.stderr, /^error PROJECT_NAME_DUPLICATE: /);
      assert.equal(readFileSync(project, "utf8"), text);
    });

    it("can be the first ones of a project that does not exist yet", async () => {
      const args = ["pair", "add", "Pump", "--primary", "plc-a", "--secondary", "plc-b", "--project"];
      assert.match((await bench.run(...args, "new.xml")).stdout, /new\.xml \(new file\)/);
      assert.equal((await bench.run("check", "--project", "new.xml")).code, 0);
    });

    it("stay enabled when they get another name and are forgotten when they are removed", async () => {
      await bench.run("pair", "enable", "Boiler");
      assert.equal((await bench.run("pair", "alias", "Boiler", "Boiler.West")).code, 0);
      assert.match((await bench.run("pair", "list")).stdout, /Boiler\.West +enabled/);
      assert.equal((await bench.run("pair", "unalias", "Boiler.West")).code, 0);
      assert.match((await bench.run("pair", "list")).stdout, /Boiler +enabled/);
      assert.equal((await bench.run("pair", "alias", "Boiler", "a<b")).code, 2);
      assert.equal((await bench.run("pair", "remove", "Boiler")).code, 0);
      assert.match((await bench.run("pair", "list")).stdout, /has no pairs/);
      assert.doesNotMatch(readFileSync(join(state, "machine-state.json"), "utf8"), /Boiler/);
    });
  });

  describe("a running broker", () => {
    it("says with one line that it is ready and which endpoints clients use", async () => {
      const broker = await bench.broker(["--enable-all"]);
      assert.deepEqual(broker.ready, {
        ready: true,
        pid: broker.process.pid,
        endpoints: ["opc.tcp://127.0.0.1:48400/Boiler"],
      });
      assert.match(
        (await bench.run("pair", "status")).stdout,
        /Boiler +enabled +primary +hot +plc-a up ok 1\.\d ms/,
      );
      assert.match((await bench.run("pair", "status", "boiler")).stdout, /^Pair +Boiler\n/);
      assert.equal((await bench.run("pair", "status", "Nobody")).code, 1);
    });

    it("refuses a second one on the same state directory and names the process of the first", async () => {
      const broker = await bench.broker();
      const second = await bench.run("run");
      assert.equal(second.code, 1);
      assert.match(
        second.stderr,
        new RegExp(`^error BROKER_ALREADY_RUNNING: .*process ${broker.process.pid}\\b`),
      );
    });

    it("replaces one that was killed", async () => {
      const first = await bench.broker();
      first.process.kill("SIGKILL");
      await first.finished;
      await bench.broker();
    });

    it("ends with exit code 0 within two seconds on SIGTERM, even if connections hang, and leaves no socket", async () => {
      for (const environment of [{}, { TEST_STOP: "hangs" }]) {
        const broker = await bench.broker([], environment);
        const start = process.hrtime.bigint();
        broker.process.kill("SIGTERM");
        const { code, stderr } = await broker.finished;
        const tookMs = Number(process.hrtime.bigint() - start) / 1e6;
        assert.equal(code, 0);
        assert.ok(tookMs < 2000, `took ${tookMs} ms`);
        assert.match(stderr, /"code":"brokerStopped"/);
        assert.equal((await bench.run("pair", "status")).code, 3);
      }
    });

    it("ends at once on the second signal", async () => {
      const broker = await bench.broker([], { TEST_STOP: "hangs" });
      broker.process.kill("SIGTERM");
      const timer = setInterval(() => broker.process.kill("SIGTERM"), 50);
      const { code } = await broker.finished;
      clearInterval(timer);
      assert.equal(code, 143);
    });

    it("goes on when nobody reads what it prints, while other commands end quietly", async () => {
      const broker = await bench.broker();
      broker.process.stdout?.destroy();
      broker.process.stderr?.destroy();
      await bench.run("suspend", "Boiler");
      const follow = bench.start(["events", "--follow", "--json", "--limit", "1"]);
      assert.equal(parse<{ code: string }>(await follow.nextLine()).code, "suspended");
      follow.process.stdout?.destroy();
      await bench.run("resume", "Boiler");
      assert.deepEqual([(await follow.finished).code, broker.process.exitCode], [0, null]);
    });

    it("reports why it cannot start", async () => {
      const failing = bench.start(["run"], { TEST_START: "fails" });
      const { code, stderr } = await failing.finished;
      assert.equal(code, 1);
      assert.match(stderr, /^error LISTEN_FAILED: The port is in use\.$/m);
    });

    it("is failed by a defect with its stack in the log, so that a service manager starts it again", async () => {
      const broker = await bench.broker();
      await bench.run("suspend", "Boiler", "--reason", "defect");
      const { code } = await broker.finished;
      assert.equal(code, 1);
      const log = readFileSync(join(state, "log", "understudy.log"), "utf8");
      assert.match(log, /"code":"brokerFailed"/);
      assert.match(log, /TypeError: a defect\\n +at /);
      await bench.broker();
    });

    it("applies edits of its project at once and says so", async () => {
      await bench.broker();
      const added = await bench.run("pair", "add", "Pump", "--primary", "plc-c", "--secondary", "plc-d");
      assert.match(added.stdout, /The running broker has applied it\.\nadded: Pump\n/);
      await bench.run("pair", "enable", "Pump");
      await bench.run("pair", "alias", "Pump", "Pump.East");
      const listed = parse<{ name: string; enabled: boolean }[]>(
        (await bench.run("pair", "status", "--json")).stdout,
      );
      assert.deepEqual(
        listed.map(({ name, enabled }) => [name, enabled]),
        [
          ["Boiler", false],
          ["Pump.East", true],
        ],
      );
      const removed = await bench.run("pair", "remove", "Pump.East");
      assert.match(removed.stdout, /removed: Pump\.East/);
      assert.doesNotMatch(readFileSync(join(state, "machine-state.json"), "utf8"), /Pump/);
    });

    it("is left alone by edits of another project", async () => {
      await bench.broker();
      writeFileSync(join(directory.path, "other.xml"), projectOf("Other"));
      const result = await bench.run("pair", "remove", "Other", "--project", "other.xml");
      assert.match(result.stdout, /uses another project file and was left alone/);
    });

    it("keeps its settings when the changed project is faulty, tells the caller and records it", async () => {
      const broker = await bench.broker();
      writeFileSync(project, "<redundancymaster");
      const result = await bench.run("reload");
      assert.equal(result.code, 2);
      assert.match(result.stderr, /^error PROJECT_XML_INVALID: .*redundancymaster\.xml/);
      assert.match((await bench.run("pair", "status")).stdout, /Boiler/);
      const events = await bench.run("events", "--code", "projectRefused", "--json");
      assert.equal(parse<{ severity: string }>(events.stdout).severity, "error");
      assert.equal(broker.process.exitCode, null);
    });

    it("reads its project again on SIGHUP", async function () {
      if (process.platform === "win32") this.skip();
      const broker = await bench.broker();
      const follow = bench.start([
        "events",
        "--follow",
        "--json",
        "--limit",
        "0",
        "--code",
        "projectRefused",
      ]);
      writeFileSync(project, "not XML");
      await sayUntilHeard(follow, () => broker.process.kill("SIGHUP"));
      follow.process.kill();
      writeFileSync(project, projectOf("Boiler", "Pump"));
      broker.process.kill("SIGHUP");
      const deadline = Date.now() + 5000;
      while (!(await bench.run("pair", "status")).stdout.includes("Pump")) assert.ok(Date.now() < deadline);
    });

    it("switches over on request, explains with --dry-run, and a refusal has exit code 1", async () => {
      await bench.broker();
      const dry = await bench.run("switchover", "Boiler", "--dry-run");
      assert.equal(dry.code, 0);
      assert.equal(
        dry.stdout,
        "Boiler: from the primary to the secondary: would switch over (dry run, nothing was done).\nThe secondary is connected and well.\n",
      );
      const refused = await bench.run("switchover", "Boiler", "--to", "primary", "--json");
      assert.equal(refused.code, 1);
      assert.equal(parse<{ accepted: boolean }>(refused.stdout).accepted, false);
      assert.match((await bench.run("approve", "Boiler")).stderr, /^error SWITCH_REFUSED: /);
      assert.match((await bench.run("suspend", "Nobody")).stderr, /^error PAIR_UNKNOWN: /);
    });

    it("shows past events filtered, and new ones as they happen", async () => {
      await bench.broker();
      await bench.run("suspend", "Boiler", "--reason", "works");
      await bench.run("resume", "Boiler");
      const warnings = await bench.run("events", "--severity", "warning");
      assert.match(
        warnings.stdout,
        /^\S+ warn {2}\[Boiler\] Automatic switchovers of 'Boiler' are suspended \(reason: works\)\.\n$/,
      );
      const follow = bench.start(["events", "--follow", "--json", "--pair", "Boiler", "--limit", "1"]);
      assert.equal(parse<{ code: string }>(await follow.nextLine()).code, "resumed");
      await bench.run("pair", "disable", "Boiler");
      assert.equal(parse<{ code: string }>(await follow.nextLine()).code, "disabled");
      await bench.run("events", "--clear");
      assert.equal((await bench.run("events")).stdout, "");
    });

    it("brings events back after a restart where the project says so", async () => {
      writeFileSync(
        project,
        projectOf("Boiler").replace(
          "  <pairs>",
          "  <diagnostics><preserveOnShutdown>true</preserveOnShutdown></diagnostics>\n  <pairs>",
        ),
      );
      const first = await bench.broker();
      await bench.run("suspend", "Boiler", "--reason", "before the restart");
      first.process.kill("SIGTERM");
      await first.finished;
      await bench.broker();
      const events = (await bench.run("events", "--json")).stdout.trimEnd().split("\n");
      const all = events.map((line) => parse<{ code: string }>(line).code);
      const codes = all.filter((code) => !code.startsWith("console"));
      assert.deepEqual(codes, ["brokerStarted", "suspended", "brokerStopped", "brokerStarted"]);
    });

    it("goes on where its log cannot be written", async () => {
      mkdirSync(state, { recursive: true });
      writeFileSync(join(state, "log"), "in the way");
      await bench.broker();
      assert.match(
        (await bench.run("events", "--code", "logFailed")).stdout,
        /The log file cannot be written/,
      );
    });
  });

  /** Repeats until the follower, which takes a moment to start, shows a line. */
  async function sayUntilHeard(follower: ReturnType<Bench["start"]>, say: () => void): Promise<void> {
    const timer = setInterval(say, 100);
    await follower.nextLine();
    clearInterval(timer);
  }
});
