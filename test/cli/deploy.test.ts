import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { deployedPairs, finishDeployment } from "../../src/project/deployment-mark.ts";
import { readMachineState } from "../../src/project/machine-state.ts";
import { parseProject } from "../../src/project/project-document.ts";
import { temporaryDirectory } from "../control/helpers.ts";
import { type Bench, createBench, delivered } from "./helpers.ts";

const pairText = (name: string, more = ""): string =>
  `    <pair>
      <server>${name}</server>
      <protocol>opcua</protocol>
      <primary><machine>plc-a</machine></primary>
      <secondary><machine>plc-b</machine></secondary>${more}
    </pair>
`;
const projectOf = (version: number, ...pairs: readonly string[]): string =>
  `<redundancymaster version="${version}">
  <!-- of the plant -->
  <pairs>
${pairs.join("")}  </pairs>
</redundancymaster>
`;
const budget = "\n      <failover><switchBudget>3</switchBudget></failover>";
const oldText = projectOf(2, pairText("Boiler"), pairText("Mill"));
const newText = projectOf(1, pairText("Boiler", budget), pairText("Pump"));

describe("deploying a project", function () {
  this.timeout(300_000);
  let directory: ReturnType<typeof temporaryDirectory>;
  let bench: Bench;
  let state: string;
  let project: string;
  let incoming: string;

  beforeEach(() => {
    directory = temporaryDirectory();
    state = join(directory.path, "state");
    project = join(directory.path, "redundancymaster.xml");
    incoming = join(directory.path, "plant.xml");
    writeFileSync(project, oldText);
    writeFileSync(incoming, newText);
    bench = createBench(directory.path, state);
  });
  afterEach(async () => {
    await bench.endAll();
    directory.remove();
  });

  const parse = <T>(text: string): T => JSON.parse(text) as T;
  const content = (): string => readFileSync(project, "utf8");
  const enabled = async (): Promise<readonly string[]> => (await readMachineState(state)).enabledPairs;

  it("shows what differs, installs it in today's version with all pairs disabled, and takes it back", async () => {
    assert.equal((await bench.run("pair", "enable", "--all")).code, 0);
    const { code, stdout, stderr } = await bench.run("deploy", incoming, "--yes");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^\+ pair Pump: Pump \(opcua\) on plc-a and plc-b$/m);
    assert.match(stdout, /^- pair Mill: /m);
    assert.match(stdout, /^~ pair Boiler\n {4}failover\/switchoverLimit: none -> \{ switchovers 3 \}$/m);
    assert.match(stdout, /of version 1/);
    assert.match(stdout, /understudy pair enable --all/);
    assert.equal(content(), parseProject(newText, "plant.xml").upgraded().toString());
    assert.match(content(), /version="2"[\s\S]*of the plant[\s\S]*<switchovers>3</);
    assert.deepEqual(await enabled(), []);

    const undone = await bench.run("deploy", "--undo", "--yes", "--json");
    assert.equal(undone.code, 0, undone.stderr);
    assert.deepEqual(parse<{ enabledAfter: string[] }>(undone.stdout).enabledAfter, ["Boiler", "Mill"]);
    assert.equal(content(), oldText, "byte for byte");
    assert.deepEqual(await enabled(), ["Boiler", "Mill"]);
    const again = await bench.run("deploy", "--undo", "--yes");
    assert.equal(again.code, 1);
    assert.match(again.stderr, /^error DEPLOYMENT_NOTHING_KEPT: /);
  });

  it("leaves pairs enabled that are, where that is asked for", async () => {
    await bench.run("pair", "enable", "--all");
    const result = await bench.run("deploy", incoming, "--yes", "--keep-enabled", "--json");
    assert.deepEqual(parse<{ enabledAfter: string[] }>(result.stdout).enabledAfter, ["Boiler"]);
    assert.deepEqual(await enabled(), ["Boiler"]);
  });

  it("changes nothing with --dry-run, nor where nobody can be asked", async () => {
    const looked = await bench.run("deploy", incoming, "--dry-run", "--json");
    assert.equal(looked.code, 0, looked.stderr);
    const { deployed, changes } = parse<{ deployed: boolean; changes: { added: { name: string }[] } }>(
      looked.stdout,
    );
    assert.deepEqual([deployed, changes.added.map(({ name }) => name)], [false, ["Pump"]]);
    const unasked = await bench.run("deploy", incoming);
    assert.equal(unasked.code, 2);
    assert.match(unasked.stderr, /^error USAGE: .*--yes/m);
    assert.deepEqual([content(), existsSync(join(state, "replaced"))], [oldText, false]);
  });

  for (const [what, text] of [
    ["broken XML", "<redundancymaster version='2'><pairs>"],
    ["a wrong value", newText.replace("plc-b", "")],
    ["a later version", newText.replace('version="1"', 'version="9"')],
    [
      "a password in plain",
      newText.replace(
        "<machine>plc-a",
        "<user><name>u</name><password>hunter2</password></user><machine>plc-a",
      ),
    ],
  ] as const) {
    it(`refuses a file with ${what} in one clear line and changes nothing`, async () => {
      writeFileSync(incoming, text);
      const { code, stdout, stderr } = await bench.run("deploy", incoming, "--yes");
      assert.deepEqual([code, stdout, content()], [2, "", oldText]);
      assert.match(stderr, /^error PROJECT_[A-Z_]+: .*plant\.xml.*\n$/);
      assert.doesNotMatch(stderr, /hunter2/);
      assert.equal(existsSync(join(state, "replaced")), false);
    });
  }

  it("installs also where there is no project yet, and in the place of a faulty one", async () => {
    writeFileSync(project, "<garbage");
    const replaced = await bench.run("deploy", incoming, "--yes");
    assert.equal(replaced.code, 0, replaced.stderr);
    assert.match(replaced.stderr, /warning: the present project is faulty: /);
    assert.equal(readFileSync(join(state, "replaced", "000001.xml"), "utf8"), "<garbage");
    const elsewhere = join(directory.path, "other.xml");
    const first = await bench.run("deploy", incoming, "--yes", "--project", elsewhere);
    assert.equal(first.code, 0, first.stderr);
    assert.equal(readFileSync(elsewhere, "utf8"), content());
  });

  it("warns of secrets that this machine does not have and shows none", async () => {
    const user = (reference: string): string =>
      `<machine>plc-a</machine><user><name>u</name><password>${reference}</password></user>`;
    writeFileSync(
      incoming,
      newText
        .replace("<machine>plc-a</machine>", user("env:PLC_NOT_SET"))
        .replace("<machine>plc-b</machine>", user("file:plc-secret")),
    );
    writeFileSync(join(directory.path, "plc-secret"), "hunter2\n");
    const { code, stdout, stderr } = await bench.run("deploy", incoming, "--dry-run");
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^warning: pairs\/pair\[1\]\/primary\/user\/password: .*PLC_NOT_SET/m);
    assert.equal(stderr.match(/warning/g)?.length, 1, "the other one is there");
    assert.match(stdout, /primary\/user: none -> \{ name u, password \(not shown\) \}/);
    assert.doesNotMatch(stdout + stderr, /hunter2|plc-secret/);
  });

  it("says on a machine without a registry that OPC DA clients get nothing there", async () => {
    writeFileSync(incoming, newText.replace("opcua", "opcda"));
    const { stderr } = await bench.run("deploy", incoming, "--dry-run");
    assert.match(stderr, /warning: OPC DA needs Windows: nothing is registered on this machine for Boiler/);
  });

  it("is taken over by the running broker, which serves none of the pairs then", async () => {
    const port = await freePort();
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const takenPort = (taken.address() as AddressInfo).port;
    const front = `<opcUa><port>${port}</port></opcUa><pairs>`;
    writeFileSync(project, oldText.replace("<pairs>", front));
    writeFileSync(incoming, newText.replace("<pairs>", front));
    const real = createBench(directory.path, state, delivered);
    try {
      await real.broker();
      assert.equal((await real.run("pair", "enable", "--all")).code, 0);
      const deployed = await real.run("deploy", incoming, "--yes", "--json");
      assert.equal(deployed.code, 0, deployed.stderr);
      assert.deepEqual(parse<{ reload: unknown }>(deployed.stdout).reload, {
        added: ["Pump"],
        removed: ["Mill"],
        changed: ["Boiler"],
        restarted: [],
      });
      const names = async (): Promise<(readonly [string, boolean])[]> =>
        parse<{ name: string; enabled: boolean }[]>((await real.run("pair", "status", "--json")).stdout).map(
          (pair) => [pair.name, pair.enabled],
        );
      assert.deepEqual(await names(), [
        ["Boiler", false],
        ["Pump", false],
      ]);
      assert.equal((await real.run("deploy", "--undo", "--yes")).code, 0);
      assert.deepEqual(await names(), [
        ["Boiler", true],
        ["Mill", true],
      ]);
      writeFileSync(incoming, newText.replace("<pairs>", `<opcUa><port>${takenPort}</port></opcUa><pairs>`));
      const refused = await real.run("deploy", incoming, "--yes");
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /^error LISTEN_FAILED: /m);
      assert.equal(content(), oldText.replace("<pairs>", front), "the old project is put back");
      assert.deepEqual(await names(), [
        ["Boiler", true],
        ["Mill", true],
      ]);
      const other = await real.run("deploy", incoming, "--yes", "--project", join(directory.path, "x.xml"));
      assert.match(other.stderr, /^error DEPLOYMENT_OTHER_PROJECT: /m);
    } finally {
      taken.close();
      await real.endAll();
    }
  });

  it("leaves the old project or the new one, each with its pairs, at whatever moment it is killed", async () => {
    await bench.run("pair", "enable", "--all");
    const upgraded = parseProject(newText, "plant.xml").upgraded().toString();
    const seen = new Set<string>();
    let steps = 0;
    for (let killAt = 1; killAt < 100; killAt += 1) {
      const code = await deployAndKill(killAt);
      const text = content();
      assert.ok(text === oldText || text === upgraded, `whole after a kill at step ${killAt}`);
      const pending = await deployedPairs(state);
      if (text === oldText) assert.equal(pending, null, `step ${killAt}`);
      // As the next start of the broker does.
      await finishDeployment(state);
      assert.deepEqual(await enabled(), text === oldText ? ["Boiler", "Mill"] : [], `step ${killAt}`);
      assert.equal(existsSync(join(state, "deployment.json")), false, `step ${killAt}`);
      seen.add(text === oldText ? "old" : "new");
      steps = killAt;
      if (code === 0) break;
      writeFileSync(project, oldText);
      writeFileSync(join(state, "machine-state.json"), '{"version":1,"enabledPairs":["Boiler","Mill"]}\n');
    }
    assert.deepEqual([...seen].sort(), ["new", "old"]);
    assert.ok(steps > 10 && steps < 99, `${steps} steps`);
    for (const name of readdirSync(join(state, "replaced"))) assert.match(name, /^\.|^[0-9]{6}\.(xml|json)$/);
  });

  /** The exit code; null = killed. */
  async function deployAndKill(killAt: number): Promise<number | null> {
    const preload = fileURLToPath(new URL("./kill-at-step.js", import.meta.url));
    const child = spawn(process.execPath, ["--import", preload, delivered, "deploy", incoming, "--yes"], {
      cwd: directory.path,
      env: { HOME: directory.path, UNDERSTUDY_STATE_DIR: state, TEST_KILL_AT: String(killAt) },
      stdio: "ignore",
    });
    const [code] = (await once(child, "close")) as [number | null];
    return code;
  }

  it("exports the project with or without its e-mail settings", async () => {
    const mail = "\n      <notifications><to><address>a@b.c</address></to></notifications>";
    const target = join(directory.path, "exported.xml");
    writeFileSync(project, projectOf(2, pairText("Boiler", mail)));
    assert.equal((await bench.run("export", target)).code, 0);
    assert.equal(readFileSync(target, "utf8"), content());
    const refused = await bench.run("export", target, "--without-notifications");
    assert.equal(refused.code, 2);
    const forced = await bench.run("export", target, "--without-notifications", "--force", "--json");
    assert.equal(forced.code, 0, forced.stderr);
    const { leftOut } = parse<{ leftOut: { changed: { settings: { path: string }[] }[] } }>(forced.stdout);
    assert.deepEqual(leftOut.changed[0]?.settings[0]?.path, "notifications");
    assert.doesNotMatch(readFileSync(target, "utf8"), /a@b\.c/);
    assert.match(readFileSync(target, "utf8"), /of the plant/);
  });

  it("enables and disables all pairs, and wants either a name or --all", async () => {
    const on = await bench.run("pair", "enable", "--all", "--json");
    assert.deepEqual(
      parse<{ pairs: { pair: string; enabled: boolean }[] }>(on.stdout).pairs.map(({ pair }) => pair),
      ["Boiler", "Mill"],
    );
    assert.equal((await bench.run("pair", "disable", "--all")).code, 0);
    assert.deepEqual(await enabled(), []);
    assert.equal((await bench.run("pair", "enable")).code, 2);
    assert.equal((await bench.run("pair", "enable", "Boiler", "--all")).code, 2);
  });

  it("says in a check what would be written differently in a file of an older version", async () => {
    writeFileSync(project, newText);
    const { code, stdout } = await bench.run("check");
    assert.equal(code, 0);
    assert.match(
      stdout,
      /is of version 1\..*in version 2:\n {2}pairs\/pair\[1\]\/failover\/switchBudget becomes/s,
    );
    assert.equal(content(), newText);
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const closed = once(server, "close");
  server.close();
  await closed;
  return port;
}
