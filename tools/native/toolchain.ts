import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

export type Architecture = "x64" | "x86";

/** The compilers for one architecture. */
export interface Toolchain {
  readonly architecture: Architecture;
  readonly cxx: string;
  readonly cc: string;
  readonly widl: string;
  readonly widlBits: "--win64" | "--win32";
  /** Folder with oaidl.idl and what it imports. */
  readonly idlFolder: string;
}

/** The variant with POSIX threads, if it is there: std::thread needs it. */
const names = {
  x64: { prefix: "x86_64-w64-mingw32", packageName: "g++-mingw-w64-x86-64", widlBits: "--win64" },
  x86: { prefix: "i686-w64-mingw32", packageName: "g++-mingw-w64-i686", widlBits: "--win32" },
} as const;

const idlFolders = [
  "/usr/include/wine/wine/windows",
  "/usr/include/wine/windows",
  "/usr/include/wine-development",
];

export interface Missing {
  /** What is not there, in words. */
  readonly what: string;
  /** The Debian package that has it. */
  readonly packageName: string;
}

function find(program: string): string | null {
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path)) ?? null;
}

/** A toolchain, or what has to be installed for it. `UNDERSTUDY_IDL_PATH` names another folder with oaidl.idl. */
export function findToolchain(architecture: Architecture): Toolchain | readonly Missing[] {
  const { prefix, packageName, widlBits } = names[architecture];
  const missing: Missing[] = [];
  const cxx = find(`${prefix}-g++-posix`);
  const cc = find(`${prefix}-gcc-posix`);
  if (!cxx || !cc) missing.push({ what: `the compiler ${prefix}-g++-posix`, packageName });
  const widl = find("x86_64-w64-mingw32-widl") ?? find("widl");
  if (!widl) missing.push({ what: "the IDL compiler widl", packageName: "mingw-w64-tools" });
  const candidates = [process.env["UNDERSTUDY_IDL_PATH"] ?? "", ...idlFolders];
  const idlFolder = candidates.find((folder) => folder !== "" && existsSync(join(folder, "oaidl.idl")));
  if (!idlFolder) missing.push({ what: "oaidl.idl, which the IDL files import", packageName: "libwine-dev" });
  if (!cxx || !cc || !widl || !idlFolder) return missing;
  return { architecture, cxx, cc, widl, widlBits, idlFolder };
}

/** What to tell a person whose machine lacks something. */
export function adviceOn(missing: readonly Missing[]): string {
  const packages = [...new Set(missing.map(({ packageName }) => packageName))].join(" ");
  const lines = missing.map(({ what, packageName }) => `  ${what} (package ${packageName})`);
  return [
    "The native parts cannot be built here; this is missing:",
    ...lines,
    `On Debian: apt-get install ${packages}`,
    "Without installing libwine-dev: apt-get download libwine-dev && dpkg -x libwine-dev_*.deb FOLDER,",
    "then set UNDERSTUDY_IDL_PATH=FOLDER/usr/include/wine/wine/windows",
  ].join("\n");
}
