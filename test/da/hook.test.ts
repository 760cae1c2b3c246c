import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  classKey,
  daCategories,
  marshalerCategory,
  proxyClassOf,
  proxyKey,
} from "../../src/opc/da/hook/classes.ts";
import {
  assertProgIdFree,
  choicesOfEntry,
  describeHook,
  describeUnhook,
  disableHook,
  enableHook,
  type Hook,
  hookedNames,
  recoverHooks,
} from "../../src/opc/da/hook/hook.ts";
import { hookRequestFor } from "../../src/opc/da/hook/installation.ts";
import { fileHookJournal, type HookJournal } from "../../src/opc/da/hook/journal.ts";
import type { HookRequest } from "../../src/opc/da/hook/plan.ts";
import { findValue, textOf, textValue } from "../../src/opc/da/hook/registry.ts";
import { MemoryRegistry } from "./support/memory-registry.ts";
import { daPair } from "./support/played-pair.ts";

const original = "{7BC0CC8E-482C-47CA-ABDC-0FE7F9C6E729}";
const server = "Plant.Server.1";
const exe = "C:\\Understudy\\understudy-da-proxy.exe";
const dll64 = "C:\\Understudy\\understudy-da-proxy.dll";

function request(changes: Partial<HookRequest> = {}): HookRequest {
  return {
    name: server,
    server,
    machines: ["localhost", "standby"],
    programs: { dll64, dll32: null, exe },
    forbidOriginal: false,
    allowMinimalRegistration: false,
    knownClsid: null,
    ...changes,
  };
}

function installedServer(): MemoryRegistry {
  const registry = new MemoryRegistry();
  registry.set("SOFTWARE\\Classes\\Plant.Server.1\\CLSID", "", original);
  registry.set("SOFTWARE\\Classes\\Plant.Server\\CLSID", "", original);
  registry.set("SOFTWARE\\Classes\\Plant.Server\\CurVer", "", server);
  for (const view of [64, 32] as const) {
    registry.set(classKey(original), "", "Plant server", view);
    registry.set(`${classKey(original)}\\ProgID`, "", server, view);
    registry.set(`${classKey(original)}\\VersionIndependentProgID`, "", "Plant.Server", view);
    registry.set(`${classKey(original)}\\LocalServer32`, "", "C:\\Plant\\server.exe", view);
    registry.set(`${classKey(original)}\\LocalServer32`, "ServerExecutable", "C:\\Plant\\server.exe", view);
    registry.set(`${classKey(original)}\\Implemented Categories\\${daCategories[1]}`, "kept", "yes", view);
  }
  return registry;
}

