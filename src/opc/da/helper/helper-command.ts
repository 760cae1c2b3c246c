import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { HelperCommand } from "./helper-process.ts";

/** Where the built helper lies beside the compiled broker; null where the native parts are not built. */
export function builtHelper(): string | null {
  const path = fileURLToPath(new URL("../../../../native/x64/understudy-da-helper.exe", import.meta.url));
  return existsSync(path) ? path : null;
}

export interface HelperCommandOptions {
  /** The helper's program file. */
  readonly executable: string;
  /** RPC_C_AUTHN_LEVEL of its calls; default packet integrity, which current Windows demands of DCOM. */
  readonly authentication?: number;
  /** Where it runs under Wine: the prefix that has the servers; undefined = the user's own. */
  readonly winePrefix?: string;
}

/** Starts the helper as it is on Windows, and under Wine elsewhere. */
export function helperCommand(options: HelperCommandOptions): HelperCommand {
  const { executable, authentication, winePrefix } = options;
  const args = authentication === undefined ? [] : ["--authentication", String(authentication)];
  if (process.platform === "win32") return { program: executable, arguments: args };
  const environment = { WINEDEBUG: "-all", ...process.env };
  return {
    program: "wine",
    arguments: [executable, ...args],
    environment: winePrefix === undefined ? environment : { ...environment, WINEPREFIX: winePrefix },
  };
}
