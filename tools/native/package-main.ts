import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { packageForWindows } from "./package-windows.ts";

/** The repository: this file runs as dist/tools/native/package-main.js. */
const root = process.env["UNDERSTUDY_ROOT"] ?? fileURLToPath(new URL("../../../", import.meta.url));

try {
  const made = packageForWindows(root);
  writeFileSync(join(root, "dist", made.fileName), made.bytes);
  const size = (made.bytes.length / 1e6).toFixed(1);
  const native = made.architectures.join(" and ");
  console.log(`dist/${made.fileName}: ${made.paths.length} files, ${size} MB, native programs for ${native}`);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
