import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import type { HelperStarter } from "../upstream/helper.ts";
import { builtHelper, helperCommand } from "./helper-command.ts";
import { HelperProcesses } from "./helper-process.ts";

/** What starts helper processes on this machine; null where the native parts, or Wine to run them, are missing. */
export function availableHelper(): HelperStarter | null {
  const executable = builtHelper();
  if (executable === null) return null;
  if (process.platform !== "win32" && !isOnPath("wine")) return null;
  const winePrefix = process.env["UNDERSTUDY_DA_WINE_PREFIX"];
  const place = winePrefix === undefined ? { executable } : { executable, winePrefix };
  return new HelperProcesses({ command: helperCommand(place) });
}

function isOnPath(program: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
