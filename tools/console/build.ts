import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

// Bundles the pages of the console into dist/console, where they are older than their sources.

const root = fileURLToPath(new URL("../../../", import.meta.url));
const pages = join(root, "src", "console", "pages");
/** Pages use parts of the core and of the diagnostics. */
const sources = join(root, "src");
const out = join(root, "dist", "console");

/** Time of the latest change below a folder, in ms. */
function latestChange(folder: string): number {
  return Math.max(
    0,
    ...readdirSync(folder, { withFileTypes: true }).map((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? latestChange(path) : statSync(path).mtimeMs;
    }),
  );
}

function isCurrent(): boolean {
  const index = join(out, "index.html");
  if (!existsSync(index)) return false;
  const builtMs = statSync(index).mtimeMs;
  return latestChange(sources) < builtMs && statSync(join(root, "package-lock.json")).mtimeMs < builtMs;
}

if (!isCurrent()) {
  await build({
    configFile: false,
    root: pages,
    logLevel: "warn",
    base: "/",
    oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
    build: {
      outDir: out,
      emptyOutDir: true,
      // scripts and styles in files of their own: the policy of the console allows no others
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      target: "es2022",
    },
  });
}
