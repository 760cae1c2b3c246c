import { open, rename } from "node:fs/promises";

/** Writes a file so that a kill at any moment leaves either the old or the whole new one. */
export async function writeDurably(file: string, text: string, mode: number): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`;
  const handle = await open(temporary, "w", mode);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
}
