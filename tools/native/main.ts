import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildNative } from "./build.ts";
import { type Architecture, adviceOn, findToolchain } from "./toolchain.ts";

/** The repository: this file runs as dist/tools/native/main.js. */
const root = process.env["UNDERSTUDY_ROOT"] ?? fileURLToPath(new URL("../../../", import.meta.url));

async function main(): Promise<number> {
  const architectures: Architecture[] = ["x64", "x86"];
  for (const architecture of architectures) {
    const toolchain = findToolchain(architecture);
    if (!("cxx" in toolchain)) {
      if (architecture === "x86") {
        console.log("x86: skipped, no compiler for 32 bit (package g++-mingw-w64-i686)");
        continue;
      }
      console.error(adviceOn(toolchain));
      return 1;
    }
    const output = join(root, "dist/native", architecture);
    const steps = await buildNative(toolchain, { root, output }, availableParallelism());
    console.log(
      `${architecture}: ${steps === 0 ? "up to date" : `${steps} steps`} in dist/native/${architecture}`,
    );
  }
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof AggregateError ? error.message : error);
  process.exitCode = 1;
}
