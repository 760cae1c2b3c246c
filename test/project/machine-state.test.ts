import assert from "node:assert/strict";
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { UnderstudyError } from "../../src/core/error.ts";
import {
  emptyMachineState,
  isPairEnabled,
  machineStateFile,
  readMachineState,
  saveMachineState,
  setAsideMachineState,
  withPairEnabled,
  withPairRenamed,
} from "../../src/project/machine-state.ts";
import {
  ensureStateDirectory,
  type StateDirectoryContext,
  stateDirectory,
} from "../../src/project/state-directory.ts";
import { withDirectory } from "./support.ts";

const onUnix = process.platform === "win32" ? it.skip : it;

describe("the state of this machine", () => {
  it("has every pair disabled until it is enabled here", async () => {
    await withDirectory(async (directory) => {
      const state = await readMachineState(join(directory, "none"));
      assert.deepEqual(state, emptyMachineState);
      assert.equal(isPairEnabled(state, "Plant"), false);
    });
  });

  it("remembers which pairs are enabled", async () => {
    await withDirectory(async (directory) => {
      const inner = join(directory, "state", "understudy");
      await saveMachineState(
        inner,
        withPairEnabled(withPairEnabled(emptyMachineState, "Plant", true), "Mill", true),
      );
      const state = await readMachineState(inner);
      assert.equal(isPairEnabled(state, "plant"), true);
      await saveMachineState(inner, withPairEnabled(state, "PLANT", false));
      assert.deepEqual((await readMachineState(inner)).enabledPairs, ["Mill"]);
      assert.deepEqual(await readdir(inner), ["machine-state.json"]);
    });
  });

  it("keeps a pair enabled or disabled when it is seen under another name", () => {
    const state = withPairEnabled(emptyMachineState, "Plant", true);
    assert.deepEqual(withPairRenamed(state, "Plant", "Plant.2").enabledPairs, ["Plant.2"]);
    assert.deepEqual(withPairRenamed(state, "Mill", "Mill.2").enabledPairs, ["Plant"]);
    assert.deepEqual(withPairRenamed(state, "Plant", "PLANT").enabledPairs, ["PLANT"]);
  });

  onUnix("is for its user alone", async () => {
    await withDirectory(async (directory) => {
      const inner = join(directory, "state");
      await saveMachineState(inner, emptyMachineState);
      assert.equal((await stat(inner)).mode & 0o777, 0o700);
      assert.equal((await stat(machineStateFile(inner))).mode & 0o777, 0o600);
    });
  });

  for (const [what, text] of [
    ["cut off", '{"version": 1, "enabledPairs": ["Pla'],
    ["empty", ""],
    ["of a later version", '{"version": 2, "enabledPairs": []}'],
    ["of another shape", '{"version": 1, "enabledPairs": "Plant"}'],
    ["no object", "null"],
  ] as const) {
    it(`is refused when it is ${what}, and nothing of it is lost`, async () => {
      await withDirectory(async (directory) => {
        const file = machineStateFile(directory);
        await writeFile(file, text);
        await assert.rejects(readMachineState(directory), (error: unknown) => {
          assert.ok(error instanceof UnderstudyError);
          assert.equal(error.code, "MACHINE_STATE_DAMAGED");
          assert.ok(error.message.includes(file));
          return true;
        });
        assert.equal(await readFile(file, "utf8"), text);
        assert.equal(await readFile(`${file}.damaged`, "utf8"), text);
      });
    });
  }

  it("can be set aside, after which every pair is disabled", async () => {
    await withDirectory(async (directory) => {
      await writeFile(machineStateFile(directory), "?");
      const aside = await setAsideMachineState(directory, new Date(0));
      assert.equal(await readFile(String(aside), "utf8"), "?");
      assert.deepEqual(await readMachineState(directory), emptyMachineState);
      assert.equal(await setAsideMachineState(directory, new Date(0)), null);
    });
  });
});

describe("the state directory", () => {
  const context: StateDirectoryContext = {
    option: null,
    environment: {},
    platform: "linux",
    isRoot: false,
    home: "/home/operator",
  };

  onUnix("is what the command line says, else the environment, else the system's usual place", () => {
    const environment = { UNDERSTUDY_STATE_DIR: "/srv/state", XDG_STATE_HOME: "/xdg" };
    assert.equal(stateDirectory({ ...context, option: "/opt/state", environment }), "/opt/state");
    assert.equal(stateDirectory({ ...context, environment }), "/srv/state");
    assert.equal(stateDirectory({ ...context, environment: { XDG_STATE_HOME: "/xdg" } }), "/xdg/understudy");
    assert.equal(
      stateDirectory({ ...context, environment: { XDG_STATE_HOME: "relative", UNDERSTUDY_STATE_DIR: "" } }),
      "/home/operator/.local/state/understudy",
    );
    assert.equal(stateDirectory({ ...context, isRoot: true }), "/var/lib/understudy");
  });

  it("is below ProgramData on Windows", () => {
    const windows = { ...context, platform: "win32" as const, environment: { ProgramData: "D:\\Data" } };
    assert.equal(stateDirectory(windows), "D:\\Data\\Understudy");
    assert.equal(stateDirectory({ ...windows, environment: {} }), "C:\\ProgramData\\Understudy");
  });

  it("is refused where a file stands in its place", async () => {
    await withDirectory(async (directory) => {
      const file = join(directory, "file");
      await writeFile(file, "");
      const refused = (error: unknown): boolean =>
        error instanceof UnderstudyError && error.code === "STATE_DIRECTORY_UNUSABLE";
      await assert.rejects(ensureStateDirectory(file), refused);
      await assert.rejects(ensureStateDirectory(join(file, "below")), refused);
      await mkdir(join(directory, "there"));
      await ensureStateDirectory(join(directory, "there"));
    });
  });
});
