import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildNative } from "./build.ts";
import { type Architecture, adviceOn, findToolchain } from "./toolchain.ts";

/** The repository: this file runs as dist/tools/native/main.js. */
const root = process.env["UNDERSTUDY_ROOT"] ?? fileURLToPath(new URL("../../../", import.meta.url));

const architectures: readonly Architecture[] = ["x64", "x86"];

/** Builds the architectures that are named on the command line, all of them where none is. */
async function main(wanted: readonly string[]): Promise<number> {
  const unknown = wanted.find((name) => !architectures.some((each) => each === name));
  if (unknown !== undefined) {
    console.error(`"${unknown}" is no architecture; expected ${architectures.join(" or ")}`);
    return 2;
  }
  for (const architecture of architectures) {
    if (wanted.length > 0 && !wanted.includes(architecture)) continue;
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
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof AggregateError ? error.message : error);
  process.exitCode = 1;
}
