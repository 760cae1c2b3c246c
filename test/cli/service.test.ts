import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { quotedForUnit, type UnitOptions, unitText, watchdogSeconds } from "../../src/cli/service/unit.ts";
import { windowsCommandLine } from "../../src/cli/service/windows.ts";
import { temporaryDirectory } from "../control/helpers.ts";
import { type Bench, createBench } from "./helpers.ts";

const unitOptions: UnitOptions = {
  node: "/usr/bin/node",
  script: "/opt/understudy/main.js",
  projectFile: "/etc/understudy/redundancymaster.xml",
  stateDirectory: "/var/lib/understudy",
  unitDirectory: "/etc/systemd/system",
  isUser: false,
  runAs: null,
  needsLowPort: false,
  environmentFile: null,
};

/** Sections of a unit file; a setting that is there twice fails. */
function sectionsOf(text: string): Record<string, Record<string, string>> {
  const sections: Record<string, Record<string, string>> = {};
  let current: Record<string, string> = {};
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const section = /^\[(\w+)\]$/.exec(line)?.[1];
    if (section !== undefined) {
      current = {};
      sections[section] = current;
      continue;
    }
    const match = /^(\w+)=(.*)$/.exec(line);
    assert.ok(match?.[1], `a line of a unit: ${line}`);
    assert.equal(match[1] in current, false, `${match[1]} once`);
    current[match[1]] = match[2] ?? "";
  }
  return sections;
}

describe("the unit for systemd", () => {
  it("says how the broker is started, heard, reloaded and started again", () => {
    const { Service: service = {}, Install: install = {} } = sectionsOf(unitText(unitOptions));
    assert.equal(service["Type"], "notify");
    assert.equal(service["NotifyAccess"], "all");
    assert.equal(
      service["ExecStart"],
      "/usr/bin/node /opt/understudy/main.js run --quiet --project /etc/understudy/redundancymaster.xml --state-dir /var/lib/understudy",
    );
    assert.equal(service["ExecReload"], "/bin/kill -HUP $MAINPID");
    assert.equal(service["WatchdogSec"], `${watchdogSeconds}s`);
    assert.equal(service["Restart"], "on-failure");
    assert.equal(service["RestartPreventExitStatus"], "2");
    assert.equal(install["WantedBy"], "multi-user.target");
  });

  it("takes from the service what it does not need", () => {
    const { Service: service = {} } = sectionsOf(unitText(unitOptions));
    const expected = {
      DynamicUser: "yes",
      StateDirectory: "understudy",
      ProtectSystem: "strict",
      ReadWritePaths: "-/etc/understudy",
      NoNewPrivileges: "yes",
      CapabilityBoundingSet: "",
      PrivateTmp: "yes",
      PrivateDevices: "yes",
      ProtectHome: "yes",
      SystemCallFilter: "@system-service",
    };
    for (const [name, value] of Object.entries(expected)) assert.equal(service[name], value, name);
    assert.equal("MemoryDenyWriteExecute" in service, false, "Node.js makes machine code as it runs");
  });

  it("follows the user, the places and the ports that are chosen", () => {
    const own = sectionsOf(
      unitText({
        ...unitOptions,
        runAs: { user: "opc", group: "plant" },
        needsLowPort: true,
        stateDirectory: "/srv/a b/state",
        projectFile: "/home/opc/redundancymaster.xml",
        environmentFile: "/etc/understudy/env",
      }),
    )["Service"];
    assert.deepEqual([own?.["User"], own?.["Group"], own?.["DynamicUser"]], ["opc", "plant", undefined]);
    assert.equal(own?.["AmbientCapabilities"], "CAP_NET_BIND_SERVICE");
    assert.equal(own?.["ReadWritePaths"], '"-/srv/a b/state" -/home/opc');
    assert.equal(own?.["ProtectHome"], "read-only");
    assert.equal(own?.["StateDirectory"], undefined);
    assert.equal(own?.["EnvironmentFile"], "/etc/understudy/env");
    assert.match(own?.["ExecStart"] ?? "", /--state-dir "\/srv\/a b\/state"$/);
    const user = sectionsOf(unitText({ ...unitOptions, isUser: true }));
    assert.equal(user["Install"]?.["WantedBy"], "default.target");
    assert.equal("ProtectSystem" in (user["Service"] ?? {}), false, "not in a user's power");
  });

  it("keeps systemd from expanding and splitting paths", () => {
    assert.equal(quotedForUnit("/a/50%"), "/a/50%%");
    assert.equal(quotedForUnit("/a $HOME"), '"/a $$HOME"');
    assert.equal(quotedForUnit('a"b\\c'), '"a\\"b\\\\c"');
  });

  it("is found in order by systemd-analyze", function () {
    if (spawnSync("systemd-analyze", ["--version"]).status !== 0) {
      console.log("      skipped: no systemd-analyze here");
      this.skip();
    }
    this.timeout(60_000);
    const directory = temporaryDirectory();
    try {
      for (const isUser of [false, true]) {
        const file = join(directory.path, isUser ? "user.service" : "understudy.service");
        const script = join(directory.path, "main.js");
        writeFileSync(script, "");
        writeFileSync(file, unitText({ ...unitOptions, node: process.execPath, script, isUser }));
        const verified = spawnSync("systemd-analyze", ["verify", "--man=no", file], { encoding: "utf8" });
        // It looks at all units that this one names; what it says of others is not ours.
        const ours = verified.stderr.split("\n").filter((line) => line.includes(basename(file)));
        assert.deepEqual([verified.status, ours], [0, []]);
      }
      const offline = ["security", "--offline=true", join(directory.path, "understudy.service")];
      const security = spawnSync("systemd-analyze", offline, { encoding: "utf8" });
      const exposure = /Overall exposure level for \S+: ([\d.]+)/.exec(security.stdout)?.[1];
      if (exposure !== undefined) assert.ok(Number(exposure) < 3, `exposure ${exposure}`);
    } finally {
      directory.remove();
    }
  });
});

