import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { answer, type CliContext, globalOptions } from "./command.ts";

export function versionCommand({ terminal }: CliContext): Command {
  return new Command("version")
    .summary("print the version")
    .description("Prints the version of Understudy and of Node.js.")
    .action(async (_own: object, command: Command) => {
      const options = globalOptions(command, terminal);
      const versions = { understudy: productVersion(), node: process.versions.node };
      await answer(terminal, { ...options, quiet: false }, versions, () => {
        return `understudy ${versions.understudy} (Node.js ${versions.node})\n`;
      });
    });
}

/** The version in the package's own package.json, wherever the compiled files lie below it. */
export function productVersion(): string {
  for (let directory = dirname(fileURLToPath(import.meta.url)); ; directory = dirname(directory)) {
    try {
      const manifest = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as {
        name?: unknown;
        version?: unknown;
      };
      if (manifest.name === "understudy" && typeof manifest.version === "string") return manifest.version;
    } catch {
      // No package.json here; the next directory up may have it.
    }
    if (directory === dirname(directory)) return "unknown";
  }
}
