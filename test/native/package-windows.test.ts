import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { unzipSync } from "fflate";
import {
  builtArchitectures,
  packagedPrograms,
  packageForWindows,
} from "../../tools/native/package-windows.ts";

const run = promisify(execFile);
const root = fileURLToPath(new URL("../../../", import.meta.url));

describe("The package for Windows", () => {
  let directory: string;
  let contents: Record<string, Uint8Array>;

  before(async function () {
    if (!builtArchitectures(root).includes("x64")) {
      console.log("      skipped: the native programs are not built (npm run build:native)");
      this.skip();
    }
    directory = await mkdtemp(join(tmpdir(), "understudy-package-"));
    contents = unzipSync(packageForWindows(root).bytes);
  });

  after(async () => {
    if (directory) await rm(directory, { recursive: true, force: true });
  });

  function textOf(path: string): string {
    const [key] = Object.keys(contents).filter((each) => each.endsWith(`-windows/${path}`));
    return Buffer.from(contents[key ?? ""] ?? []).toString("utf8");
  }

  it("has the programs as they were built, for each bitness that was", async () => {
    for (const architecture of builtArchitectures(root)) {
      for (const path of packagedPrograms(architecture)) {
        const [key = ""] = Object.keys(contents).filter((each) => each.endsWith(`/dist/native/${path}`));
        assert.deepEqual(Buffer.from(contents[key] ?? []), await readFile(join(root, "dist/native", path)));
      }
    }
  });

  it("is one folder, without what is for tests alone", () => {
    const paths = Object.keys(contents);
    assert.equal(new Set(paths.map((path) => path.split("/")[0])).size, 1);
    assert.deepEqual(
      paths.filter((path) => /proxystub|proxytest|\.o$|node_modules|\/test\/|\\/.test(path)),
      [],
    );
  });

  it("tells how to install it, and brings licence, lock file and documentation", () => {
    assert.match(textOf("README.txt"), /npm ci --omit=dev/);
    for (const path of ["LICENSE", "package-lock.json", "docs/opc-da.md", "config/project.schema.json"]) {
      assert.ok(textOf(path).length > 0, path);
    }
  });

  it("runs as it is unpacked: its commands accept its project of OPC DA servers", async () => {
    for (const [path, bytes] of Object.entries(contents)) {
      await mkdir(dirname(join(directory, path)), { recursive: true });
      await writeFile(join(directory, path), bytes);
    }
    const [first = ""] = Object.keys(contents);
    const folder = join(directory, first.split("/")[0] ?? "");
    await symlink(join(root, "node_modules"), join(folder, "node_modules"));
    const cli = join(folder, "dist/src/cli/main.js");
    const places = ["--project", join(folder, "redundancymaster.xml"), "--state-dir", directory];
    await run(process.execPath, [cli, ...places, "check"], { timeout: 30_000 });
    const { stdout } = await run(process.execPath, [cli, ...places, "pair", "list"], { timeout: 30_000 });
    assert.match(stdout, /Vendor\.Server\.1/);
  });
});
