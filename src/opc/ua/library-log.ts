import { format, stripVTControlCharacters } from "node:util";
import { setErrorLogger, setWarningLogger } from "node-opcua-debug";
import { skipLibrarySelfTest } from "./library-self-test.ts";

/** Where the lines go that node-opcua would write to the console. Must not throw. */
export type LibraryLogSink = (severity: "warning" | "error", message: string) => void;

/** Node's refusal of RSA PKCS#1 v1.5, which concerns a security policy that Understudy does not offer. */
const irrelevant = /NODE-OPCUA-W27|CVE-2023-46809/;

/**
 * Sends node-opcua's warnings and errors to a function instead of the console.
 *
 * node-opcua warns while it is being loaded ("NODE-OPCUA-W27 ..."): call this first and load everything
 * that imports node-opcua afterwards (`await import(...)`). This module itself loads only node-opcua-debug.
 */
export function redirectLibraryLog(sink: LibraryLogSink): void {
  skipLibrarySelfTest();
  setWarningLogger((_context, ...parts) => {
    const line = oneLine(parts);
    if (!irrelevant.test(line)) sink("warning", line);
  });
  setErrorLogger((_context, ...parts) => sink("error", oneLine(parts)));
}

function oneLine(parts: readonly unknown[]): string {
  return stripVTControlCharacters(format(...parts))
    .replace(/\s+/g, " ")
    .trim();
}
