import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** Writes files below a folder; a null removes one. */
export function writeTree(folder: string, files: Readonly<Record<string, string | Buffer | null>>): void {
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, path);
    if (content === null) {
      rmSync(file);
    } else {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
    }
  }
}

/** The files below a folder with their contents, without what Understudy keeps there for itself. */
export function readTree(folder: string, below = ""): Record<string, string> {
  const tree: Record<string, string> = {};
  for (const name of readdirSync(join(folder, below)).sort()) {
    const path = join(below, name);
    if (name === ".understudy") continue;
    if (statSync(join(folder, path)).isDirectory()) Object.assign(tree, readTree(folder, path));
    else tree[path] = readFileSync(join(folder, path), "utf8");
  }
  return tree;
}
