import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";

/** The root of the repository: three folders up from dist/test/house. */
export const root = fileURLToPath(new URL("../../../", import.meta.url));

const generated = new Set(["node_modules", "dist", ".git"]);

/** Paths of all files of the repository, relative to its root; without what is installed or built. */
export function repositoryFiles(folder = ""): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name);
    if (generated.has(entry.name) || entry.name.endsWith(".log")) return [];
    if (entry.isDirectory()) return repositoryFiles(path);
    return entry.isFile() ? [path] : [];
  });
}

export function textOf(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** One `import ... from`, `export ... from` or `import(...)` of a TypeScript file. */
export interface Import {
  readonly from: string;
  /** Path of the imported file for relative imports, else the name of the package. */
  readonly to: string;
  readonly isRelative: boolean;
  /** `import type`: nothing is loaded when the program runs. */
  readonly isTypeOnly: boolean;
}

const statement =
  /^\s*(?:import|export)\s+(type\s)?[^"';]*?from\s+"([^"]+)"|^\s*import\s+"([^"]+)"|\bimport\(\s*"([^"]+)"/gm;

export function importsOf(path: string): Import[] {
  return [...textOf(path).matchAll(statement)].map(([, type, from, bare, dynamic]) => {
    const name = from ?? bare ?? dynamic ?? "";
    const isRelative = name.startsWith(".");
    const to = isRelative ? posix.normalize(posix.join(dirname(path), name)) : name;
    return { from: path, to, isRelative, isTypeOnly: type !== undefined };
  });
}
