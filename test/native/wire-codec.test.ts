import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = process.env["UNDERSTUDY_ROOT"] ?? fileURLToPath(new URL("../../../", import.meta.url));
const hasCompiler = (process.env["PATH"] ?? "")
  .split(delimiter)
  .some((folder) => existsSync(join(folder, "g++")));
const isNative = process.env["UNDERSTUDY_NATIVE_TESTS"] === "1";

/** The C++ codec knows nothing of Windows, so it is tested where the sanitizers are. */
describe("The OPC DA wire in C++", () => {
  const test = isNative && hasCompiler ? it : it.skip;

  test("agrees with every vector and stays in bounds whatever it is given", async function () {
    this.timeout(120_000);
    const folder = mkdtempSync(join(tmpdir(), "understudy-wire-"));
    try {
      const program = join(folder, "wire_test");
      await run("g++", [
        ...["-std=c++17", "-g", "-O1", "-Wall", "-Wextra", "-Werror"],
        ...["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-I", join(root, "native")],
        ...[join(root, "test/native/wire_test.cpp"), join(root, "native/common/wire/value.cpp")],
        ...["-o", program],
      ]);
      const { stdout } = await run(program, [join(root, "test/native/vectors")]);
      assert.match(stdout, / vectors, 0 failed\n$/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