describe("the registry hook of OPC DA", () => {
  let directory: string;
  let journal: HookJournal;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "understudy-hook-"));
    journal = fileHookJournal(directory);
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  async function text(registry: MemoryRegistry, path: string, name = "", view: 64 | 32 = 64) {
    return textOf(findValue(await registry.read({ view, path }), name));
  }

  it("leads the ProgID to the proxy and leaves the way to the original open", async () => {
    const registry = installedServer();
    const { clsid } = await enableHook({ registry, journal }, request());
    assert.equal(await text(registry, "SOFTWARE\\Classes\\Plant.Server.1\\CLSID"), clsid);
    assert.equal(await text(registry, "SOFTWARE\\Classes\\Plant.Server\\CLSID"), clsid);
    assert.equal(await text(registry, `${classKey(clsid)}\\InprocServer32`), dll64);
    assert.equal(await text(registry, `${classKey(clsid)}\\LocalServer32`), `"${exe}" /class:${clsid}`);
    assert.equal(await text(registry, `${classKey(original)}\\InprocServer32`), dll64);
    assert.equal(await text(registry, `${classKey(original)}\\LocalServer32`), "C:\\Plant\\server.exe");
    assert.equal(await text(registry, proxyKey(clsid), "Target"), server);
    assert.equal(await text(registry, proxyKey(clsid), "Original"), original);
    assert.equal(await text(registry, proxyKey(original), "Target"), server);
    assert.equal(await text(registry, "SOFTWARE\\Understudy\\Originals", server), original);
  });

  it("shows the server once to clients that browse", async () => {
    const registry = installedServer();
    const { clsid } = await enableHook({ registry, journal }, request());
    for (const category of daCategories) {
      const path = `Implemented Categories\\${category}`;
      assert.notEqual(await registry.read({ view: 64, path: `${classKey(clsid)}\\${path}` }), null);
      assert.equal(await registry.read({ view: 64, path: `${classKey(original)}\\${path}` }), null);
    }
  });

  it("lets clients that refuse custom marshaling trust the class that the EXE names", async () => {
    const registry = installedServer();
    const { clsid } = await enableHook({ registry, journal }, request());
    const path = `${classKey(clsid)}\\Implemented Categories\\${marshalerCategory}`;
    for (const view of [64, 32] as const) assert.notEqual(await registry.read({ view, path }), null);
  });

  it("takes the EXE's place too where no member of the pair runs on this machine", async () => {
    const registry = installedServer();
    await enableHook({ registry, journal }, request({ machines: ["left", "right"] }));
    assert.equal(await text(registry, `${classKey(original)}\\LocalServer32`), `"${exe}" /class:${original}`);
    assert.equal(await text(registry, proxyKey(original), "OriginalMachine"), "left");
  });

  it("restores exactly what was there", async () => {
    const registry = installedServer();
    const before = registry.dump();
    await enableHook({ registry, journal }, request());
    assert.notDeepEqual(registry.dump(), before);
    assert.deepEqual(await disableHook({ registry, journal }, server), { name: server, left: [] });
    assert.deepEqual(registry.dump(), before);
    assert.deepEqual(await hookedNames({ registry, journal }), []);
    assert.equal(await disableHook({ registry, journal }, server), null);
  });

  it("restores exactly what was there after a crash at any step", async () => {
    const steps = (await describeHook({ registry: installedServer(), journal }, request())).length;
    assert.ok(steps > 30, `${steps} steps`);
    for (let crash = 0; crash <= steps; crash++) {
      const registry = installedServer();
      const before = registry.dump();
      registry.stepsLeft = crash;
      // The process ends: neither the registry nor the journal takes anything after that.
      const dying: HookJournal = {
        ...journal,
        write: (entry) =>
          registry.stepsLeft < 0 ? Promise.reject(new Error("ended")) : journal.write(entry),
      };
      await enableHook({ registry, journal: dying }, request()).catch(() => undefined);
      registry.stepsLeft = Number.POSITIVE_INFINITY;
      const hook: Hook = { registry, journal };
      await recoverHooks(hook);
      if (crash === steps) await disableHook(hook, server);
      assert.deepEqual(registry.dump(), before, `after a crash at step ${crash}`);
      assert.deepEqual(await hookedNames(hook), []);
    }
  });

  it("takes away the hook of a name that is not wanted, e.g. after a crash while a pair got another name", async () => {
    const registry = installedServer();
    const before = registry.dump();
    const hook = { registry, journal };
    await enableHook(hook, request());
    const withServer = registry.dump();
    await enableHook(hook, request({ name: "Plant.Line2" }));
    const undone = await recoverHooks(hook, (name) => name === server);
    assert.deepEqual(undone, [{ name: "Plant.Line2", left: [] }]);
    assert.deepEqual(registry.dump(), withServer);
    await disableHook(hook, server);
    assert.deepEqual(registry.dump(), before);
  });

  it("remembers how a pair was hooked", async () => {
    const hook = { registry: installedServer(), journal };
    const choices = { forbidOriginal: true, allowMinimalRegistration: true, knownClsid: original };
    await enableHook(hook, request(choices));
    const entry = await journal.find(server);
    assert.ok(entry);
    assert.deepEqual(choicesOfEntry(entry), choices);
    const { choices: _, ...older } = entry;
    const assumed = { forbidOriginal: false, allowMinimalRegistration: false, knownClsid: null };
    assert.deepEqual(choicesOfEntry(older), assumed);
  });

  it("makes a name of no OPC DA server a ProgID, and takes it away again", async () => {
    const registry = new MemoryRegistry();
    const hook = { registry, journal };
    const wanted = request({ name: "Boiler", server: null });
    const { clsid, original: none, isMinimalRegistration } = await enableHook(hook, wanted);
    assert.deepEqual([none, isMinimalRegistration], [null, false]);
    assert.equal(await text(registry, "SOFTWARE\\Classes\\Boiler\\CLSID"), clsid);
    assert.equal(await text(registry, `${classKey(clsid)}\\InprocServer32`), dll64);
    assert.equal(await text(registry, proxyKey(clsid), "Target"), "Boiler");
    assert.equal(await text(registry, proxyKey(clsid), "Original"), null);
    const category = `Implemented Categories\\${daCategories[1]}`;
    assert.notEqual(await registry.read({ view: 64, path: `${classKey(clsid)}\\${category}` }), null);
    await disableHook(hook, "boiler");
    assert.deepEqual(registry.dump(), []);
    registry.set("SOFTWARE\\Classes\\Boiler\\CLSID", "", original);
    await assert.rejects(enableHook(hook, wanted), { code: "DA_HOOK_NAME_TAKEN" });
  });

  it("takes the server of the members where the pair's own name is no ProgID of theirs", () => {
    const places = { program: { command: "", arguments: [] }, programs: { dll64, dll32: null, exe } };
    const choices = { forbidOriginal: false, allowMinimalRegistration: false, knownClsid: null };
    const requestOf = (primary: string | null, secondary: string | null) => {
      const pair = daPair("hot");
      const settings = {
        ...pair,
        primary: { ...pair.primary, endpointUrl: primary },
        secondary: { ...pair.secondary, endpointUrl: secondary },
      };
      return hookRequestFor(settings, places, choices);
    };
    assert.equal(requestOf(null, null).server, server);
    assert.equal(requestOf(null, "opcda://b/Other.1").server, server);
    assert.equal(requestOf("opcda://a/Mill.1", "opcda://localhost/Mill.2").server, "Mill.2");
    assert.equal(requestOf("opcda://a/Mill.1", "opcda://b/Mill.2").server, "Mill.1");
    assert.deepEqual(requestOf("opcda://a/Mill.1", "opcda://localhost/Mill.2").machines, ["a", "localhost"]);
  });

  it("goes on undoing after a crash while it undid", async () => {
    const registry = installedServer();
    const before = registry.dump();
    const hook = { registry, journal };
    await enableHook(hook, request());
    for (let round = 0; round < 100 && (await hookedNames(hook)).length > 0; round++) {
      registry.stepsLeft = round;
      await disableHook(hook, server).catch(() => undefined);
    }
    assert.deepEqual(registry.dump(), before);
  });

  it("leaves what somebody else has changed since, and says so", async () => {
    const registry = installedServer();
    const hook = { registry, journal };
    await enableHook(hook, request());
    const newer = "{11111111-2222-3333-4444-555555555555}";
    registry.set("SOFTWARE\\Classes\\Plant.Server.1\\CLSID", "", newer);
    const undone = await disableHook(hook, server);
    assert.equal(undone?.left.length, 1);
    assert.match(undone?.left[0] ?? "", /Plant\.Server\.1\\CLSID/);
    assert.equal(await text(registry, "SOFTWARE\\Classes\\Plant.Server.1\\CLSID"), newer);
  });

  it("refuses a server that is not installed unless a minimal registration is asked for", async () => {
    const registry = new MemoryRegistry();
    const hook = { registry, journal };
    await assert.rejects(enableHook(hook, request()), { code: "DA_HOOK_SERVER_NOT_INSTALLED" });
    assert.deepEqual(registry.dump(), []);
    const wanted = request({
      allowMinimalRegistration: true,
      knownClsid: original,
      machines: ["left", "right"],
    });
    const plan = await enableHook(hook, wanted);
    assert.ok(plan.isMinimalRegistration);
    assert.equal(await text(registry, `${classKey(original)}\\LocalServer32`), `"${exe}" /class:${original}`);
    assert.equal(await text(registry, `${classKey(original)}\\ProgID`), server);
    assert.equal(await text(registry, proxyKey(plan.clsid), "OriginalMachine"), "left");
    await disableHook(hook, server);
    assert.deepEqual(registry.dump(), []);
  });

  it("makes an alias a ProgID of its own and leaves the server's alone", async () => {
    const registry = installedServer();
    const hook = { registry, journal };
    const alias = "Plant.Server.1.Line2";
    const { clsid } = await enableHook(hook, request({ name: alias }));
    assert.equal(clsid, proxyClassOf(alias));
    assert.equal(await text(registry, `SOFTWARE\\Classes\\${alias}\\CLSID`), clsid);
    assert.equal(await text(registry, "SOFTWARE\\Classes\\Plant.Server.1\\CLSID"), original);
    assert.equal(await text(registry, `${classKey(original)}\\InprocServer32`), null);
    await assertProgIdFree(journal, server);
    await enableHook(hook, request());
    await assert.rejects(assertProgIdFree(journal, server), { code: "DA_HOOK_PROGID_IN_USE" });
    assert.equal(await text(registry, proxyKey(proxyClassOf(server)), "Original"), original);
  });

  it("restores everything whatever the order in which two pairs of one server are disabled", async () => {
    const alias = "Plant.Server.1.Line2";
    for (const order of [
      [server, alias],
      [alias, server],
    ]) {
      const registry = installedServer();
      const before = registry.dump();
      const hook = { registry, journal };
      await enableHook(hook, request({ name: alias }));
      await enableHook(hook, request());
      for (const name of order) await disableHook(hook, name);
      assert.deepEqual(registry.dump(), before);
    }
  });

  it("refuses an alias that is the ProgID of something else", async () => {
    const registry = installedServer();
    registry.set("SOFTWARE\\Classes\\Other.Thing\\CLSID", "", "{11111111-2222-3333-4444-555555555555}");
    const wanted = request({ name: "Other.Thing" });
    await assert.rejects(enableHook({ registry, journal }, wanted), { code: "DA_HOOK_NAME_TAKEN" });
  });

  it("hooks anew with new paths and still restores the first state", async () => {
    const registry = installedServer();
    const before = registry.dump();
    const hook = { registry, journal };
    await enableHook(hook, request());
    const moved = { dll64: "D:\\u.dll", dll32: "D:\\u32.dll", exe: "D:\\u.exe" };
    const { clsid } = await enableHook(hook, request({ programs: moved }));
    assert.equal(await text(registry, `${classKey(clsid)}\\InprocServer32`, "", 32), "D:\\u32.dll");
    await disableHook(hook, server);
    assert.deepEqual(registry.dump(), before);
  });

  it("prints what it would do without doing it", async () => {
    const registry = installedServer();
    const before = registry.dump();
    const hook = { registry, journal };
    const lines = await describeHook(hook, request());
    assert.ok(
      lines.some((line) => line.includes("Plant.Server.1\\CLSID") && line.includes(`was "${original}"`)),
    );
    assert.deepEqual(registry.dump(), before);
    await enableHook(hook, request());
    const undo = await describeUnhook(hook, server);
    assert.equal(undo.length, lines.length);
    assert.deepEqual(await describeUnhook(hook, "nobody"), []);
  });

  it("changes nothing where its journal is damaged", async () => {
    const registry = installedServer();
    const hook = { registry, journal };
    await enableHook(hook, request());
    const hooked = registry.dump();
    await writeFile(join(directory, "da-hook", "plant.server.1.json"), "{");
    await assert.rejects(disableHook(hook, server), { code: "DA_HOOK_JOURNAL_DAMAGED" });
    assert.deepEqual(registry.dump(), hooked);
  });

  it("keeps a class for each name, the same on every machine", () => {
    assert.equal(proxyClassOf("Plant.Server.1"), proxyClassOf("plant.server.1"));
    assert.notEqual(proxyClassOf("Plant.Server.1"), proxyClassOf("Plant.Server.2"));
    assert.match(
      proxyClassOf("x"),
      /^\{[0-9A-F]{8}-[0-9A-F]{4}-8[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}\}$/,
    );
    assert.equal(textOf(textValue("ä€")), "ä€");
  });
});
