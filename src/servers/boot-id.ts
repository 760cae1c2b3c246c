import { readFile } from "node:fs/promises";

/** Names this run of the operating system (Linux); null where it has no name for it. */
export async function bootId(): Promise<string | null> {
  const text = await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => "");
  const id = text.trim();
  return id === "" ? null : id;
}
