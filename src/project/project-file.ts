import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { writeFileAtomically } from "./atomic-file.ts";
import { maximumProjectBytes, nowhere, tooLarge } from "./parse-project.ts";
import { ProjectDocument } from "./project-document.ts";
import { ProjectError, type ProjectErrorCode } from "./project-error.ts";

/**
 * Reads and checks a project file. Throws ProjectError: `PROJECT_NOT_FOUND`, `PROJECT_UNREADABLE`,
 * `PROJECT_TOO_LARGE`, `PROJECT_ENCODING_INVALID`, or what is wrong in the text.
 */
export async function readProject(file: string): Promise<ProjectDocument> {
  return parseProjectBytes(await readLimited(file), file);
}

/** Checks the bytes of a project file. Throws ProjectError. */
export function parseProjectBytes(bytes: Uint8Array, file: string): ProjectDocument {
  return new ProjectDocument(decode(bytes, file), file);
}

/**
 * Replaces the file by the document's text in one step; its mode stays, and so do the bytes where nothing was
 * changed. Throws ProjectError `PROJECT_UNWRITABLE`; the file is then as it was.
 */
export async function saveProject(document: ProjectDocument, file: string): Promise<void> {
  try {
    await writeFileAtomically(file, document.toString());
  } catch (error) {
    const expected = "a file in a directory that can be written to";
    throw fileError("PROJECT_UNWRITABLE", file, errorText(error), expected, error);
  }
}

async function readLimited(file: string): Promise<Uint8Array> {
  let handle: FileHandle;
  try {
    // Without O_NONBLOCK a named pipe in the file's place would keep this waiting for a writer.
    handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      throw fileError(
        "PROJECT_NOT_FOUND",
        file,
        "no file",
        "a project file; name another with --project",
        error,
      );
    }
    throw fileError("PROJECT_UNREADABLE", file, errorText(error), "a file that can be read", error);
  }
  try {
    const { size } = await statFile(handle, file);
    if (size > maximumProjectBytes) throw tooLarge(file, size);
    const buffer = Buffer.alloc(maximumProjectBytes + 1);
    let length = 0;
    for (;;) {
      const { bytesRead } = await handle.read(buffer, length, buffer.length - length, null);
      if (bytesRead === 0) return buffer.subarray(0, length);
      length += bytesRead;
      if (length > maximumProjectBytes) throw tooLarge(file, length);
    }
  } catch (error) {
    if (error instanceof ProjectError) throw error;
    throw fileError("PROJECT_UNREADABLE", file, errorText(error), "a file that can be read", error);
  } finally {
    await handle.close();
  }
}

async function statFile(handle: FileHandle, file: string): Promise<{ readonly size: number }> {
  const stats = await handle.stat();
  if (!stats.isFile()) throw fileError("PROJECT_UNREADABLE", file, "no regular file", "a project file");
  return stats;
}

function decode(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    const wide = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
    const found = wide ? "UTF-16" : "bytes that are no UTF-8";
    throw fileError("PROJECT_ENCODING_INVALID", file, found, "a file in UTF-8", error);
  }
}

function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function fileError(
  code: ProjectErrorCode,
  file: string,
  found: string,
  expected: string,
  cause?: unknown,
): ProjectError {
  return new ProjectError(file, { ...nowhere, code, found, expected }, [], { cause });
}
