import { readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { UnderstudyError } from "../core/error.ts";

const maximumSecretBytes = 64 * 1024;

export interface SecretContext {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The project file: a relative `file:PATH` is relative to its directory. */
  readonly projectFile: string;
}

/**
 * The secret a project refers to: `env:NAME` (environment variable) or `file:PATH` (content of the file
 * without its last line end). Throws UnderstudyError `SECRET_REFERENCE_INVALID`, `SECRET_NOT_FOUND` or
 * `SECRET_UNREADABLE`; no message holds the secret, nor a reference that may be one.
 */
export async function resolveSecret(reference: string, context: SecretContext): Promise<string> {
  const variable = /^env:([A-Za-z_][A-Za-z0-9_]*)$/.exec(reference)?.[1];
  if (variable !== undefined) {
    const secret = context.environment[variable];
    if (typeof secret === "string" && secret !== "") return secret;
    const message = `environment variable ${variable} holds no secret; set it before the broker starts`;
    throw new UnderstudyError("SECRET_NOT_FOUND", message);
  }
  const path = /^file:([^\p{Cc}]+)$/u.exec(reference)?.[1];
  if (path !== undefined) return readSecret(resolve(dirname(context.projectFile), path));
  throw new UnderstudyError(
    "SECRET_REFERENCE_INVALID",
    "a secret must be given as env:NAME or file:PATH (the value found is not shown)",
  );
}

async function readSecret(file: string): Promise<string> {
  let text: string;
  try {
    const stats = await stat(file);
    if (!stats.isFile() || stats.size > maximumSecretBytes) {
      const message = `${file}: expected a regular file of at most ${maximumSecretBytes} bytes that holds the secret`;
      throw new UnderstudyError("SECRET_UNREADABLE", message);
    }
    text = await readFile(file, "utf8");
  } catch (cause) {
    if (cause instanceof UnderstudyError) throw cause;
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    const reason = missing ? "does not exist" : "cannot be read by the user the broker runs as";
    const code = missing ? "SECRET_NOT_FOUND" : "SECRET_UNREADABLE";
    throw new UnderstudyError(code, `${file}: the file with the secret ${reason}`, { cause });
  }
  const secret = text.replace(/\r?\n$/, "");
  if (secret !== "") return secret;
  throw new UnderstudyError("SECRET_NOT_FOUND", `${file}: the file with the secret is empty`);
}
