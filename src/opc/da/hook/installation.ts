import { existsSync } from "node:fs";
import { join, win32 } from "node:path";
import { fileURLToPath } from "node:url";
import { type Pair, pairName } from "../../../project/project.ts";
import { daPlaceOf } from "../da-place.ts";
import type { HookProgram } from "./hook-program.ts";
import type { HookChoices, HookRequest } from "./plan.ts";

/** The native programs of this installation as the hook needs them. */
export interface HookInstallation {
  /** Starts understudy-hook.exe. */
  readonly program: HookProgram;
  /** What COM starts, in the machine's own way of writing paths. */
  readonly programs: HookRequest["programs"];
}

export interface InstallationPlace {
  readonly platform: NodeJS.Platform;
  /** Folder with x64 and x86; undefined = where `npm run build:native` puts them. */
  readonly folder?: string;
  /** Elsewhere than on Windows the programs run in this Wine prefix; undefined = the user's own. */
  readonly winePrefix?: string;
}

/** Null where the native parts are not built or not installed. */
export function hookInstallation(place: InstallationPlace): HookInstallation | null {
  const folder = place.folder ?? fileURLToPath(new URL("../../../../native", import.meta.url));
  const fileOf = (bits: "x64" | "x86", name: string) => join(folder, bits, name);
  const hook = fileOf("x64", "understudy-hook.exe");
  const dll64 = fileOf("x64", "understudy-da-proxy.dll");
  const dll32 = fileOf("x86", "understudy-da-proxy.dll");
  const exe = fileOf("x64", "understudy-da-proxy.exe");
  if (![hook, dll64, exe].every((file) => existsSync(file))) return null;
  const isWindows = place.platform === "win32";
  // Wine shows the whole file system as drive Z.
  const shown = (path: string) => (isWindows ? win32.normalize(path) : `Z:${path.replaceAll("/", "\\")}`);
  const environment = { WINEDEBUG: "-all", ...process.env };
  const program: HookProgram = isWindows
    ? { command: hook, arguments: [] }
    : {
        command: "wine",
        arguments: [hook],
        environment:
          place.winePrefix === undefined ? environment : { ...environment, WINEPREFIX: place.winePrefix },
      };
  const programs = {
    dll64: shown(dll64),
    dll32: existsSync(dll32) ? shown(dll32) : null,
    exe: shown(exe),
  };
  return Object.freeze({ program, programs: Object.freeze(programs) });
}

/**
 * What to hook for a pair of the project. The server that clients had before is the one whose ProgID is the pair's
 * server; where that is only a name and the members have other ProgIDs, it is that of the preferred member on this
 * machine, else of the primary.
 */
export function hookRequestFor(
  pair: Pair,
  { programs }: HookInstallation,
  choices: HookChoices,
): HookRequest {
  const places = [pair.primary, pair.secondary].map((member) => daPlaceOf(member, pair.server));
  const isNamed = places.some(({ id }) => id.toLowerCase() === pair.server.toLowerCase());
  const local = places.find(({ machine }) => machine === "") ?? places[0];
  return {
    name: pairName(pair),
    server: pair.protocol !== "opcda" ? null : isNamed || !local ? pair.server : local.id,
    machines: places.map(({ machine }) => (machine === "" ? "localhost" : machine)),
    programs,
    ...choices,
  };
}
