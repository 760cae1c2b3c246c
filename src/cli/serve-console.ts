import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { ConsoleParts } from "../console/console-context.ts";
import type { ConsoleServer } from "../console/console-server.ts";
import { isLoopback } from "../console/security/addresses.ts";
import { UnderstudyError } from "../core/error.ts";
import type { DiagnosticEvent, ReportEvent } from "../diagnostics/event.ts";
import type { ConsoleProjectSettings } from "../project/project.ts";
import { brokerContext } from "./diagnostics.ts";

const pagesFolder = fileURLToPath(new URL("../../console/", import.meta.url));

/** The console of a running broker; follows the project's settings. What keeps it from listening is an event. */
export class ServedConsole {
  readonly #parts: Omit<ConsoleParts, "pagesFolder">;
  readonly #report: ReportEvent;
  #server: ConsoleServer | null = null;
  #settings: string | null = null;

  constructor(parts: Omit<ConsoleParts, "pagesFolder">) {
    this.#parts = parts;
    this.#report = parts.report;
  }

  readonly event = (event: DiagnosticEvent): void => this.#server?.event(event);

  /** Begins, changes or ends what is served; nothing happens where the settings are the same. Never rejects. */
  async apply(settings: ConsoleProjectSettings): Promise<void> {
    const text = JSON.stringify(settings);
    if (text === this.#settings) return;
    this.#settings = text;
    await this.stop();
    if (!settings.enabled) return;
    try {
      const tls = await tlsOf(settings, this.#parts.projectFile);
      const { serveConsole } = await import("../console/console-server.ts");
      this.#server = await serveConsole(
        { ...this.#parts, pagesFolder },
        { host: settings.host, port: settings.port, tls },
      );
      this.#report({ kind: "consoleListening", url: this.#server.url }, brokerContext);
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      this.#report({ kind: "consoleFailed", detail }, brokerContext);
    }
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    await server?.close();
  }
}

/** Throws CONSOLE_TLS_NEEDED, CONSOLE_TLS_UNREADABLE. */
async function tlsOf(
  { host, certificate, key }: ConsoleProjectSettings,
  projectFile: string,
): Promise<{ readonly certificate: string; readonly key: string } | null> {
  if (certificate === null || key === null) {
    if (host === "localhost" || isLoopback(host)) return null;
    throw new UnderstudyError(
      "CONSOLE_TLS_NEEDED",
      `The console is to listen at ${host}, beyond this machine: that needs certificate and key, so that passwords do not travel in the clear`,
    );
  }
  const read = (path: string): Promise<string> => readFile(resolve(dirname(projectFile), path), "utf8");
  try {
    return { certificate: await read(certificate), key: await read(key) };
  } catch (error) {
    throw new UnderstudyError(
      "CONSOLE_TLS_UNREADABLE",
      `Certificate or key of the console cannot be read: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
