import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { findDaServers } from "../../src/opc/da/find-da-servers.ts";
import { helperCommand } from "../../src/opc/da/helper/helper-command.ts";
import { HelperProcesses } from "../../src/opc/da/helper/helper-process.ts";
import { nativeFile, nativeFiles, registerSimulator } from "../../tools/native/programs.ts";
import { HelperSession, hex, server } from "./support/helper-session.ts";
import { describeNative } from "./support/machine.ts";

const sources = Object.freeze({ opcEnum: 1, categories: 2, registry: 3 });
const versions = Object.freeze({ da1: 1, da2: 2, all: 7 });
const da1Category = "{63D5F430-CFE4-11D1-B2C8-0060083BA1FB}";
const classOf = (instance: number) => `{7B1C2A40-5E0F-4D31-8F26-9C1D5B7E000${instance}}`;
const both = ["Understudy.Simulator.1", "Understudy.Simulator.2"];

describeNative("The servers of a machine", (machine) => {
  let session: HelperSession;
  const simulator = (...args: string[]) => machine().run(nativeFile(nativeFiles.simulator), ...args);

  before(async () => {
    // other files of this prefix have registered more
    for (const instance of [3, 4, 5, 6, 7, 8, 9]) {
      await simulator("--unregister", "--instance", String(instance));
    }
  });
  beforeEach(async () => {
    session = await HelperSession.start(machine());
  });
  afterEach(() => session.end());

  const list = async (wanted: number, of = "") => {
    const { source, servers } = await session.ask("listServers", { machine: of, versions: wanted });
    return { source, servers: [...servers].sort((a, b) => a.progId.localeCompare(b.progId)) };
  };
  const names = async (wanted: number, of = "") => {
    const { source, servers } = await list(wanted, of);
    return { source, servers: servers.map(({ progId }) => progId) };
  };

  for (const generation of [1, 2]) {
    it(`are asked of OPCEnum, generation ${generation}`, async () => {
      await simulator("--opcenum", String(generation), "--register");
      try {
        const { source, servers } = await list(versions.all);
        assert.equal(source, sources.opcEnum);
        assert.deepEqual(
          servers.map(({ progId, clsid }) => [progId, clsid]),
          both.map((progId, index) => [progId, classOf(index + 1)]),
        );
        assert.equal(servers[0]?.description, "Understudy OPC DA simulator 1");
        const isTold = generation === 2;
        assert.equal(servers[0]?.versionIndependentProgId, isTold ? "Understudy.Simulator" : null);
      } finally {
        await simulator("--opcenum", String(generation), "--unregister");
        for (const pid of machine().pidsOf("--opcenum")) process.kill(pid, "SIGKILL");
        machine().forgetKilledServers();
      }
    });
  }

  it("are found by their categories where there is no OPCEnum", async () => {
    assert.deepEqual(await names(versions.all), { source: sources.categories, servers: both });
    assert.deepEqual(await names(versions.da2), { source: sources.categories, servers: both });
  });

  it("are found by the key OPC of their ProgIDs where none is in a category", async () => {
    for (const instance of [1, 2]) {
      const key = `HKLM\\Software\\Classes\\CLSID\\${classOf(instance)}\\Implemented Categories\\${da1Category}`;
      await machine().run("reg", "delete", key, "/f");
    }
    try {
      assert.deepEqual(await names(versions.da1), { source: sources.registry, servers: both });
    } finally {
      for (const instance of [1, 2]) await registerSimulator(machine(), { instance, items: 1000 });
    }
  });

  it("are those of this machine also where it is named", async () => {
    const own = (await machine().run("hostname")).trim();
    for (const each of ["localhost", "127.0.0.1", own]) {
      assert.deepEqual(await names(versions.all, each), { source: sources.categories, servers: both }, each);
      const id = both[0] ?? "";
      await session.ask("openServer", { server, id, machine: each, classContext: 0, authentication: 0 });
      await session.ask("closeServer", { server });
    }
  });

  it("are refused with an error where no version is asked for", async () => {
    assert.equal(await session.refusal("listServers", { machine: "", versions: 0 }), hex(0x80070057));
  });

  it("of another machine are its OPCEnum's affair: without one there is an error, not this machine's list", async () => {
    const refused = await session.refusal("listServers", { machine: "192.0.2.1", versions: versions.all });
    assert.match(refused, /^0x8/);
  });

  describe("as the console and the command line show them", () => {
    const starter = () => {
      const command = helperCommand({
        executable: nativeFile(nativeFiles.helper),
        winePrefix: machine().prefix,
      });
      return new HelperProcesses({ command: { ...command, environment: machine().environment } });
    };

    it("have ProgID, CLSID and description", async () => {
      const found = await findDaServers(starter(), null);
      assert.deepEqual(
        found.map(({ progId, clsid }) => [progId, clsid]),
        both.map((progId, index) => [progId, classOf(index + 1)]),
      );
      assert.equal(found[0]?.description, "Understudy OPC DA simulator 1");
    });

    it("are not found on a machine that does not tell, which is said", async () => {
      await assert.rejects(findDaServers(starter(), "192.0.2.1"), { code: "DA_SERVERS_UNAVAILABLE" });
    });

    it("are looked for no longer than somebody wants them", async () => {
      const abort = new AbortController();
      const found = findDaServers(starter(), null, abort.signal);
      abort.abort();
      await assert.rejects(found, { code: "CANCELLED" });
    });

    it("are listed by the command", async () => {
      const directory = await mkdtemp(join(tmpdir(), "understudy-da-servers-"));
      const cli = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
      const env = { ...machine().environment, UNDERSTUDY_DA_WINE_PREFIX: machine().prefix };
      try {
        const args = [cli, "--state-dir", directory, "--json", "da", "servers"];
        const { stdout } = await promisify(execFile)(process.execPath, args, { env, timeout: 60_000 });
        const found = JSON.parse(stdout) as readonly { readonly progId: string }[];
        assert.deepEqual(
          found.map(({ progId }) => progId),
          both,
        );
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    });
  });
});
