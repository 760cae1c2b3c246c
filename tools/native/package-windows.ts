import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Zippable, zipSync } from "fflate";
import { windowsProject } from "./sample-project.ts";
import type { Architecture } from "./toolchain.ts";
import { windowsReadme } from "./windows-readme.ts";

/**
 * What goes to Windows of native/. The proxy/stub DLL does not: it speaks only with itself, and registering it would
 * replace that of the OPC Core Components. proxytest is for the suite alone.
 */
const programs = Object.freeze([
  "understudy-da-proxy.dll",
  "understudy-da-proxy.exe",
  "understudy-da-helper.exe",
  "understudy-hook.exe",
  "understudy-service.exe",
  "understudy-da-simulator.exe",
  "understudy-da-testclient.exe",
]);

const folders = ["dist/src", "dist/config", "config", "docs"] as const;
const files = ["package.json", "package-lock.json", "LICENSE", "CHANGELOG.md"] as const;

/** Below dist/native. */
export const packagedPrograms = (architecture: Architecture): readonly string[] =>
  programs.map((name) => `${architecture}/${name}`);

/** Architectures whose programs are all built. */
export function builtArchitectures(root: string): readonly Architecture[] {
  return (["x64", "x86"] as const).filter((architecture) =>
    packagedPrograms(architecture).every((path) => existsSync(join(root, "dist/native", path))),
  );
}

export interface WindowsPackage {
  /** Also the one folder everything is in, without `.zip`. */
  readonly fileName: string;
  readonly bytes: Uint8Array;
  readonly architectures: readonly Architecture[];
  /** Paths inside, sorted. */
  readonly paths: readonly string[];
}

/** Puts the broker and its native programs into a zip for a Windows machine. Throws where x64 is not built. */
export function packageForWindows(root: string): WindowsPackage {
  const architectures = builtArchitectures(root);
  if (!architectures.includes("x64")) {
    throw new Error("The native programs are not built; run npm run build:native first.");
  }
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  const folder = `understudy-${version}-windows`;
  const contents = new Map<string, Uint8Array>();
  const copy = (path: string): unknown => contents.set(path, readFileSync(join(root, path)));
  for (const path of [...files, ...folders.flatMap((each) => filesBelow(root, each))]) copy(path);
  for (const architecture of architectures) {
    for (const path of packagedPrograms(architecture)) copy(`dist/native/${path}`);
  }
  contents.set("redundancymaster.xml", Buffer.from(windowsProject.replaceAll("\n", "\r\n")));
  contents.set("README.txt", Buffer.from(windowsReadme(version, architectures)));
  const paths = [...contents.keys()].sort();
  const entries: Zippable = {};
  for (const path of paths) entries[`${folder}/${path}`] = contents.get(path) ?? new Uint8Array();
  return { fileName: `${folder}.zip`, bytes: zipSync(entries), architectures, paths };
}

function filesBelow(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return filesBelow(root, path);
    return entry.isFile() && !entry.name.endsWith(".tsbuildinfo") ? [path] : [];
  });
}
