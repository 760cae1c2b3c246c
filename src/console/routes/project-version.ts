import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";

/** Names the content of the project file: two saves on the same version cannot both succeed. */
export async function projectVersionOf(projectFile: string): Promise<string> {
  const bytes = await readFile(projectFile).catch(() => Buffer.alloc(0));
  return versionOfText(bytes);
}

export function versionOfText(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex").slice(0, 16);
}