describe("the command line of a Windows service", () => {
  it("is taken apart again as it was put together", () => {
    assert.equal(
      windowsCommandLine(["C:\\Program Files\\node.exe", "a", 'say "x"', "C:\\end dir\\"]),
      '"C:\\Program Files\\node.exe" a "say \\"x\\"" "C:\\end dir\\\\"',
    );
  });
});

/** Writes down what it is asked; says "active" where a file says so. */
const playedSystemctl = `#!/bin/sh
echo "$@" >> "$PLAYED/calls"
for argument in "$@"; do
  if [ "$argument" = is-active ]; then
    if [ -e "$PLAYED/active" ]; then echo active; exit 0; fi
    echo inactive; exit 3
  fi
  if [ -e "$PLAYED/refuses" ] && [ "$argument" = enable ]; then echo "no thanks" >&2; exit 1; fi
done
`;

describe("understudy service", function () {
  this.timeout(60_000);
  let directory: ReturnType<typeof temporaryDirectory>;
  let bench: Bench;
  let environment: Record<string, string>;
  let unit: string;
  let state: string;

  before(function () {
    if (process.platform === "win32") this.skip();
  });
  beforeEach(() => {
    directory = temporaryDirectory();
    state = join(directory.path, "state");
    bench = createBench(directory.path, state);
    const programs = join(directory.path, "bin");
    mkdirSync(programs);
    writeFileSync(join(programs, "systemctl"), playedSystemctl);
    chmodSync(join(programs, "systemctl"), 0o755);
    const { PATH: path } = process.env;
    environment = { PATH: `${programs}:${path}`, PLAYED: directory.path };
    unit = join(directory.path, "units", "understudy.service");
    writeFileSync(
      join(directory.path, "redundancymaster.xml"),
      '<redundancymaster version="2"><opcUa><port>502</port></opcUa></redundancymaster>',
    );
  });
  afterEach(async () => {
    await bench.endAll();
    directory.remove();
  });

  const service = (...args: readonly string[]) => bench.start(["service", ...args], environment).finished;
  const placed = (action: string, ...args: readonly string[]) =>
    service(action, "--unit-dir", join(directory.path, "units"), ...args);
  const calls = (): string[] => {
    const file = join(directory.path, "calls");
    return existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
  };
  const stateNow = async (): Promise<unknown> =>
    (JSON.parse((await placed("status", "--json")).stdout) as { state: unknown }).state;

  it("installs and takes away a unit at once where no broker runs", async () => {
    assert.equal(await stateNow(), "notInstalled");
    const shown = await placed("install", "--dry-run");
    assert.equal(existsSync(unit), false);
    const done = await placed("install");
    assert.equal(done.code, 0, done.stderr);
    const text = readFileSync(unit, "utf8");
    assert.equal(shown.stdout, `# ${unit}\n${text}`);
    assert.match(text, /AmbientCapabilities=CAP_NET_BIND_SERVICE/, "for port 502");
    assert.deepEqual(
      calls().filter((call) => !call.includes("is-active")),
      ["daemon-reload", "enable understudy.service"],
    );
    writeFileSync(join(directory.path, "active"), "");
    const status = JSON.parse((await placed("status", "--json")).stdout) as object;
    assert.deepEqual(status, {
      state: "installed",
      serviceRunning: true,
      brokerRunning: false,
      target: unit,
    });
    const gone = await placed("uninstall");
    assert.equal(gone.code, 0, gone.stderr);
    assert.deepEqual(
      [existsSync(unit), calls().slice(-2)],
      [false, ["disable understudy.service", "daemon-reload"]],
    );
    assert.match((await placed("uninstall")).stdout, /is not installed/);
  });

  it("waits with both while a broker runs, until it is started again, and can be cancelled", async () => {
    const broker = await bench.broker();
    assert.match((await placed("install")).stdout, /installed when it is started again/);
    assert.deepEqual([existsSync(unit), await stateNow()], [false, "pendingInstall"]);
    assert.equal((await service("cancel")).code, 0);
    assert.equal(await stateNow(), "notInstalled");
    assert.match((await service("cancel")).stderr, /^error SERVICE_NOTHING_PENDING: /);
    await placed("install");
    broker.process.kill("SIGTERM");
    await broker.finished;
    assert.equal(existsSync(unit), false);
    const next = await bench.broker([], environment);
    assert.deepEqual([existsSync(unit), await stateNow()], [true, "installed"]);
    assert.ok(calls().includes("enable understudy.service"), "of the machine, not of a user");

    assert.match((await placed("uninstall")).stdout, /taken away when it has ended/);
    assert.deepEqual([existsSync(unit), await stateNow()], [true, "pendingUninstall"]);
    next.process.kill("SIGTERM");
    await next.finished;
    // As the unit's ExecStopPost does.
    const completed = await placed("complete");
    assert.equal(completed.code, 0, completed.stderr);
    assert.deepEqual([existsSync(unit), await stateNow()], [false, "notInstalled"]);
  });

  it("installs nothing on the word of a request that another user could have written", async () => {
    mkdirSync(state, { recursive: true });
    const request = join(state, "service-request.json");
    const wish = {
      version: 1,
      request: "install",
      requestedAt: "",
      content: "[Service]",
      target: unit,
      scope: "machine",
    };
    writeFileSync(request, JSON.stringify(wish));
    assert.equal((await placed("complete")).code, 0);
    assert.equal(existsSync(unit), false, "the service manager completes uninstallations only");
    chmodSync(request, 0o666);
    await bench.broker([], environment);
    assert.equal(existsSync(unit), false);
  });

  it("leaves nothing behind where systemd refuses, and says what it said", async () => {
    writeFileSync(join(directory.path, "refuses"), "");
    const { code, stderr } = await placed("install");
    assert.equal(code, 1);
    assert.match(stderr, /^error SERVICE_MANAGER_FAILED: systemctl enable understudy\.service: no thanks$/m);
    assert.equal(existsSync(unit), false);
    delete environment["PATH"];
    environment["PATH"] = join(directory.path, "nowhere");
    assert.match((await placed("install")).stderr, /^error SERVICE_MANAGER_FAILED: .*no systemctl/);
  });

  it("wants a good project, and options that go together", async () => {
    assert.equal((await placed("install", "--user", "--run-as", "opc")).code, 2);
    assert.equal((await placed("install", "--run-as", "a b")).code, 2);
    writeFileSync(join(directory.path, "redundancymaster.xml"), "<garbage");
    const { code, stderr } = await placed("install");
    assert.equal(code, 2);
    assert.match(stderr, /^error PROJECT_XML_INVALID: /);
    assert.equal(execFileSync("ls", [directory.path], { encoding: "utf8" }).includes("units"), false);
  });
});
